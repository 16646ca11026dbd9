{{/*
Values that are well formed but cannot work together, or that ask for what is not there. Each message says what to set
instead. Included once, by the webhook's Deployment.
*/}}
{{- define "autocert.refuse" -}}
{{- $ca := index .Values "step-certificates" -}}
{{- if $ca.enabled -}}
  {{- include "autocert.refuse.ownCa" . -}}
{{- else -}}
  {{- include "autocert.refuse.existingCa" . -}}
{{- end -}}
{{- if and .Values.webhook.caBundle (not (contains "-----BEGIN CERTIFICATE-----" .Values.webhook.caBundle)) -}}
  {{- fail (print "webhook.caBundle: no PEM certificate; "
      "leave it empty and the webhook keeps the field right by itself") -}}
{{- end -}}
{{- if eq (int .Values.service.targetPort) (int .Values.service.bootstrapPort) -}}
  {{- fail (print "service.bootstrapPort: is service.targetPort too; the two listeners need a port each") -}}
{{- end -}}
{{- $budget := .Values.podDisruptionBudget -}}
{{- if and $budget.enabled (gt (int .Values.replicaCount) 1) (not (kindIs "string" $budget.minAvailable)) -}}
  {{- if ge (int $budget.minAvailable) (int .Values.replicaCount) -}}
    {{- fail (printf "podDisruptionBudget.minAvailable: %d of %d replicas would block every drain; set it lower"
        (int $budget.minAvailable) (int .Values.replicaCount)) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{- define "autocert.refuse.existingCa" -}}
{{- $root := default "" (index .Values.ca.certs "root_ca.crt") -}}
{{- if not (or .Values.ca.existingCertsConfigMap (contains "-----BEGIN CERTIFICATE-----" $root)) -}}
  {{- fail (print "ca.certs.root_ca.crt: no certificate there; set it to the root of your CA (step ca root), "
      "name a ConfigMap in ca.existingCertsConfigMap, or set step-certificates.enabled=true") -}}
{{- end -}}
{{- if not (or .Values.ca.provisioner.password .Values.ca.provisioner.existingSecret) -}}
  {{- fail (print "ca.provisioner: no password; name a Secret with key `password` in ca.provisioner.existingSecret, "
      "or set ca.provisioner.password") -}}
{{- end -}}
{{- end -}}

{{- define "autocert.refuse.ownCa" -}}
{{- $ca := index .Values "step-certificates" -}}
{{- if .Values.ca.provisioner.existingSecret -}}
  {{- fail (print "ca.provisioner.existingSecret: is for an existing CA; "
      "with step-certificates.enabled=true the webhook's provisioner is made for it") -}}
{{- end -}}
{{- if ne (regexFind "[0-9]+$" $ca.ca.address) (print (int $ca.service.targetPort)) -}}
  {{- fail (printf "step-certificates.ca.address: %s is not service.targetPort %d, where the CA is looked for"
      $ca.ca.address (int $ca.service.targetPort)) -}}
{{- end -}}
{{- range $path, $set := dict
    "step-certificates.ca.kms.type" (dig "ca" "kms" "type" "" $ca)
    "step-certificates.ca.ssh.enabled" (dig "ca" "ssh" "enabled" false $ca)
    "step-certificates.ca.bootstrap.postInitHook" (dig "ca" "bootstrap" "postInitHook" "" $ca)
    "step-certificates.existingSecrets.configAsSecret" (dig "existingSecrets" "configAsSecret" false $ca)
    "step-certificates.existingSecrets.certsAsSecret" (dig "existingSecrets" "certsAsSecret" false $ca)
    "step-certificates.linkedca.token" (dig "linkedca" "token" "" $ca) -}}
  {{- if $set -}}
    {{- fail (printf "%s: not supported by this CA; unset it, %s" $path
        "or run step-ca beside this chart and set step-certificates.enabled=false") -}}
  {{- end -}}
{{- end -}}
{{- end -}}
