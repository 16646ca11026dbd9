/** Issues whole certificate sets without a CA, of any age and with any defect. For tests. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { encodePrivateKeyPem, publicKeyDer } from '../crypto/index.ts';
import { encodePem } from '../encoding/index.ts';
import type { EpochMs } from '../time/index.ts';
import {
  buildIntermediateCertificate,
  buildRootCertificate,
  createLeafIssuer,
  fingerprint,
  parseCertificate,
} from '../x509/index.ts';
import type { CertificateSet } from './paths.ts';

export type FakeLeaf = {
  readonly commonName?: string;
  readonly sans?: readonly string[];
  readonly notBefore: EpochMs;
  readonly notAfter: EpochMs;
  /** Issues for this key instead of a new one. */
  readonly key?: KeyObject;
  readonly publicKeyDer?: Uint8Array;
};

const year = 365 * 24 * 3600 * 1000;
export const newKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

/** A root and an intermediate that are valid for a year before and after `now`. */
export function createFakeIssuer(now: EpochMs) {
  const validity = { notBefore: now - year, notAfter: now + year };
  const rootKey = newKey();
  const rootDer = buildRootCertificate({ ...validity, subject: { commonName: 'Test Root CA' }, key: rootKey });
  const issuerKey = newKey();
  const intermediateDer = buildIntermediateCertificate({
    ...validity,
    subject: { commonName: 'Test Intermediate CA' },
    publicKeyDer: publicKeyDer(issuerKey),
    issuerCertificate: parseCertificate(rootDer),
    issuerKey: rootKey,
  });
  const issuer = createLeafIssuer(parseCertificate(intermediateDer), issuerKey);
  const rootPem = encodePem('CERTIFICATE', rootDer);
  return {
    rootPem,
    rootFingerprint: fingerprint(rootDer),
    /** PEM certificates, leaf first. */
    issueChain({ commonName = 'web', sans = ['web'], publicKeyDer: spki, key, ...times }: FakeLeaf): string[] {
      const leafDer = issuer.issue({
        ...times,
        subject: { commonName },
        sans,
        publicKeyDer: spki ?? publicKeyDer(key ?? newKey()),
      });
      return [leafDer, intermediateDer].map((der) => encodePem('CERTIFICATE', der));
    },
    issueSet(leaf: FakeLeaf): CertificateSet {
      const key = leaf.key ?? newKey();
      return { rootPem, chainPem: this.issueChain({ ...leaf, key }).join(''), keyPem: encodePrivateKeyPem(key) };
    },
  };
}
export type FakeIssuer = ReturnType<typeof createFakeIssuer>;
