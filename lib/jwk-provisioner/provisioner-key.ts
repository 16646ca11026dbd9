/**
 * The key pair of a JWK provisioner: its public half stands in ca.json and is served by the CA, its private half is
 * held by whoever mints one-time tokens. Named by its RFC 7638 thumbprint, as the step CLI names it.
 */
import { createHash, createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { generatePrivateKey, type KeySpec } from '../crypto/index.ts';
import { defaultAlgorithm, type JwtAlgorithm, jwtAlgorithms } from '../jwt/index.ts';
import { provisionerKey } from './errors.ts';

/** Public JWK in step's member order: use, kty, kid, crv, alg, x, y (n, e for RSA). */
export type PublicJwk = {
  readonly use: 'sig';
  readonly kty: string;
  readonly kid: string;
  readonly crv?: string;
  readonly alg: string;
  readonly x?: string;
  readonly y?: string;
  readonly n?: string;
  readonly e?: string;
};

export type ProvisionerKey = {
  readonly kid: string;
  readonly alg: JwtAlgorithm;
  /** Private. */
  readonly key: KeyObject;
  readonly publicJwk: PublicJwk;
};

/** A new key; EC P-256 and ES256 unless said otherwise, as `step ca init` makes it. */
export async function generateProvisionerKey(spec?: KeySpec): Promise<ProvisionerKey> {
  return provisionerKeyOf(await generatePrivateKey(spec));
}

/**
 * Names a private key. `kid` and `alg` default to its thumbprint and to what step signs with.
 * @throws {AppError} ERR_PROVISIONER_KEY (a key that signs no tokens)
 */
export function provisionerKeyOf(
  key: KeyObject,
  given: { readonly kid?: string | undefined; readonly alg?: string | undefined } = {},
): ProvisionerKey {
  const alg = given.alg === undefined ? defaultAlgorithm(key) : jwtAlgorithms.find((known) => known === given.alg);
  if (alg === undefined) throw provisionerKey(`keys of type ${key.asymmetricKeyType} with this alg sign no tokens`);
  const kid = given.kid || jwkThumbprint(key);
  return { kid, alg, key, publicJwk: publicJwk(key, { kid, alg }) };
}

/**
 * From a private JWK as it stands inside the encrypted key.
 * @throws {AppError} ERR_PROVISIONER_KEY (not a private JWK that signs)
 */
export function importProvisionerJwk(jwk: unknown): ProvisionerKey {
  if (typeof jwk !== 'object' || jwk === null || !('kty' in jwk)) throw provisionerKey('is not a JWK');
  const { kid, alg } = jwk as { kid?: unknown; alg?: unknown };
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: jwk as JsonWebKey, format: 'jwk' });
  } catch {
    throw provisionerKey('is not a private JWK'); // the cause could quote key members
  }
  return provisionerKeyOf(key, {
    kid: typeof kid === 'string' ? kid : undefined,
    alg: typeof alg === 'string' ? alg : undefined,
  });
}

/** The public JWK of a private or public key. @throws {AppError} ERR_PROVISIONER_KEY (a key without an algorithm) */
export function publicJwk(key: KeyObject, given: { readonly kid?: string; readonly alg?: string } = {}): PublicJwk {
  const { kty, crv, x, y, n, e } = exportPublic(key);
  const alg = given.alg ?? defaultAlgorithm(key);
  if (kty === undefined || alg === undefined) throw provisionerKey('signs no tokens');
  return {
    use: 'sig',
    kty,
    kid: given.kid ?? jwkThumbprint(key),
    ...(crv === undefined ? {} : { crv }),
    alg,
    ...(x === undefined ? {} : { x }),
    ...(y === undefined ? {} : { y }),
    ...(n === undefined ? {} : { n }),
    ...(e === undefined ? {} : { e }),
  };
}

/** RFC 7638 thumbprint: base64url of the SHA-256 of the required members in alphabetical order. */
export function jwkThumbprint(key: KeyObject): string {
  const { crv, e, kty, n, x, y } = exportPublic(key);
  // JSON.stringify leaves out what a kind of key does not have; RFC 7638 3.2, RFC 8037 2
  return createHash('sha256').update(JSON.stringify({ crv, e, kty, n, x, y })).digest('base64url');
}

function exportPublic(key: KeyObject): JsonWebKey {
  return (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' });
}
