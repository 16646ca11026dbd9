/**
 * Private keys as PEM, written as the step CLI writes them and read in every form it reads: SEC1, PKCS#1, PKCS#8 plain
 * and encrypted (PBES2), traditional PEM with DEK-Info (read only: its key derivation is one round of MD5), OpenSSH
 * plain and encrypted.
 */
import { createHash, createPrivateKey, type KeyObject } from 'node:crypto';
import { encodePem, type PemBlock, parsePem } from '../encoding/index.ts';
import { cbcCiphers, decryptCbc } from './cbc.ts';
import { keyFormat, keyPasswordMissing, keyPasswordWrong } from './errors.ts';
import { isEncryptedOpensshKey, parseOpensshKey } from './openssh-key.ts';
import { decryptPkcs8, encryptPkcs8 } from './pbes2.ts';

/** Unencrypted PEM: SEC1 `EC PRIVATE KEY`, `RSA PRIVATE KEY`, or PKCS#8 for Ed25519, as `step ca certificate` writes leaf keys. */
export function encodePrivateKeyPem(key: KeyObject): string {
  const type = key.asymmetricKeyType === 'ec' ? 'sec1' : key.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'pkcs8';
  return key.export({ type, format: 'pem' }).toString();
}

/** Encrypted PKCS#8 (PBES2, PBKDF2-HMAC-SHA256 with 600 000 rounds, AES-256-CBC), which step reads. */
export async function encodeEncryptedPrivateKeyPem(
  key: KeyObject,
  password: string | Uint8Array,
  options: { readonly rounds?: number } = {},
): Promise<string> {
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' });
  return encodePem('ENCRYPTED PRIVATE KEY', await encryptPkcs8(pkcs8, password, options.rounds));
}

/**
 * The private key of a PEM text; other blocks beside it (certificates, EC PARAMETERS) are passed over.
 * Blocks the thread for the key derivation of an encrypted file, some 0.2 s with step's 600 000 rounds.
 *
 * @throws {AppError} ERR_KEY_FORMAT, ERR_PEM, ERR_DER (no key, or one that is not read here),
 *   ERR_KEY_PASSWORD (wrong or missing password)
 */
export function parsePrivateKeyPem(pem: string, password?: string | Uint8Array): KeyObject {
  const blocks = parsePem(pem).filter(({ label }) => label.endsWith('PRIVATE KEY'));
  const [block] = blocks;
  if (!block) throw keyFormat('no private key found in the PEM text');
  if (blocks.length > 1) throw keyFormat('more than one private key in the PEM text');
  return requireSupported(readBlock(block, password));
}

/** Whether the PEM text holds a private key that needs a password. @throws {AppError} ERR_PEM */
export function isEncryptedPrivateKeyPem(pem: string): boolean {
  return parsePem(pem).some(({ label, headers, der }) => {
    if (label === 'OPENSSH PRIVATE KEY') return isEncryptedOpensshKey(der);
    return label === 'ENCRYPTED PRIVATE KEY' || (label.endsWith('PRIVATE KEY') && headers.has('DEK-Info'));
  });
}

function readBlock(block: PemBlock, password: string | Uint8Array | undefined): KeyObject {
  const format = formatOf[block.label];
  if (block.label === 'OPENSSH PRIVATE KEY') return parseOpensshKey(block.der, password);
  if (block.label === 'ENCRYPTED PRIVATE KEY') {
    return importKey(decryptPkcs8(block.der, requirePassword(password)), 'pkcs8', true);
  }
  if (!format) throw keyFormat(`blocks of type ${block.label} are not read here`);
  if (!/ENCRYPTED/.test(block.headers.get('Proc-Type') ?? '')) return importKey(block.der, format, false);
  return importKey(decryptTraditional(block, requirePassword(password)), format, true);
}

const formatOf: Readonly<Record<string, 'pkcs1' | 'pkcs8' | 'sec1'>> = {
  'PRIVATE KEY': 'pkcs8',
  'EC PRIVATE KEY': 'sec1',
  'RSA PRIVATE KEY': 'pkcs1',
};

function requirePassword(password: string | Uint8Array | undefined): string | Uint8Array {
  if (password === undefined) throw keyPasswordMissing();
  return password;
}

/** `decrypted`: padding passes by chance for 1 of 256 wrong passwords, so what is no key then was a wrong password. */
function importKey(der: Buffer, type: 'pkcs1' | 'pkcs8' | 'sec1', decrypted: boolean): KeyObject {
  try {
    return createPrivateKey({ key: der, format: 'der', type });
  } catch (cause) {
    if (decrypted) throw keyPasswordWrong();
    throw keyFormat('malformed', cause);
  }
}

/** RFC 1421 encryption as OpenSSL does it: EVP_BytesToKey with MD5, one round, the first 8 IV bytes as salt. */
function decryptTraditional(block: PemBlock, password: string | Uint8Array): Buffer {
  const [name = '', ivHex = ''] = (block.headers.get('DEK-Info') ?? '').split(',').map((part) => part.trim());
  const cipher = Object.entries(cbcCiphers).find(([known]) => known === name)?.[1];
  if (!cipher) throw keyFormat(`is encrypted with unsupported cipher ${name.slice(0, 40) || '(none)'}`);
  const iv = Buffer.from(ivHex, 'hex');
  if (iv.length !== cipher.ivBytes) throw keyFormat('has a malformed DEK-Info header');
  let key = Buffer.alloc(0);
  let digest = Buffer.alloc(0);
  while (key.length < cipher.keyBytes) {
    digest = createHash('md5').update(digest).update(password).update(iv.subarray(0, 8)).digest();
    key = Buffer.concat([key, digest]);
  }
  return decryptCbc(cipher, key.subarray(0, cipher.keyBytes), iv, block.der);
}

const curves = ['prime256v1', 'secp224r1', 'secp384r1', 'secp521r1'];

/** X25519, DSA and odd curves can be imported by Node but sign nothing here. */
function requireSupported(key: KeyObject): KeyObject {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'rsa' || type === 'ed25519') return key;
  if (type === 'ec' && curves.includes(details?.namedCurve ?? '')) return key;
  const kind = type === 'ec' ? `curve ${details?.namedCurve ?? 'without a name'}` : `type ${type}`;
  throw keyFormat(`keys of ${kind} are not used here`);
}
