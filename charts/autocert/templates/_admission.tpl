{{/* What the webhook and the admission policies have in common: which pods are meant, and what failing means. */}}

{{/* ValidatingAdmissionPolicy is in every cluster from 1.30 on. */}}
{{- define "autocert.policy.enabled" -}}
{{- if and .Values.admissionPolicy.enabled (semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version) -}}
true
{{- end -}}
{{- end -}}

{{- define "autocert.failurePolicy" -}}
{{- if .Values.webhook.failurePolicy -}}
{{- .Values.webhook.failurePolicy -}}
{{- else if and (include "autocert.policy.enabled" .) (has "Deny" .Values.admissionPolicy.uninjectedActions) -}}
Ignore
{{- else -}}
Fail
{{- end -}}
{{- end -}}

{{- define "autocert.namespaceSelector" -}}
matchLabels:
  {{ .Values.autocert.label }}: enabled
matchExpressions:
  - key: kubernetes.io/metadata.name
    operator: NotIn
    values: {{ append .Values.webhook.excludedNamespaces .Release.Namespace | uniq | toJson }}
{{- with .Values.webhook.namespaceSelectorExpressions }}
{{ toYaml . | indent 2 }}
{{- end }}
{{- end -}}

{{/* CEL, without optional types: Kubernetes 1.28 does not know them here. */}}
{{- define "autocert.matchConditions" -}}
- name: wants-a-certificate
  expression: >-
    has(object.metadata.annotations) && 'autocert.step.sm/name' in object.metadata.annotations &&
    object.metadata.annotations['autocert.step.sm/name'] != ''
- name: is-no-mirror-pod
  expression: >-
    !has(object.metadata.annotations) || !('kubernetes.io/config.mirror' in object.metadata.annotations)
{{- with .Values.webhook.matchConditions }}
{{ toYaml . }}
{{- end }}
{{- end -}}
