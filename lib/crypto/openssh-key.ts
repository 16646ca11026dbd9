/**
 * `OPENSSH PRIVATE KEY` without a password (PROTOCOL.key of OpenSSH): EC P-256 to P-521, RSA and Ed25519.
 *
 *   "openssh-key-v1\0"  string cipher  string kdf  string kdf options  uint32 count  string public  string private
 *   private: uint32 check twice, string type, fields of the type, string comment, padding 1 2 3 …
 *
 * Encrypted ones are refused: their bcrypt_pbkdf is in no Node. The hint says how to convert them.
 */
import { createPrivateKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { AppError } from '../errors/index.ts';
import { keyFormat } from './errors.ts';

const magic = Buffer.from('openssh-key-v1\0', 'latin1');

const curveOf: Readonly<Record<string, { readonly crv: string; readonly bytes: number }>> = {
  'ecdsa-sha2-nistp256': { crv: 'P-256', bytes: 32 },
  'ecdsa-sha2-nistp384': { crv: 'P-384', bytes: 48 },
  'ecdsa-sha2-nistp521': { crv: 'P-521', bytes: 66 },
};

/** @throws {AppError} ERR_KEY_FORMAT (malformed, or encrypted) */
export function parseOpensshKey(bytes: Buffer): KeyObject {
  if (!bytes.subarray(0, magic.length).equals(magic)) throw keyFormat('malformed OpenSSH key');
  const outer = new SshReader(bytes.subarray(magic.length));
  const cipher = outer.string().toString('latin1');
  if (cipher !== 'none') throw encryptedOpensshKey();
  outer.string();
  outer.string();
  if (outer.uint32() !== 1) throw keyFormat('OpenSSH file with other than one key');
  outer.string();
  const inner = new SshReader(outer.string());
  const check = inner.uint32();
  if (inner.uint32() !== check) throw keyFormat('malformed OpenSSH key');
  const jwk = readJwk(inner);
  try {
    return createPrivateKey({ key: jwk, format: 'jwk' });
  } catch (cause) {
    throw keyFormat('malformed OpenSSH key', cause);
  }
}

function readJwk(reader: SshReader): JsonWebKey {
  const type = reader.string().toString('latin1');
  const curve = curveOf[type];
  if (curve) {
    reader.string();
    const point = reader.string();
    if (point[0] !== 4 || point.length !== 1 + 2 * curve.bytes) throw keyFormat('malformed OpenSSH key');
    const [x, y] = [point.subarray(1, 1 + curve.bytes), point.subarray(1 + curve.bytes)];
    const d = reader.string();
    const scalar = Buffer.concat([Buffer.alloc(curve.bytes), d]).subarray(-curve.bytes);
    return { kty: 'EC', crv: curve.crv, x: b64u(x), y: b64u(y), d: b64u(scalar) };
  }
  if (type === 'ssh-ed25519') {
    const x = reader.string();
    return { kty: 'OKP', crv: 'Ed25519', x: b64u(x), d: b64u(reader.string().subarray(0, 32)) };
  }
  if (type === 'ssh-rsa') {
    const [n, e, d, qi, p, q] = Array.from({ length: 6 }, () => BigInt(`0x0${reader.string().toString('hex')}`));
    if (n === undefined || e === undefined || d === undefined || qi === undefined || !p || !q || p === 1n || q === 1n) {
      throw keyFormat('malformed OpenSSH key');
    }
    const [dp, dq] = [d % (p - 1n), d % (q - 1n)];
    return { kty: 'RSA', n: int(n), e: int(e), d: int(d), p: int(p), q: int(q), dp: int(dp), dq: int(dq), qi: int(qi) };
  }
  throw keyFormat('OpenSSH key of an unsupported type');
}

const b64u = (bytes: Buffer): string => bytes.toString('base64url');
const int = (value: bigint): string => {
  const hex = value.toString(16);
  return b64u(Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex'));
};

const encryptedOpensshKey = (): AppError =>
  new AppError('ERR_KEY_FORMAT', 'invalid', 'private key: encrypted OpenSSH keys are not read here', {
    hint: 'convert a copy of it with: ssh-keygen -p -m PKCS8 -f FILE',
  });

class SshReader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  uint32(): number {
    if (this.#offset + 4 > this.#bytes.length) throw keyFormat('malformed OpenSSH key');
    this.#offset += 4;
    return this.#bytes.readUInt32BE(this.#offset - 4);
  }

  string(): Buffer {
    const length = this.uint32();
    const start = this.#offset;
    if (start + length > this.#bytes.length) throw keyFormat('malformed OpenSSH key');
    this.#offset += length;
    return this.#bytes.subarray(start, this.#offset);
  }
}
