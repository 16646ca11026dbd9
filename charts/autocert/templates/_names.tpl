{{/*
Names and labels. Those of upstream's chart are kept (objects, selectors, volume claims), so that a release of it can be
upgraded to this chart: selectors and claim templates cannot change.
*/}}

{{- define "autocert.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "autocert.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "autocert.chart" -}}
{{- printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "autocert.selector" -}}
app.kubernetes.io/name: {{ include "autocert.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "autocert.commonLabels" -}}
helm.sh/chart: {{ include "autocert.chart" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: autocert
{{- end -}}

{{- define "autocert.labels" -}}
{{ include "autocert.selector" . }}
{{ include "autocert.commonLabels" . }}
{{- end -}}

{{- define "autocert.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "autocert.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "autocert.configName" -}}
{{- printf "%s-autocert-config" .Release.Name -}}
{{- end -}}

{{- define "autocert.webhookConfigurationName" -}}
{{- printf "%s-autocert-webhook-config" .Release.Name -}}
{{- end -}}

{{/* Where injected containers ask for their token; the name in the webhook's own certificate. */}}
{{- define "autocert.bootstrapUrl" -}}
{{- $host := printf "%s.%s.svc" (include "autocert.fullname" .) .Release.Namespace -}}
{{- printf "https://%s:%d/v1/bootstrap" $host (int .Values.service.bootstrapPort) -}}
{{- end -}}

{{/* ---- the CA ---- */}}

{{- define "autocert.ca.enabled" -}}
{{- if (index .Values "step-certificates").enabled -}}true{{- end -}}
{{- end -}}

{{- define "autocert.ca.name" -}}
{{- default "step-certificates" (index .Values "step-certificates").nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "autocert.ca.fullname" -}}
{{- $ca := index .Values "step-certificates" -}}
{{- if $ca.fullnameOverride -}}
{{- $ca.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "autocert.ca.name" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "autocert.ca.selector" -}}
app.kubernetes.io/name: {{ include "autocert.ca.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "autocert.ca.labels" -}}
{{ include "autocert.ca.selector" . }}
{{ include "autocert.commonLabels" . }}
{{- end -}}

{{- define "autocert.ca.serviceAccountName" -}}
{{- $account := (index .Values "step-certificates").serviceaccount -}}
{{- if $account.create -}}
{{- default (include "autocert.ca.fullname" .) $account.name -}}
{{- else -}}
{{- default "default" $account.name -}}
{{- end -}}
{{- end -}}

{{- define "autocert.ca.url" -}}
{{- if .Values.ca.url -}}
{{- .Values.ca.url -}}
{{- else -}}
{{- $ca := index .Values "step-certificates" -}}
{{- $host := printf "%s.%s.svc" (include "autocert.ca.fullname" .) .Release.Namespace -}}
{{- $port := ternary "" (printf ":%d" (int $ca.service.port)) (eq (int $ca.service.port) 443) -}}
{{- printf "https://%s.%s%s" $host .Values.autocert.clusterDomain $port -}}
{{- end -}}
{{- end -}}

{{- define "autocert.ca.dns" -}}
{{- $service := printf "%s.%s.svc" (include "autocert.ca.fullname" .) .Release.Namespace -}}
{{- $names := printf "%s.%s,%s,127.0.0.1" $service .Values.autocert.clusterDomain $service -}}
{{- default $names (index .Values "step-certificates").ca.dns -}}
{{- end -}}

{{/*
The webhook's provisioner. In a CA that starts here: one of its own, so that people and webhook share no password. In a
PKI that was brought along, or an existing CA: the one upstream would take.
*/}}
{{- define "autocert.provisioner.name" -}}
{{- $ca := index .Values "step-certificates" -}}
{{- if .Values.ca.provisioner.name -}}
{{- .Values.ca.provisioner.name -}}
{{- else if not $ca.enabled -}}
admin
{{- else if or $ca.inject.enabled $ca.existingSecrets.enabled -}}
{{- $ca.ca.provisioner.name -}}
{{- else -}}
autocert
{{- end -}}
{{- end -}}

{{/* Secret with that provisioner's password, key `password`. */}}
{{- define "autocert.provisioner.secret" -}}
{{- $ca := index .Values "step-certificates" -}}
{{- if .Values.ca.provisioner.existingSecret -}}
{{- .Values.ca.provisioner.existingSecret -}}
{{- else if and $ca.enabled (eq (include "autocert.provisioner.name" .) $ca.ca.provisioner.name) -}}
{{- printf "%s-provisioner-password" (include "autocert.ca.fullname" .) -}}
{{- else -}}
{{- printf "%s-webhook-password" (include "autocert.ca.fullname" .) -}}
{{- end -}}
{{- end -}}

{{/* ConfigMap with `root_ca.crt`. */}}
{{- define "autocert.certs.configMap" -}}
{{- if and (not (include "autocert.ca.enabled" .)) .Values.ca.existingCertsConfigMap -}}
{{- .Values.ca.existingCertsConfigMap -}}
{{- else -}}
{{- printf "%s-certs" (include "autocert.ca.fullname" .) -}}
{{- end -}}
{{- end -}}
