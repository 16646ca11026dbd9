{{/*
Values that are well formed but cannot work together, or that ask for what is not there. Each message says what to set
instead. Included once, by the webhook's Deployment.
*/}}
{{- define "autocert.refuse" -}}
{{- $ca := index .Values "step-certificates" -}}
{{- if not $ca.enabled -}}
  {{- if and (not .Values.ca.existingCertsConfigMap) (not (contains "-----BEGIN CERTIFICATE-----" (default "" (index .Values.ca.certs "root_ca.crt")))) -}}
    {{- fail "ca.certs.root_ca.crt: no certificate there; set it to the root of your CA (step ca root), name a ConfigMap in ca.existingCertsConfigMap, or set step-certificates.enabled=true" -}}
  {{- end -}}
  {{- if and (not .Values.ca.provisioner.password) (not .Values.ca.provisioner.existingSecret) -}}
    {{- fail "ca.provisioner: no password; name a Secret with key `password` in ca.provisioner.existingSecret, or set ca.provisioner.password" -}}
  {{- end -}}
{{- else -}}
  {{- if .Values.ca.provisioner.existingSecret -}}
    {{- fail "ca.provisioner.existingSecret: is for an existing CA; with step-certificates.enabled=true the webhook's provisioner is made for it" -}}
  {{- end -}}
  {{- range $path, $set := dict
      "step-certificates.ca.kms.type" (dig "ca" "kms" "type" "" $ca)
      "step-certificates.ca.ssh.enabled" (dig "ca" "ssh" "enabled" false $ca)
      "step-certificates.ca.bootstrap.postInitHook" (dig "ca" "bootstrap" "postInitHook" "" $ca)
      "step-certificates.existingSecrets.configAsSecret" (dig "existingSecrets" "configAsSecret" false $ca)
      "step-certificates.existingSecrets.certsAsSecret" (dig "existingSecrets" "certsAsSecret" false $ca)
      "step-certificates.linkedca.token" (dig "linkedca" "token" "" $ca) -}}
    {{- if $set -}}
      {{- fail (printf "%s: not supported by this CA; unset it, or run step-ca beside this chart and set step-certificates.enabled=false" $path) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- if and .Values.webhook.caBundle (not (contains "-----BEGIN CERTIFICATE-----" .Values.webhook.caBundle)) -}}
  {{- fail "webhook.caBundle: no PEM certificate; leave it empty and the webhook keeps the field right by itself" -}}
{{- end -}}
{{- end -}}
