/**
 * Whether a compact token is signed by a key (RFC 7515 5.2, RFC 7518 3, RFC 8037 3.1). In one synchronous call of
 * node:crypto: the way through WebCrypto costs a CA half as much again, in promises and in a hop to another thread.
 *
 * Keep: the key decides which algorithms there are, never the token; no key that a token brings along is looked at.
 */
import { constants, type KeyObject, verify } from 'node:crypto';
import { decodeBase64url, sequence, Tag, tlv } from '../encoding/index.ts';
import { fitsKey, isJwtAlgorithm, type JwtAlgorithm } from './algorithms.ts';
import type { JsonObject } from './index.ts';

/** RFC 7518 3.3 and 3.5: a key of at least this size must be used. */
const minRsaBits = 2048;

/**
 * Why the token does not count as signed by `key`; undefined when it does.
 *
 * @param header     of this very token, decoded
 * @param algorithms the ones that are taken; one of another kind of key never fits
 */
export function findSignatureProblem(
  token: string,
  header: JsonObject,
  { key, algorithms }: { readonly key: KeyObject; readonly algorithms: readonly string[] },
): string | undefined {
  const { alg } = header;
  if (!hasNoUnknownExtension(header)) return 'a critical header is not understood';
  if (typeof alg !== 'string' || !algorithms.includes(alg)) return 'its algorithm is not one of the key';
  if (!isJwtAlgorithm(alg) || key.type !== 'public' || !fitsKey(alg, key)) return 'its algorithm does not fit the key';
  if (key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) < minRsaBits) {
    return `the RSA key has less than ${minRsaBits} bits`;
  }
  const end = token.lastIndexOf('.');
  try {
    const signature = decodeBase64url(token.slice(end + 1));
    return isSigned(Buffer.from(token.slice(0, end), 'latin1'), signature, key, alg) ? undefined : 'it does not verify';
  } catch {
    return 'it does not verify'; // what is no signature at all: OpenSSL's reason names its source lines only
  }
}

/** RFC 7515 4.1.11: what is critical must be understood. `b64` is all that is; its other value is refused elsewhere. */
function hasNoUnknownExtension(header: JsonObject): boolean {
  const { crit } = header;
  if (crit === undefined) return true;
  return Array.isArray(crit) && crit.length > 0 && crit.every((name) => name === 'b64' && header.b64 === true);
}

function isSigned(input: Buffer, signature: Buffer, key: KeyObject, alg: JwtAlgorithm): boolean {
  if (alg === 'EdDSA') return verify(null, input, key, signature);
  const hash = `sha${alg.slice(2)}`;
  switch (alg.slice(0, 2)) {
    case 'ES':
      return signature.length === signatureBytes[alg] && verify(hash, input, key, ecdsaDer(signature));
    case 'PS': {
      const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
      return verify(hash, input, { key, ...padding }, signature);
    }
    default:
      return verify(hash, input, key, signature);
  }
}

/** RFC 7518 3.4: r and s, each as long as the order of the curve. */
const signatureBytes: Readonly<Record<string, number>> = { ES256: 64, ES384: 96, ES512: 132 };

/** r and s as OpenSSL takes them. Node could convert them, but takes a slow path for a key with options. */
function ecdsaDer(signature: Buffer): Buffer {
  const half = signature.length / 2;
  return sequence(unsignedInteger(signature.subarray(0, half)), unsignedInteger(signature.subarray(half)));
}

function unsignedInteger(bytes: Buffer): Buffer {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const digits = bytes.subarray(start);
  return (digits[0] ?? 0) < 0x80 ? tlv(Tag.integer, digits) : tlv(Tag.integer, zero, digits);
}

const zero = Buffer.of(0);
