/**
 * `OPENSSH PRIVATE KEY` (PROTOCOL.key of OpenSSH): EC P-256 to P-521, RSA and Ed25519, plain or encrypted.
 *
 *   "openssh-key-v1\0"  string cipher  string kdf  string kdf options  uint32 count  string public  string private
 *   private: uint32 check twice, string type, fields of the type, string comment, padding 1 2 3 …
 *   kdf options of bcrypt: string salt, uint32 rounds
 *
 * Keep: the rounds are bounded before anything is derived, or a hostile file hangs the program.
 */
import { createDecipheriv, createPrivateKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { bcryptPbkdf } from './bcrypt-pbkdf.ts';
import { keyFormat, keyPasswordMissing, keyPasswordWrong } from './errors.ts';

const magic = Buffer.from('openssh-key-v1\0', 'latin1');

const curveOf: Readonly<Record<string, { readonly crv: string; readonly bytes: number }>> = {
  'ecdsa-sha2-nistp256': { crv: 'P-256', bytes: 32 },
  'ecdsa-sha2-nistp384': { crv: 'P-384', bytes: 48 },
  'ecdsa-sha2-nistp521': { crv: 'P-521', bytes: 66 },
};

/** What ssh-keygen encrypts with by default, and the CBC mode of old files: those that step reads. */
const ciphers: readonly string[] = ['aes256-ctr', 'aes256-cbc'];

/** ssh-keygen's default is 24 or less; each costs some 30 ms here. */
const maxRounds = 512;

/** Whether a password is needed; false for what is no such key. */
export function isEncryptedOpensshKey(bytes: Buffer): boolean {
  const plain = Buffer.concat([magic, Buffer.from('\0\0\0\x04none', 'latin1')]);
  return bytes.subarray(0, magic.length).equals(magic) && !bytes.subarray(0, plain.length).equals(plain);
}

/** @throws {AppError} ERR_KEY_FORMAT (malformed, or a cipher that is not read), ERR_KEY_PASSWORD (wrong or missing) */
export function parseOpensshKey(bytes: Buffer, password?: string | Uint8Array): KeyObject {
  if (!bytes.subarray(0, magic.length).equals(magic)) throw keyFormat('malformed OpenSSH key');
  const outer = new SshReader(bytes.subarray(magic.length));
  const cipher = outer.string().toString('latin1');
  const kdf = outer.string().toString('latin1');
  const kdfOptions = outer.string();
  if (outer.uint32() !== 1) throw keyFormat('OpenSSH file with other than one key');
  outer.string();
  const body = outer.string();
  const encrypted = cipher !== 'none';
  const inner = new SshReader(encrypted ? decryptBody(body, cipher, kdf, new SshReader(kdfOptions), password) : body);
  const check = inner.uint32();
  if (inner.uint32() !== check) throw encrypted ? keyPasswordWrong() : keyFormat('malformed OpenSSH key');
  const jwk = readJwk(inner);
  try {
    return createPrivateKey({ key: jwk, format: 'jwk' });
  } catch (cause) {
    throw keyFormat('malformed OpenSSH key', cause);
  }
}

function decryptBody(
  body: Buffer,
  cipher: string,
  kdf: string,
  kdfOptions: SshReader,
  password: string | Uint8Array | undefined,
): Buffer {
  if (!ciphers.includes(cipher) || kdf !== 'bcrypt') throw keyFormat('OpenSSH key with an unsupported cipher');
  const [salt, rounds] = [kdfOptions.string(), kdfOptions.uint32()];
  if (rounds < 1 || rounds > maxRounds) throw keyFormat(`asks for ${rounds} rounds of bcrypt, not 1 to ${maxRounds}`);
  if (body.length === 0 || body.length % 16 !== 0) throw keyFormat('malformed OpenSSH key');
  if (password === undefined) throw keyPasswordMissing();
  const derived = bcryptPbkdf(password, salt, rounds, 48);
  const name = cipher === 'aes256-ctr' ? 'aes-256-ctr' : 'aes-256-cbc';
  const decipher = createDecipheriv(name, derived.subarray(0, 32), derived.subarray(32)).setAutoPadding(false);
  return Buffer.concat([decipher.update(body), decipher.final()]);
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
