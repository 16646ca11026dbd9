/** What `step ca init` writes into ca.json and defaults.json: the same members, in the same order. */
import { isIPv6 } from 'node:net';
import { encryptProvisionerKey, generateProvisionerKey } from '../../lib/jwk-provisioner/index.ts';
import type { Layout } from './files.ts';

export type CaJsonRequest = {
  readonly layout: Layout;
  readonly dnsNames: readonly string[];
  readonly address: string;
  /** Name of the first provisioner; its key is made here. */
  readonly provisioner: string;
  readonly provisionerPassword: string;
  readonly database: boolean;
  readonly acme: boolean;
};

export async function buildCaJson(request: CaJsonRequest): Promise<object> {
  const { layout } = request;
  const key = await generateProvisionerKey();
  const encryptedKey = await encryptProvisionerKey(key, request.provisionerPassword);
  return {
    root: layout.rootCertificate,
    federatedRoots: null,
    crt: layout.intermediateCertificate,
    key: layout.intermediateKey,
    address: request.address,
    insecureAddress: '',
    dnsNames: request.dnsNames,
    logger: { format: 'text' },
    // step's own type, so that step-ca starts on this file; this server keeps its file inside that folder
    ...(request.database ? { db: { type: 'badgerv2', dataSource: layout.database, badgerFileLoadingMode: '' } } : {}),
    authority: {
      provisioners: [
        { type: 'JWK', name: request.provisioner, key: key.publicJwk, encryptedKey },
        ...(request.acme ? [{ type: 'ACME', name: 'acme' }] : []),
      ],
    },
    tls: {
      cipherSuites: ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'],
      minVersion: 1.2,
      maxVersion: 1.3,
      renegotiation: false,
    },
  };
}

export const buildDefaults = (layout: Layout, rootFingerprint: string, caUrl: string): object => ({
  'ca-url': caUrl,
  'ca-config': layout.config,
  fingerprint: rootFingerprint,
  root: layout.rootCertificate,
});

/** First name and port of the address, the port left out when it is 443. */
export function caUrlOf({ dnsNames, address }: { dnsNames: readonly string[]; address: string }): string {
  const name = dnsNames[0] ?? 'localhost';
  const port = address.slice(address.lastIndexOf(':') + 1);
  return `https://${isIPv6(name) ? `[${name}]` : name}${port === '443' ? '' : `:${port}`}`;
}
