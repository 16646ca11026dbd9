/** The certificate of a service with its key, and the request for the next one. Pure apart from making the key. */
import type { KeyObject } from 'node:crypto';
import { encodePrivateKeyPem, generatePrivateKey, isSamePublicKey } from '../../crypto/index.ts';
import { encodePem } from '../../encoding/index.ts';
import { buildCertificateRequest, type Certificate, parseCertificateChainPem } from '../../x509/index.ts';
import { certificateUnusable } from './errors.ts';

export type Credential = {
  readonly leaf: Certificate;
  /** Sent after the leaf. */
  readonly intermediates: readonly Certificate[];
  /** Leaf, then intermediates. */
  readonly chainPem: string;
  /** A secret. */
  readonly keyPem: string;
};

export type KeyAndRequest = { readonly key: KeyObject; readonly csrPem: string };

/** A new key, and a CSR for it with these names; none for a rekey, where the CA keeps the names. */
export async function makeRequest(commonName: string, sans: readonly string[]): Promise<KeyAndRequest> {
  const key = await generatePrivateKey();
  return { key, csrPem: encodePem('CERTIFICATE REQUEST', buildCertificateRequest({ commonName, sans, key })) };
}

/** @throws {AppError} ERR_SDK_CERTIFICATE (unavailable) when the leaf is not for this key or cannot be read */
export function openCredential(chain: readonly string[], key: KeyObject): Credential {
  const chainPem = chain.join('');
  let certificates: Certificate[];
  try {
    certificates = parseCertificateChainPem(chainPem);
  } catch (error) {
    throw certificateUnusable(error);
  }
  const [leaf, ...intermediates] = certificates;
  if (!leaf || !isSamePublicKey(key, leaf.publicKey)) throw certificateUnusable(new Error('it is for another key'));
  return { leaf, intermediates, chainPem, keyPem: encodePrivateKeyPem(key) };
}
