/** A small PKI for tests: root, intermediate and an issuer of leaves, fresh keys each time. */
import type { KeyObject } from 'node:crypto';
import { generatePrivateKey, type KeySpec, publicKeyDer } from '../crypto/index.ts';
import {
  type AuthorityRequest,
  buildIntermediateCertificate,
  buildRootCertificate,
  type Certificate,
  createLeafIssuer,
  type LeafIssuer,
  type LeafRequest,
  parseCertificate,
} from './index.ts';

/** Authorities live from `start` for ten years, leaves for a day. */
export const start = Date.UTC(2026, 10, 23);
export const day = 86_400_000;

export type FakeAuthority = {
  readonly root: Certificate;
  readonly rootKey: KeyObject;
  readonly intermediate: Certificate;
  readonly intermediateKey: KeyObject;
  readonly issuer: LeafIssuer;
  /** A leaf for a fresh EC key, named `web.test` unless said otherwise. */
  leaf(request?: Partial<LeafRequest>): Promise<Certificate>;
};

type Options = {
  readonly name?: string;
  readonly keySpec?: KeySpec;
  readonly root?: Partial<AuthorityRequest>;
  readonly intermediate?: Partial<AuthorityRequest>;
};

export async function createFakeAuthority(options: Options = {}): Promise<FakeAuthority> {
  const name = options.name ?? 'Test';
  const validity = { notBefore: start, notAfter: start + 3650 * day };
  const [rootKey, intermediateKey] = [
    await generatePrivateKey(options.keySpec),
    await generatePrivateKey(options.keySpec),
  ];
  const root = parseCertificate(
    buildRootCertificate({
      subject: { organization: name, commonName: `${name} Root CA` },
      key: rootKey,
      ...validity,
      ...options.root,
    }),
  );
  const intermediate = parseCertificate(
    buildIntermediateCertificate({
      subject: { organization: name, commonName: `${name} Intermediate CA` },
      publicKeyDer: publicKeyDer(intermediateKey),
      issuerCertificate: root,
      issuerKey: rootKey,
      ...validity,
      ...options.intermediate,
    }),
  );
  const issuer = createLeafIssuer(intermediate, intermediateKey);
  const leaf = async (request: Partial<LeafRequest> = {}): Promise<Certificate> =>
    parseCertificate(
      issuer.issue({
        subject: { commonName: 'web.test' },
        sans: ['web.test'],
        publicKeyDer: request.publicKeyDer ?? publicKeyDer(await generatePrivateKey()),
        notBefore: start,
        notAfter: start + day,
        ...request,
      }),
    );
  return { root, rootKey, intermediate, intermediateKey, issuer, leaf };
}
