/**
 * A CA in memory for tests of time and faults: it issues real certificates, has one JWK provisioner, and can be away or
 * refuse on command. What a healthy CA does is tested against step-ca.
 */

import { generatePrivateKey } from '../../lib/crypto/index.ts';
import { encodePem, parsePem } from '../../lib/encoding/index.ts';
import { AppError } from '../../lib/errors/index.ts';
import { encryptProvisionerKey, generateProvisionerKey, type ProvisionerKey } from '../../lib/jwk-provisioner/index.ts';
import { decodeJwt } from '../../lib/jwt/index.ts';
import type { Clock } from '../../lib/time/index.ts';
import {
  buildRootCertificate,
  createLeafIssuer,
  listSans,
  parseCertificate,
  parseCertificateRequest,
} from '../../lib/x509/index.ts';
import type { CertificateAuthority } from '../../webhook/ports.ts';

export type FakeAuthority = CertificateAuthority & {
  /** What every call rejects with, while set. */
  failure: AppError | undefined;
  /** What a sign rejects with, while set. */
  signFailure: AppError | undefined;
  readonly rootPem: string;
  /** Names of the calls so far. */
  readonly calls: string[];
  /** Tokens that were shown to `sign`. */
  readonly tokens: string[];
  /** Replaces key and password of the provisioner; answers the new kid. */
  rotateProvisioner(password: string): Promise<string>;
  /** Starts over with another root. */
  rotateRoot(): Promise<void>;
};

/** A CA with a provisioner `autocert` whose key opens with `password`. */
export async function createFakeAuthority(clock: Clock, password: string, lifeMs: number): Promise<FakeAuthority> {
  let root = await makeRoot(clock);
  let provisioner = await makeProvisioner(password);
  const calls: string[] = [];
  const called = (name: string): void => {
    calls.push(name);
    if (fake.failure) throw fake.failure;
  };
  const fake: FakeAuthority = {
    failure: undefined,
    signFailure: undefined,
    calls,
    tokens: [],
    get rootPem() {
      return root.pem;
    },
    async rotateProvisioner(next) {
      provisioner = await makeProvisioner(next);
      return provisioner.key.kid;
    },
    async rotateRoot() {
      root = await makeRoot(clock);
    },
    async provisioners() {
      called('provisioners');
      const { key, encryptedKey } = provisioner;
      return [
        { type: 'ACME', name: 'acme' },
        { type: 'JWK', name: 'autocert', key: key.publicJwk, encryptedKey },
      ];
    },
    async encryptedKey() {
      called('encryptedKey');
      return provisioner.encryptedKey;
    },
    async sign({ csr, ott }) {
      called('sign');
      fake.tokens.push(ott);
      if (fake.signFailure) throw fake.signFailure;
      if (decodeJwt(ott).header.kid !== provisioner.key.kid) throw unauthorized();
      const request = parseCertificateRequest(parsePem(csr)[0]?.der ?? Buffer.alloc(0));
      const leaf = root.issuer.issue({
        subject: { commonName: request.commonName },
        sans: listSans(request.sans),
        publicKeyDer: request.publicKeyDer,
        notBefore: clock.now(),
        notAfter: clock.now() + lifeMs,
      });
      return { chainPem: [encodePem('CERTIFICATE', leaf)] };
    },
  };
  return fake;
}

/** What step-ca says to a token it does not like. */
export const unauthorized = (): AppError => new AppError('ERR_CA_REFUSED', 'unauthenticated', 'sign: refused (401)');
/** What the client says of a CA that is not there. */
export const unreachable = (): AppError => new AppError('ERR_CA_UNREACHABLE', 'unavailable', 'ca: is unreachable');

async function makeRoot(clock: Clock) {
  const key = await generatePrivateKey();
  const [notBefore, notAfter] = [clock.now() - 60_000, clock.now() + 10 * 365 * 86_400_000];
  const der = buildRootCertificate({ subject: { commonName: 'Fake CA' }, key, notBefore, notAfter });
  return { pem: encodePem('CERTIFICATE', der), issuer: createLeafIssuer(parseCertificate(der), key) };
}

async function makeProvisioner(password: string): Promise<{ key: ProvisionerKey; encryptedKey: string }> {
  const key = await generateProvisionerKey();
  return { key, encryptedKey: await encryptProvisionerKey(key, password, { rounds: 1000 }) };
}
