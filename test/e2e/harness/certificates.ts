/** Certificates in pods, looked at by the openssl that is in the pod. */

import { folder } from './pods.ts';
import type { Scenario } from './scenario.ts';

export type SeenCertificate = {
  readonly subject: string;
  /** As openssl prints them: `DNS:a, IP Address:10.0.0.1`. */
  readonly sans: string;
  readonly serial: string;
  readonly lifeSeconds: number;
  /** SHA-256 of the public key. */
  readonly keyDigest: string;
};

/**
 * Reads the certificate of a pod, after openssl in the pod has verified the chain and that the key is the certificate's.
 */
export async function inspectCertificate(scenario: Scenario, pod: string, container = 'app'): Promise<SeenCertificate> {
  const script = [
    'set -e',
    `cd ${folder}`,
    'openssl verify -CAfile root.crt -untrusted site.crt site.crt >/dev/null',
    'key=$(openssl pkey -in site.key -pubout -outform DER | sha256sum | cut -d" " -f1)',
    'own=$(openssl x509 -in site.crt -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum | cut -d" " -f1)',
    '[ "$key" = "$own" ] || { echo "the key is not the one of the certificate" >&2; exit 1; }',
    'openssl x509 -in site.crt -noout -subject -serial -startdate -enddate -nameopt RFC2253 -ext subjectAltName',
    'echo "key=$key"',
  ].join('\n');
  const output = await scenario.exec(pod, container, script);
  const field = (pattern: RegExp): string => pattern.exec(output)?.[1]?.trim() ?? '';
  const time = (name: string): number => Date.parse(field(new RegExp(`${name}=(.*)`)));
  return {
    subject: field(/subject=(.*)/),
    sans: field(/Subject Alternative Name:[^\n]*\n(.*)/),
    serial: field(/serial=(.*)/),
    lifeSeconds: (time('notAfter') - time('notBefore')) / 1000,
    keyDigest: field(/key=([0-9a-f]{64})/),
  };
}
