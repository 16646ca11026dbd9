/**
 * Certificate requests (PKCS #10, RFC 2986) as no client of ours makes them: put together byte by byte, with keys, curves,
 * signatures and attributes that are odd, broken or hostile.
 */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { publicKeyDer } from '../../../lib/crypto/index.ts';
import {
  bitString,
  boolean,
  encodePem,
  integer,
  nullValue,
  octetString,
  oid,
  sequence,
  setOf,
  Tag,
  tlv,
} from '../../../lib/encoding/index.ts';
import type { Question } from './questions.ts';
import type { Workbench } from './workbench.ts';

type Parts = {
  readonly key?: KeyObject;
  readonly version?: Buffer;
  readonly subject?: Buffer;
  /** SubjectPublicKeyInfo. */
  readonly publicKey?: Buffer;
  readonly attributes?: Buffer;
  /** Extensions of the extensionRequest attribute. */
  readonly extensions?: readonly Buffer[];
  readonly algorithm?: Buffer;
  readonly hash?: string | null;
  readonly signature?: (signature: Buffer) => Buffer;
  readonly whole?: (der: Buffer) => Buffer;
};

const utf8 = (text: string): Buffer => tlv(Tag.utf8String, Buffer.from(text));
const rdn = (type: string, value: Buffer): Buffer => setOf(sequence(oid(type), value));
const commonName = '2.5.4.3';
const web = sequence(rdn(commonName, utf8('web.test')));
const extension = (id: string, value: Buffer, critical = false): Buffer =>
  sequence(oid(id), ...(critical ? [boolean(true)] : []), octetString(value));
const dns = (name: string): Buffer => tlv(0x82, Buffer.from(name));
const names = (...list: Buffer[]): Buffer => extension('2.5.29.17', sequence(...list));
const requested = (extensions: readonly Buffer[]): Buffer =>
  sequence(oid('1.2.840.113549.1.9.14'), setOf(sequence(...extensions)));
const ecdsaWith = (hash: 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512'): Buffer =>
  sequence(
    oid(
      {
        sha1: '1.2.840.10045.4.1',
        sha224: '1.2.840.10045.4.3.1',
        sha256: '1.2.840.10045.4.3.2',
        sha384: '1.2.840.10045.4.3.3',
        sha512: '1.2.840.10045.4.3.4',
      }[hash],
    ),
  );
const rsaWith = (id: string): Buffer => sequence(oid(`1.2.840.113549.1.1.${id}`), nullValue());

function build(parts: Parts, key: KeyObject): Buffer {
  const {
    version = integer(0),
    subject = web,
    publicKey = publicKeyDer(key),
    extensions = [names(dns('web.test'))],
    attributes = tlv(0xa0, requested(extensions)),
    algorithm = ecdsaWith('sha256'),
    hash = 'sha256',
    signature = (bytes) => bytes,
    whole = (der) => der,
  } = parts;
  const info = sequence(version, subject, publicKey, attributes);
  return whole(sequence(info, algorithm, bitString(signature(sign(hash, info, key)))));
}

const odd = (name: string, make: (bench: Workbench) => Promise<Parts> | Parts): Question => ({
  name: `request: ${name}`,
  body: async (bench) => {
    const parts = await make(bench);
    const der = build(parts, parts.key ?? (await bench.keyOf('EC-P256')));
    return JSON.stringify({ csr: encodePem('CERTIFICATE REQUEST', der), ott: bench.token() });
  },
});

const made = new Map<string, KeyObject>();
/** Both CAs must see the same key, since its identifier is in the leaf. */
const once = (name: string, make: () => KeyObject): KeyObject => {
  const key = made.get(name) ?? make();
  made.set(name, key);
  return key;
};
const curve = (namedCurve: string): KeyObject =>
  once(namedCurve, () => generateKeyPairSync('ec', { namedCurve }).privateKey);
const rsa = (modulusLength: number, publicExponent = 65_537): KeyObject =>
  once(
    `rsa ${modulusLength} ${publicExponent}`,
    () => generateKeyPairSync('rsa', { modulusLength, publicExponent }).privateKey,
  );
const sha256WithRsa = rsaWith('11');

/** The public key of a P-256 request with other bytes in place of its point. */
const withPoint = (change: (point: Buffer) => Buffer) => async (bench: Workbench) => {
  const spki = publicKeyDer(await bench.keyOf('EC-P256'));
  const algorithm = sequence(oid('1.2.840.10045.2.1'), oid('1.2.840.10045.3.1.7'));
  return { publicKey: sequence(algorithm, bitString(change(Buffer.from(spki.subarray(-65))))) };
};

export const oddRequests: readonly Question[] = [
  odd('as it should be', () => ({})),
  // signature
  odd('a bit of the signature turned', () => ({
    signature: (bytes) => {
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
      return bytes;
    },
  })),
  odd('no signature', () => ({ signature: () => Buffer.alloc(0) })),
  odd('a signature of zeros', () => ({ signature: (bytes) => Buffer.alloc(bytes.length) })),
  odd('bytes after the signature', () => ({ signature: (bytes) => Buffer.concat([bytes, Buffer.alloc(1)]) })),
  odd('r and s without DER', async (bench) => {
    const key = await bench.keyOf('EC-P256');
    return { key, signature: () => sign('sha256', Buffer.alloc(1), { key, dsaEncoding: 'ieee-p1363' }) };
  }),
  odd('a negative r', () => ({ signature: () => sequence(integer(-5), integer(7)) })),
  odd('r and s one', () => ({ signature: () => sequence(integer(1), integer(1)) })),
  odd('signed by another key', async (bench) => ({ publicKey: publicKeyDer(await bench.keyOf('EC-P384')) })),
  ...(['sha1', 'sha224', 'sha384', 'sha512'] as const).map((hash) =>
    odd(`ECDSA with ${hash}`, () => ({ algorithm: ecdsaWith(hash), hash })),
  ),
  odd('another algorithm than it is signed with', () => ({ algorithm: ecdsaWith('sha384') })),
  odd('an RSA algorithm for an EC key', () => ({ algorithm: sha256WithRsa })),
  odd('an algorithm nobody knows', () => ({ algorithm: sequence(oid('1.2.3.4.5')) })),
  odd('ECDSA with parameters', () => ({ algorithm: sequence(oid('1.2.840.10045.4.3.2'), nullValue()) })),
  // keys
  ...['secp224r1', 'secp256k1', 'brainpoolP256r1', 'prime192v1'].map((name) =>
    odd(`a key on ${name}`, () => ({ key: curve(name) })),
  ),
  ...[1024, 2047, 2048, 4096].map((bits) =>
    odd(`RSA of ${bits} bits`, () => ({ key: rsa(bits), algorithm: sha256WithRsa })),
  ),
  odd('RSA with exponent 3', () => ({ key: rsa(2048, 3), algorithm: sha256WithRsa })),
  odd('RSA with SHA-1', () => ({ key: rsa(2048), algorithm: rsaWith('5'), hash: 'sha1' })),
  odd('RSA with MD5', () => ({ key: rsa(2048), algorithm: rsaWith('4'), hash: 'md5' })),
  odd('RSA with SHA-512', () => ({ key: rsa(2048), algorithm: rsaWith('13'), hash: 'sha512' })),
  odd('RSA without the NULL', () => ({ key: rsa(2048), algorithm: sequence(oid('1.2.840.113549.1.1.11')) })),
  odd('Ed25519', async (bench) => ({
    key: await bench.keyOf('Ed25519'),
    algorithm: sequence(oid('1.3.101.112')),
    hash: null,
  })),
  odd('Ed448', () => ({
    key: generateKeyPairSync('ed448').privateKey,
    algorithm: sequence(oid('1.3.101.113')),
    hash: null,
  })),
  odd('DSA', () => ({
    key: generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 256 }).privateKey,
    algorithm: sequence(oid('2.16.840.1.101.3.4.3.2')),
  })),
  odd('an X25519 key', () => ({ publicKey: publicKeyDer(generateKeyPairSync('x25519').privateKey) })),
  odd(
    'a point that is not on the curve',
    withPoint((point) => Buffer.concat([point.subarray(0, 64), Buffer.alloc(1)])),
  ),
  odd(
    'the point at infinity',
    withPoint(() => Buffer.alloc(1)),
  ),
  odd(
    'a compressed point',
    withPoint((point) => Buffer.concat([Buffer.from([2 + ((point[64] ?? 0) & 1)]), point.subarray(1, 33)])),
  ),
  odd(
    'a point that is cut short',
    withPoint((point) => point.subarray(0, 40)),
  ),
  odd('a key of an algorithm nobody knows', () => ({
    publicKey: sequence(sequence(oid('1.2.3.4')), bitString(Buffer.alloc(32))),
  })),
  odd('an EC key without its curve', () => ({
    publicKey: sequence(sequence(oid('1.2.840.10045.2.1')), bitString(Buffer.alloc(65, 4))),
  })),
  odd('an RSA key with exponent 1', () => ({
    publicKey: sequence(
      sequence(oid('1.2.840.113549.1.1.1'), nullValue()),
      bitString(sequence(integer(2n ** 2047n + 1n), integer(1))),
    ),
  })),
  odd('an RSA key with a negative modulus', () => ({
    publicKey: sequence(
      sequence(oid('1.2.840.113549.1.1.1'), nullValue()),
      bitString(sequence(integer(-(2n ** 2047n)), integer(65_537))),
    ),
  })),
  // structure
  odd('version 1', () => ({ version: integer(1) })),
  odd('version 2^64', () => ({ version: integer(2n ** 64n) })),
  odd('a version of -1', () => ({ version: integer(-1) })),
  odd('bytes after the end', () => ({ whole: (der) => Buffer.concat([der, Buffer.from([0])]) })),
  odd('two of them', () => ({ whole: (der) => Buffer.concat([der, der]) })),
  odd('a byte missing', () => ({ whole: (der) => der.subarray(0, -1) })),
  odd('an indefinite length', () => ({
    whole: (der) => Buffer.concat([Buffer.from([0x30, 0x80]), der.subarray(4), Buffer.alloc(2)]),
  })),
  odd('nothing', () => ({ whole: () => Buffer.alloc(0) })),
  odd('an empty sequence', () => ({ whole: () => sequence() })),
  odd('sequences 5000 deep', () => ({
    whole: () => {
      let der: Buffer = sequence();
      for (let depth = 0; depth < 5000; depth++) der = sequence(der);
      return der;
    },
  })),
  // attributes
  odd('no attributes', () => ({ attributes: tlv(0xa0) })),
  odd('the attributes left out', () => ({ attributes: Buffer.alloc(0) })),
  odd('no extensions', () => ({ extensions: [] })),
  odd('a challenge password', () => ({
    attributes: tlv(
      0xa0,
      sequence(oid('1.2.840.113549.1.9.7'), setOf(utf8('secret'))),
      requested([names(dns('web.test'))]),
    ),
  })),
  odd('an attribute without values', () => ({ attributes: tlv(0xa0, sequence(oid('1.2.3.4'), setOf())) })),
  odd('two extension requests', () => ({
    attributes: tlv(0xa0, requested([names(dns('web.test'))]), requested([names(dns('evil.test'))])),
  })),
  odd('two lists of names', () => ({ extensions: [names(dns('web.test')), names(dns('evil.test'))] })),
  odd('the same list of names twice', () => ({ extensions: [names(dns('web.test')), names(dns('web.test'))] })),
  odd('the extensions of a CA', () => ({
    extensions: [names(dns('web.test')), extension('2.5.29.19', sequence(boolean(true)), true)],
  })),
  odd('a key usage for signing certificates', () => ({
    extensions: [names(dns('web.test')), extension('2.5.29.15', bitString(Buffer.from([0x06]), 1), true)],
  })),
  odd('a critical extension nobody knows', () => ({
    extensions: [names(dns('web.test')), extension('1.2.3.4.5', Buffer.from('0500', 'hex'), true)],
  })),
  odd('an extension that is no DER', () => ({
    extensions: [names(dns('web.test')), extension('2.5.29.37', Buffer.from([1, 2, 3]))],
  })),
  // names
  odd('names that are critical', () => ({ extensions: [extension('2.5.29.17', sequence(dns('web.test')), true)] })),
  odd('an empty list of names', () => ({ extensions: [names()] })),
  odd('names with bytes after them', () => ({
    extensions: [extension('2.5.29.17', Buffer.concat([sequence(dns('web.test')), Buffer.alloc(1)]))],
  })),
  odd('a name with a NUL', () => ({ extensions: [names(dns('web.test\0.evil.test'))] })),
  odd('a name that is not ASCII', () => ({ extensions: [names(tlv(0x82, Buffer.from('wéb.test')))] })),
  odd('an empty name', () => ({ extensions: [names(dns(''))] })),
  odd('a name and an empty one', () => ({ extensions: [names(dns('web.test'), dns(''))] })),
  odd('a wildcard', () => ({ extensions: [names(dns('*.test'))] })),
  odd('a name with a trailing dot', () => ({ extensions: [names(dns('web.test.'))] })),
  odd('an address of five bytes', () => ({ extensions: [names(dns('web.test'), tlv(0x87, Buffer.alloc(5)))] })),
  odd('an address of no bytes', () => ({ extensions: [names(dns('web.test'), tlv(0x87))] })),
  odd('a URI that is none', () => ({ extensions: [names(dns('web.test'), tlv(0x86, Buffer.from('://')))] })),
  odd('a URI with a port that is none', () => ({
    extensions: [names(dns('web.test'), tlv(0x86, Buffer.from('https://web.test:x/')))],
  })),
  odd('an email that is none', () => ({ extensions: [names(dns('web.test'), tlv(0x81, Buffer.from('@@')))] })),
  odd('another name', () => ({
    extensions: [names(dns('web.test'), tlv(0xa0, oid('1.3.6.1.4.1.311.20.2.3'), tlv(0xa0, utf8('a@b'))))],
  })),
  odd('a directory name', () => ({ extensions: [names(dns('web.test'), tlv(0xa4, web))] })),
  odd('a registered id', () => ({ extensions: [names(dns('web.test'), tlv(0x88, oid('1.2.3').subarray(2)))] })),
  odd('a kind of name that is not there', () => ({
    extensions: [names(dns('web.test'), tlv(0x8f, Buffer.from('x')))],
  })),
  // subject
  odd('an empty subject', () => ({ subject: sequence() })),
  odd('more in the subject than the name', () => ({
    subject: sequence(
      rdn('2.5.4.6', tlv(Tag.printableString, Buffer.from('XX'))),
      rdn('2.5.4.10', utf8('Evil')),
      rdn(commonName, utf8('web.test')),
    ),
  })),
  odd('two common names', () => ({
    subject: sequence(rdn(commonName, utf8('web.test')), rdn(commonName, utf8('evil.test'))),
  })),
  odd('two common names, ours last', () => ({
    subject: sequence(rdn(commonName, utf8('evil.test')), rdn(commonName, utf8('web.test'))),
  })),
  odd('two names in one RDN', () => ({
    subject: sequence(setOf(sequence(oid(commonName), utf8('web.test')), sequence(oid('2.5.4.10'), utf8('Evil')))),
  })),
  odd('an empty RDN', () => ({ subject: sequence(setOf()) })),
  odd('a common name of 65 letters', () => ({ subject: sequence(rdn(commonName, utf8('a'.repeat(65)))) })),
  odd('a common name in PrintableString', () => ({
    subject: sequence(rdn(commonName, tlv(Tag.printableString, Buffer.from('web.test')))),
  })),
  odd('a common name in IA5String', () => ({
    subject: sequence(rdn(commonName, tlv(Tag.ia5String, Buffer.from('web.test')))),
  })),
  odd('a common name in T61String', () => ({
    subject: sequence(rdn(commonName, tlv(Tag.t61String, Buffer.from('web.test')))),
  })),
  odd('a common name in BMPString', () => ({
    subject: sequence(rdn(commonName, tlv(0x1e, Buffer.from('\0w\0e\0b\0.\0t\0e\0s\0t')))),
  })),
  odd('a common name that is a number', () => ({ subject: sequence(rdn(commonName, integer(5))) })),
  odd('a common name with bytes that are no UTF-8', () => ({
    subject: sequence(rdn(commonName, tlv(Tag.utf8String, Buffer.from([0xff, 0xfe])))),
  })),
  odd('a common name with a letter that PrintableString lacks', () => ({
    subject: sequence(rdn(commonName, tlv(Tag.printableString, Buffer.from('web@test')))),
  })),
];
