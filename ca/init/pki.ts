/** Root and intermediate as `step ca init` makes them: EC P-256, ten years, keys encrypted with one password. */
import type { KeyObject } from 'node:crypto';
import { encodeEncryptedPrivateKeyPem, generatePrivateKey, publicKeyDer } from '../../lib/crypto/index.ts';
import { encodePem } from '../../lib/encoding/index.ts';
import type { EpochMs } from '../../lib/time/index.ts';
import {
  buildIntermediateCertificate,
  buildRootCertificate,
  type Certificate,
  fingerprint,
  parseCertificate,
} from '../../lib/x509/index.ts';

export type ImportedRoot = { readonly certificate: Certificate; readonly key: KeyObject };

export type Pki = {
  readonly rootPem: string;
  /** Undefined for an imported root: its key stays where it is. */
  readonly rootKeyPem: string | undefined;
  readonly rootFingerprint: string;
  readonly intermediatePem: string;
  readonly intermediateKeyPem: string;
};

const lifeMs = 10 * 365 * 24 * 60 * 60 * 1000;

/** @throws {AppError} ERR_ISSUER (invalid) when the imported root is no authority, or the key is not its key */
export async function createPki(request: {
  readonly name: string;
  readonly password: string;
  readonly imported: ImportedRoot | undefined;
  readonly now: EpochMs;
}): Promise<Pki> {
  const { name, password, imported, now } = request;
  const validity = { notBefore: now, notAfter: now + lifeMs };
  const subject = (role: string) => ({ organization: name, commonName: `${name} ${role} CA` });
  const root = imported ?? (await createRoot(subject('Root'), validity));
  const intermediateKey = await generatePrivateKey();
  const intermediate = buildIntermediateCertificate({
    ...validity,
    // an intermediate that outlives its root would not verify to its end
    notAfter: Math.min(validity.notAfter, root.certificate.notAfter),
    subject: subject('Intermediate'),
    publicKeyDer: publicKeyDer(intermediateKey),
    issuerCertificate: root.certificate,
    issuerKey: root.key,
  });
  return {
    rootPem: encodePem('CERTIFICATE', root.certificate.der),
    rootKeyPem: imported ? undefined : await encodeEncryptedPrivateKeyPem(root.key, password),
    rootFingerprint: fingerprint(root.certificate.der),
    intermediatePem: encodePem('CERTIFICATE', intermediate),
    intermediateKeyPem: await encodeEncryptedPrivateKeyPem(intermediateKey, password),
  };
}

async function createRoot(
  subject: { readonly organization: string; readonly commonName: string },
  validity: { readonly notBefore: EpochMs; readonly notAfter: EpochMs },
): Promise<ImportedRoot> {
  const key = await generatePrivateKey();
  return { key, certificate: parseCertificate(buildRootCertificate({ ...validity, subject, key })) };
}
