{{/*
Image references. Arguments: root, image (a values group), name (ours), upstream (whether upstream's image can serve).

Upstream's images cannot take the place of ours, except the injected ones in token mode `secret`; a values file that
spells upstream's defaults out still has to install. So a repository `…/smallstep/<upstream name>` is read as ours, and
its tag and digest, which are those of upstream's releases, are left out.
*/}}
{{- define "autocert.image" -}}
{{- $repository := .image.repository -}}
{{- $tag := .image.tag -}}
{{- $digest := .image.digest -}}
{{- $upstreamName := "(^|/)smallstep/(autocert-(controller|bootstrapper|renewer)|step-ca)$" -}}
{{- if and (not .upstream) (regexMatch $upstreamName $repository) -}}
{{- $repository = .name -}}
{{- $tag = "" -}}
{{- $digest = "" -}}
{{- end -}}
{{- $first := regexFind "^[^/]+/" $repository -}}
{{- if and .root.Values.image.registry (not (regexMatch "[.:]|^localhost/" $first)) -}}
{{- $repository = printf "%s/%s" (trimSuffix "/" .root.Values.image.registry) $repository -}}
{{- end -}}
{{- if $digest -}}
{{- printf "%s@%s" $repository $digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (default .root.Chart.AppVersion $tag) -}}
{{- end -}}
{{- end -}}

{{- define "autocert.controllerImage" -}}
{{- $image := dict "root" . "image" .Values.autocert.image "name" "autocert-controller" "upstream" false -}}
{{- include "autocert.image" $image -}}
{{- end -}}

{{- define "autocert.pullSecrets" -}}
{{- with .Values.image.pullSecrets -}}
imagePullSecrets:
{{- range . }}
  - name: {{ . | quote }}
{{- end }}
{{- end }}
{{- end -}}
