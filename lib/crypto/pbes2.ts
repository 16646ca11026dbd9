/**
 * PKCS#8 EncryptedPrivateKeyInfo with PBES2 (RFC 8018 6.2): PBKDF2 and a block cipher in CBC mode.
 *
 *   SEQUENCE { SEQUENCE { pbes2, SEQUENCE { SEQUENCE { pbkdf2, params }, SEQUENCE { cipher, iv } } }, OCTET STRING }
 *
 * Written by hand because KeyObject.export({ cipher, passphrase }) derives with 2048 rounds only.
 * Keep: the round count of a file is bounded before anything is derived, or a hostile file hangs the program.
 */
import { createCipheriv, pbkdf2, pbkdf2Sync, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { DerReader, integer, nullValue, octetString, oid, sequence, Tag } from '../encoding/index.ts';
import { type CbcCipher, cbcCiphers, decryptCbc } from './cbc.ts';
import { keyFormat } from './errors.ts';

const pbes2 = '1.2.840.113549.1.5.13';
const pbkdf2Oid = '1.2.840.113549.1.5.12';
const hmacSha256 = '1.2.840.113549.2.9';
const aes256Cbc = '2.16.840.1.101.3.4.1.42';

/** What step and OWASP (2023) use with HMAC-SHA256. */
export const pbkdf2Rounds = 600_000;

/** Some seconds of work; honest files stay far below. */
const maxRounds = 10_000_000;

const hashOf: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.8': 'sha224',
  [hmacSha256]: 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};

const cipherOf: Readonly<Record<string, CbcCipher>> = {
  '2.16.840.1.101.3.4.1.2': cbcCiphers['AES-128-CBC'],
  '2.16.840.1.101.3.4.1.22': cbcCiphers['AES-192-CBC'],
  [aes256Cbc]: cbcCiphers['AES-256-CBC'],
  '1.2.840.113549.3.7': cbcCiphers['DES-EDE3-CBC'],
  '1.3.14.3.2.7': cbcCiphers['DES-CBC'],
};

const deriveKey = promisify(pbkdf2);

/** Encrypts PKCS#8 bytes with AES-256-CBC under PBKDF2-HMAC-SHA256. */
export async function encryptPkcs8(
  pkcs8: Uint8Array,
  password: string | Uint8Array,
  rounds = pbkdf2Rounds,
): Promise<Buffer> {
  const [salt, iv] = [randomBytes(16), randomBytes(16)];
  const cipher = createCipheriv('aes-256-cbc', await deriveKey(password, salt, rounds, 32, 'sha256'), iv);
  const encrypted = Buffer.concat([cipher.update(pkcs8), cipher.final()]);
  const derivation = sequence(
    oid(pbkdf2Oid),
    sequence(octetString(salt), integer(rounds), sequence(oid(hmacSha256), nullValue())),
  );
  const scheme = sequence(oid(aes256Cbc), octetString(iv));
  return sequence(sequence(oid(pbes2), sequence(derivation, scheme)), octetString(encrypted));
}

/**
 * PKCS#8 bytes of an EncryptedPrivateKeyInfo.
 * @throws {AppError} ERR_KEY_FORMAT, ERR_DER (malformed or not supported), ERR_KEY_PASSWORD (wrong password)
 */
export function decryptPkcs8(der: Uint8Array, password: string | Uint8Array): Buffer {
  const { hash, rounds, salt, cipher, iv, encrypted } = parseEncrypted(der);
  return decryptCbc(cipher, pbkdf2Sync(password, salt, rounds, cipher.keyBytes, hash), iv, encrypted);
}

function parseEncrypted(der: Uint8Array) {
  const what = 'private key';
  const top = new DerReader(der, what);
  const info = top.enter(Tag.sequence);
  top.end();
  const algorithm = info.enter(Tag.sequence);
  const encrypted = info.read(Tag.octetString).content;
  info.end();
  if (algorithm.readOid() !== pbes2) throw keyFormat('is encrypted by a scheme that is not PBES2');
  const params = algorithm.enter(Tag.sequence);
  algorithm.end();
  const derivation = params.enter(Tag.sequence);
  const scheme = params.enter(Tag.sequence);
  params.end();

  if (derivation.readOid() !== pbkdf2Oid) throw keyFormat('derives its key by a function that is not PBKDF2');
  const kdf = derivation.enter(Tag.sequence);
  derivation.end();
  const salt = kdf.read(Tag.octetString).content;
  const rounds = kdf.readInteger();
  if (rounds < 1n || rounds > BigInt(maxRounds))
    throw keyFormat(`asks for a number of rounds of PBKDF2 that is not 1 to ${maxRounds}`);
  const keyBytes = kdf.nextTag === Tag.integer ? kdf.readInteger() : undefined;
  const prf = kdf.atEnd ? '1.2.840.113549.2.7' : readAlgorithm(kdf); // RFC 8018 A.2: DEFAULT hmacWithSHA1
  kdf.end();
  const hash = hashOf[prf];
  if (!hash) throw keyFormat(`uses PBKDF2 with unknown function ${prf}`);

  const cipherOid = scheme.readOid();
  const cipher = cipherOf[cipherOid];
  if (!cipher) throw keyFormat(`is encrypted with unsupported cipher ${cipherOid}`);
  const iv = scheme.read(Tag.octetString).content;
  scheme.end();
  if (iv.length !== cipher.ivBytes || (keyBytes !== undefined && keyBytes !== BigInt(cipher.keyBytes))) {
    throw keyFormat(`has parameters that do not fit ${cipher.name}`);
  }
  return { hash, rounds: Number(rounds), salt, cipher, iv, encrypted };
}

/** AlgorithmIdentifier whose parameters are NULL or absent. */
function readAlgorithm(reader: DerReader): string {
  const algorithm = reader.enter(Tag.sequence);
  const name = algorithm.readOid();
  algorithm.readOptional(Tag.null);
  algorithm.end();
  return name;
}
