/**
 * Makes requests for two CAs that have the same provisioners: tokens with any claims, certificate requests with any
 * names and keys. Everything is made afresh, nothing is reused between the two.
 */
import { createHash, generateKeyPair, type KeyObject, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { generatePrivateKey, type KeySpec, parsePrivateKeyPem, publicKeyDer } from '../../../lib/crypto/index.ts';
import { encodePem } from '../../../lib/encoding/index.ts';
import { decryptProvisionerKey, type ProvisionerKey } from '../../../lib/jwk-provisioner/index.ts';
import { signJwt } from '../../../lib/jwt/index.ts';
import {
  buildCertificateRequest,
  type Certificate,
  createLeafIssuer,
  parseCertificate,
  parseCertificateChainPem,
} from '../../../lib/x509/index.ts';
import type { CaFiles, CaJson } from '../../peers/certificate-authority.ts';

export type Workbench = {
  readonly key: ProvisionerKey;
  /** A one-time token for `web.test`; members of `claims` replace its own, undefined ones are left out. */
  token(claims?: Record<string, unknown>, header?: Record<string, unknown>, key?: KeyObject): string;
  /** PEM of a request; by default for `web.test` with a P-256 key. */
  csr(request?: { commonName?: string; sans?: readonly string[]; key?: KeyObject }): string;
  keyOf(spec: KeySpec | 'RSA-1024'): Promise<KeyObject>;
  /** A leaf of the issuing certificate that both CAs have, made here, with the provisioner extension of step-ca. */
  leaf(request?: LeafOptions): Leaf;
  /** A renew token for a leaf; members of `claims` replace its own, undefined ones are left out. */
  renewToken(leaf: Leaf, claims?: Record<string, unknown>, options?: RenewTokenOptions): string;
};

export type LeafOptions = {
  readonly startsInMs?: number;
  readonly endsInMs?: number;
  /** Name in the provisioner extension; null for none. */
  readonly provisioner?: string | null;
  readonly commonName?: string;
  readonly extendedKeyUsage?: readonly string[];
};

export type Leaf = { readonly certificate: Certificate; readonly key: KeyObject; readonly chainPem: string };

export type RenewTokenOptions = {
  /** Signed by another key than the leaf's. */
  readonly key?: KeyObject;
  /** Certificates in the header; by default leaf and intermediate. */
  readonly chain?: readonly Certificate[];
  readonly headerName?: string;
};

export async function createWorkbench(files: CaFiles): Promise<Workbench> {
  const config = JSON.parse(await readFile(files.configPath, 'utf8')) as CaJson;
  const provisioner = config.authority.provisioners.find(({ encryptedKey }) => encryptedKey);
  if (!provisioner?.encryptedKey) throw new Error('no provisioner with a key');
  const key = await decryptProvisionerKey(provisioner.encryptedKey, files.password);
  const leafKey = await generatePrivateKey();
  const keys = new Map<string, KeyObject>();
  const [intermediate] = parseCertificateChainPem(
    await readFile(join(files.folder, 'certs/intermediate_ca.crt'), 'utf8'),
  );
  if (!intermediate) throw new Error('no intermediate');
  const issuerPem = await readFile(join(files.folder, 'secrets/intermediate_ca_key'), 'utf8');
  const issuer = createLeafIssuer(intermediate, parsePrivateKeyPem(issuerPem, files.password));
  return {
    key,
    token(claims = {}, header = {}, signer = key.key) {
      const now = Math.floor(Date.now() / 1000);
      const all = {
        aud: 'https://localhost/1.0/sign',
        exp: now + 300,
        iat: now,
        iss: provisioner.name,
        jti: randomBytes(32).toString('hex'),
        nbf: now,
        sans: ['web.test'],
        sub: 'web.test',
        ...claims,
      };
      return signJwt({ header: { kid: key.kid, typ: 'JWT', ...header }, claims: all, key: signer });
    },
    csr({ commonName = 'web.test', sans = ['web.test'], key: own = leafKey } = {}) {
      return encodePem('CERTIFICATE REQUEST', buildCertificateRequest({ commonName, sans, key: own }));
    },
    async keyOf(spec) {
      const known = keys.get(spec) ?? (await (spec === 'RSA-1024' ? weakKey() : generatePrivateKey(spec)));
      keys.set(spec, known);
      return known;
    },
    leaf({
      startsInMs = -60_000,
      endsInMs = 3_600_000,
      provisioner = 'admin',
      commonName = 'web.test',
      extendedKeyUsage,
    } = {}) {
      const now = Date.now();
      const der = issuer.issue({
        subject: { commonName },
        sans: ['web.test', '10.0.0.9'],
        notBefore: now + startsInMs,
        notAfter: now + endsInMs,
        publicKeyDer: publicKeyDer(leafKey),
        ...(extendedKeyUsage ? { extendedKeyUsage } : {}),
        ...(provisioner === null ? {} : { provisioner: { type: 'JWK', name: provisioner, credentialId: key.kid } }),
      });
      const chainPem = encodePem('CERTIFICATE', der) + encodePem('CERTIFICATE', intermediate.der);
      return { certificate: parseCertificate(der), key: leafKey, chainPem };
    },
    renewToken({ certificate, key: own }, claims = {}, { key: signer = own, chain, headerName = 'x5cInsecure' } = {}) {
      const now = Math.floor(Date.now() / 1000);
      const x5c = (chain ?? [certificate, intermediate]).map(({ der }) => der.toString('base64'));
      return signJwt({
        header: { typ: 'JWT', [headerName]: x5c },
        claims: {
          aud: 'https://localhost/renew',
          exp: now + 300,
          iat: now,
          iss: 'step-ca-client/1.0',
          jti: randomBytes(32).toString('hex'),
          nbf: now,
          sub: certificate.commonName,
          ...claims,
        },
        key: signer,
      });
    },
  };
}

/** Too short to be certified. */
const weakKey = async (): Promise<KeyObject> =>
  (await promisify(generateKeyPair)('rsa', { modulusLength: 1024 })).privateKey;

/** The `cnf` value that binds a token to a request. */
export function fingerprintOfPem(pem: string): string {
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  return createHash('sha256').update(der).digest('base64url');
}
