/**
 * The template of leaves that step-ca has built in. It is executed only where a provisioner's templateData has a Subject
 * or SANs of its own; all other leaves are the same without (certificate-json/certificate.ts).
 */
export const defaultLeafTemplate = `{
  "subject": {{ toJson .Subject }},
  "sans": {{ toJson .SANs }},
{{- if typeIs "*rsa.PublicKey" .Insecure.CR.PublicKey }}
  "keyUsage": ["keyEncipherment", "digitalSignature"],
{{- else }}
  "keyUsage": ["digitalSignature"],
{{- end }}
  "extKeyUsage": ["serverAuth", "clientAuth"]
}`;
