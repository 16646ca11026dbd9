/** Options that several commands share, worded once. Names and meanings are step's. */
import type { OptionDefinition } from '../command.ts';

const timeOrDuration = 'A time (RFC 3339) or a duration from now, such as 5m or 24h.';

export const option = {
  caUrl: { name: 'ca-url', value: 'URL', description: 'Address of the CA, such as https://ca.example:9000.' },
  root: {
    name: 'root',
    value: 'file',
    description: 'Root certificate that the CA is checked against. Without it, $STEPPATH/certs/root_ca.crt.',
  },
  fingerprint: { name: 'fingerprint', value: 'hex', description: 'SHA-256 fingerprint of the root certificate.' },
  context: { name: 'context', value: 'name', description: 'Use the settings of this context of step.' },
  force: { name: 'force', aliases: ['f'], description: 'Overwrite files without asking.' },
  provisioner: {
    name: 'provisioner',
    aliases: ['issuer'],
    value: 'name',
    description: 'Provisioner that vouches for the request. Asked for when there are several.',
  },
  kid: { name: 'kid', value: 'id', description: 'Key id of the provisioner, where names are not enough.' },
  provisionerPasswordFile: {
    name: 'provisioner-password-file',
    value: 'file',
    description: "File with the password of the provisioner's key. Asked for when missing.",
  },
  passwordFile: { name: 'password-file', value: 'file', description: 'File with the password of a private key.' },
  token: { name: 'token', value: 'token', description: 'One-time token that somebody made with "autocert ca token".' },
  san: {
    name: 'san',
    value: 'name',
    repeated: true,
    description: 'DNS name, IP address, email address or URI of the certificate. Without it, the subject.',
  },
  notBefore: {
    name: 'not-before',
    value: 'time',
    description: `When the certificate begins to be valid. ${timeOrDuration}`,
  },
  notAfter: { name: 'not-after', value: 'time', description: `When the certificate ends. ${timeOrDuration}` },
  set: { name: 'set', value: 'key=value', repeated: true, description: 'Value for the certificate template.' },
  setFile: { name: 'set-file', value: 'file', description: 'JSON file with values for the certificate template.' },
  kty: {
    name: 'kty',
    value: 'type',
    choices: ['EC', 'OKP', 'RSA'],
    default: 'EC',
    description: 'Type of the new key.',
  },
  curve: {
    name: 'curve',
    aliases: ['crv'],
    value: 'curve',
    choices: ['P-256', 'P-384', 'P-521', 'Ed25519'],
    description: 'Curve of the new key: P-256 for EC unless said, Ed25519 for OKP.',
  },
  size: { name: 'size', value: 'bits', description: 'Size of a new RSA key: 2048 unless said, 3072 or 4096.' },
  roots: {
    name: 'roots',
    value: 'files',
    description: 'Root certificates: a file, a folder, or several separated by commas.',
  },
  serverName: { name: 'servername', value: 'name', description: 'Name to ask the server for (SNI).' },
} as const satisfies Record<string, OptionDefinition>;

/** What a command needs to reach a CA. */
export const connectionOptions: readonly OptionDefinition[] = [option.caUrl, option.root, option.context];

/** Ways of step to prove who asks that belong to provisioner types not supported yet. */
export const foreignCredentials: readonly string[] = [
  'acme',
  'attestation-ca-insecure',
  'attestation-ca-root',
  'attestation-ca-url',
  'attestation-uri',
  'ca-config',
  'console',
  'contact',
  'http-listen',
  'k8ssa-token-path',
  'kms',
  'nebula-cert',
  'nebula-key',
  'offline',
  'sshpop-cert',
  'sshpop-key',
  'standalone',
  'tpm-storage-directory',
  'webroot',
  'x5c-cert',
  'x5c-chain',
  'x5c-insecure',
  'x5c-key',
];
