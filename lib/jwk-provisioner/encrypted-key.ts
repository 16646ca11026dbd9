/**
 * The private key of a JWK provisioner at rest: compact JWE, PBES2-HS256+A128KW and A256GCM, holding the private JWK.
 * The CA hands it to anybody (GET /provisioners/{kid}/encrypted-key), so its password is open to guessing offline:
 * written with 600 000 rounds, like step.
 *
 * Keep: the round count of a foreign JWE is bounded, or a hostile CA hangs its clients.
 */
import { CompactEncrypt, compactDecrypt, errors } from 'jose';
import { provisionerKey, provisionerPassword } from './errors.ts';
import { importProvisionerJwk, type ProvisionerKey } from './provisioner-key.ts';

/** step's count since 0.20; older files have 100 000. */
export const pbes2Rounds = 600_000;
const maxRounds = 5_000_000;

const passwordBytes = (password: string | Uint8Array): Uint8Array =>
  typeof password === 'string' ? new TextEncoder().encode(password) : password;

/**
 * Opens the compact JWE of `step ca init` or ours.
 * @throws {AppError} ERR_PROVISIONER_PASSWORD (wrong password), ERR_PROVISIONER_KEY (malformed, or not such a JWE)
 */
export async function decryptProvisionerKey(jwe: string, password: string | Uint8Array): Promise<ProvisionerKey> {
  let plaintext: Uint8Array;
  try {
    const opened = await compactDecrypt(jwe.trim(), passwordBytes(password), {
      keyManagementAlgorithms: ['PBES2-HS256+A128KW', 'PBES2-HS384+A192KW', 'PBES2-HS512+A256KW'],
      maxPBES2Count: maxRounds,
    });
    plaintext = opened.plaintext;
  } catch (error) {
    if (error instanceof errors.JWEDecryptionFailed) throw provisionerPassword();
    throw provisionerKey(`cannot be opened, ${error instanceof errors.JOSEError ? error.message : 'it is malformed'}`);
  }
  let jwk: unknown;
  try {
    jwk = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(plaintext));
  } catch {
    throw provisionerKey('holds no JSON'); // the cause would quote the private key
  }
  return importProvisionerJwk(jwk);
}

/** Compact JWE that `step` opens. `rounds` below the default are for tests. */
export async function encryptProvisionerKey(
  key: ProvisionerKey,
  password: string | Uint8Array,
  options: { readonly rounds?: number } = {},
): Promise<string> {
  const { kty, d, p, q, dp, dq, qi } = key.key.export({ format: 'jwk' });
  const jwk = JSON.stringify({ ...key.publicJwk, kty, d, p, q, dp, dq, qi });
  return new CompactEncrypt(new TextEncoder().encode(jwk))
    .setProtectedHeader({ alg: 'PBES2-HS256+A128KW', cty: 'jwk+json', enc: 'A256GCM' })
    .setKeyManagementParameters({ p2c: options.rounds ?? pbes2Rounds })
    .encrypt(passwordBytes(password));
}
