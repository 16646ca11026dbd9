/**
 * A recorded request made good for another CA at another time: the same in every respect, with tokens, certificates and
 * times of here and now. What was wrong with the original stays wrong: a signature that did not verify is replaced by one
 * that does not, a certificate of another authority by one of another authority.
 */
import { createHash, createPublicKey, type JsonWebKey, type KeyObject, verify } from 'node:crypto';
import { encodePrivateKeyPem, generatePrivateKey, publicKeyDer } from '../../../lib/crypto/index.ts';
import { encodePem, parsePem } from '../../../lib/encoding/index.ts';
import { type JwtAlgorithm, signJwt } from '../../../lib/jwt/index.ts';
import {
  buildCertificateRequest,
  buildRootCertificate,
  type Certificate,
  createLeafIssuer,
  fingerprint,
  listSans,
  parseCertificate,
  parseCertificateChainPem,
  parseCertificateRequest,
  verifyIssuedBy,
} from '../../../lib/x509/index.ts';
import { type Exchange, type JsonObject, loadExchanges, recordedAt } from './exchange.ts';
import type { GoldenCa } from './golden-ca.ts';
import { encodeRequest } from './raw-request.ts';

/** The recorded CA, as far as its own answers tell. */
const recorded = readRecordedCa();

export type ClientCertificate = {
  readonly certificate: Certificate;
  readonly key: KeyObject;
  readonly chainPem: string;
};

export class Rebuilder {
  readonly #ca: GoldenCa;
  readonly #foreignKey: KeyObject;
  readonly #leaves = new Map<string, ClientCertificate>();
  readonly #tokens = new Map<string, string>();
  /** Recorded texts and what they are here. */
  readonly #replacements: (readonly [string, string])[];

  private constructor(ca: GoldenCa, foreignKey: KeyObject) {
    this.#ca = ca;
    this.#foreignKey = foreignKey;
    const own = fingerprint(ca.root.der);
    this.#replacements = [
      ...spellings(recorded.rootFingerprint).map((text, index) => [text, spellings(own)[index] ?? ''] as const),
      [recorded.kid, ca.provisionerKey.kid],
      [recorded.encryptedKey, ca.encryptedKey],
      [recorded.rootPem, encodePem('CERTIFICATE', ca.root.der)],
      [recorded.intermediatePem, encodePem('CERTIFICATE', ca.issuer.certificate.der)],
    ];
  }

  static async for(ca: GoldenCa): Promise<Rebuilder> {
    return new Rebuilder(ca, await generatePrivateKey());
  }

  /** Another text that stands for one of the recorded CA from now on, such as a cursor. */
  replace(text: string, own: string): void {
    this.#replacements.push([text, own]);
  }

  async request(exchange: Exchange): Promise<Buffer> {
    const { method, path, headers, tokenDecoded } = exchange.request;
    const shift = this.#shift(exchange);
    const token = tokenDecoded ? await this.#token(exchange, shift) : undefined;
    const rebuilt = headers.map(([name, value]) => {
      const authorization = name === 'Authorization' && token !== undefined;
      return [name, authorization ? value.replace(/\S+$/, token) : value] as const;
    });
    const body = await this.#body(exchange, token, shift);
    return encodeRequest(method, this.text(path, shift), rebuilt, body);
  }

  /** Recorded text with identifiers and times of here. */
  text(text: string, shift: number): string {
    let result = text;
    for (const [from, to] of this.#replacements) result = result.replaceAll(from, to);
    return result
      .replace(/\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2} \+0000 UTC/g, (time) => {
        const moved = new Date(Date.parse(`${time.slice(0, 10)}T${time.slice(11, 19)}Z`) + shift);
        return `${moved.toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;
      })
      .replace(/\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z/g, (time) =>
        new Date(Date.parse(time) + shift).toISOString().replace('.000Z', 'Z'),
      );
  }

  /** What the recorded answer would be here. */
  expectedBody(exchange: Exchange): unknown {
    const { body } = exchange.response;
    if (body === null || body === undefined) return undefined;
    return JSON.parse(
      this.text(JSON.stringify(body).replaceAll('\\n', '\n'), this.#shift(exchange)).replaceAll('\n', '\\n'),
    );
  }

  /** Extension values with the key identifiers and the kid of here. */
  extension(value: string): string {
    const hex = (text: string): string => Buffer.from(text).toString('hex');
    return value
      .replaceAll(hex(recorded.kid), hex(this.#ca.provisionerKey.kid))
      .replaceAll(recorded.issuerKeyId, this.#ca.issuer.certificate.subjectKeyId?.toString('hex') ?? '');
  }

  #shift(exchange: Exchange): number {
    return this.#ca.now - (recordedAt(exchange) ?? recorded.lastAnswerAt);
  }

  async #body(exchange: Exchange, token: string | undefined, shift: number): Promise<string> {
    const { body, headers } = exchange.request;
    const length = Number(headers.find(([name]) => name === 'Content-Length')?.[1] ?? 0);
    if (length === 0) return '';
    if (typeof body === 'string') return this.#bodyText(exchange, body, length, token);
    if (typeof body !== 'object' || body === null) return JSON.stringify(body);
    const members = await Promise.all(
      Object.entries(body).map(async ([name, value]) => [
        name,
        await this.#member(exchange, name, value, token, shift),
      ]),
    );
    return JSON.stringify(Object.fromEntries(members));
  }

  async #member(exchange: Exchange, name: string, value: unknown, token: string | undefined, shift: number) {
    if (typeof value !== 'string') return value;
    if (/^ott$/i.test(name)) return token ?? value;
    if (/^csr$/i.test(name)) return this.#csr(exchange, value);
    return this.text(value, shift);
  }

  /** A body that is no single JSON value: the token in it is replaced where it stands. */
  #bodyText(exchange: Exchange, text: string, length: number, token: string | undefined): string {
    if (text.startsWith('<')) return oversized(length);
    const original = /"ott":"([^"]+)"/.exec(text)?.[1];
    return original && token && exchange.request.tokenDecoded ? text.replace(original, token) : text;
  }

  /** As recorded, byte for byte, but for a request with the key of the client certificate. */
  async #csr(exchange: Exchange, pem: string): Promise<string> {
    const [leafPem] = exchange.request.clientCertificate ?? [];
    if (leafPem === undefined) return pem;
    const [leaf] = parseCertificateChainPem(leafPem);
    const [block] = parsePem(pem);
    if (!leaf || !block) return pem;
    const csr = parseCertificateRequest(block.der);
    if (!csr.publicKeyDer.equals(leaf.publicKeyDer)) return pem;
    const { key } = await this.leaf(leaf, exchange);
    const request = { commonName: csr.commonName, sans: listSans(csr.sans), key };
    return encodePem('CERTIFICATE REQUEST', buildCertificateRequest(request));
  }

  /** A token that was sent twice is made once: what it is told apart by may be its bytes. */
  async #token(exchange: Exchange, shift: number): Promise<string> {
    const original = tokenOf(exchange);
    if (original === undefined) throw new Error(`${exchange.name}: no token found`);
    const known = this.#tokens.get(original) ?? (await this.#makeToken(exchange, original, shift));
    this.#tokens.set(original, known);
    return known;
  }

  async #makeToken(exchange: Exchange, original: string, shift: number): Promise<string> {
    const { tokenDecoded } = exchange.request;
    if (!tokenDecoded) throw new Error(`${exchange.name}: the token is not taken apart`);
    const claims = this.#claims(tokenDecoded.claims, shift);
    const { alg, x5c, x5cInsecure, ...header } = tokenDecoded.header;
    const chain = x5cInsecure ?? x5c;
    if (!Array.isArray(chain)) {
      const good = isSignedBy(original, recorded.provisionerKey);
      const key = good ? this.#ca.provisionerKey.key : this.#foreignKey;
      const kid = header.kid === recorded.kid ? this.#ca.provisionerKey.kid : header.kid;
      return signJwt({ header: { ...header, kid }, claims, key, alg: alg as JwtAlgorithm });
    }
    const [leaf, ...above] = chain.map((text: string) => parseCertificate(Buffer.from(text, 'base64')));
    if (!leaf) throw new Error(`${exchange.name}: no leaf in the token`);
    const own = await this.leaf(leaf, exchange);
    const ownChain = [own.certificate, ...above.map(() => this.#ca.issuer.certificate)];
    const name = x5cInsecure === undefined ? 'x5c' : 'x5cInsecure';
    return signJwt({
      header: { ...header, [name]: ownChain.map(({ der }) => der.toString('base64')) },
      claims,
      key: isSignedBy(original, leaf.publicKey) ? own.key : this.#foreignKey,
      alg: alg as JwtAlgorithm,
    });
  }

  #claims(claims: JsonObject, shift: number): JsonObject {
    const moved = Object.entries(claims).map(([name, value]) => {
      if (['exp', 'nbf', 'iat'].includes(name) && typeof value === 'number') return [name, value + shift / 1000];
      if (name === 'sha') return [name, fingerprint(this.#ca.root.der)];
      return [name, value];
    });
    return Object.fromEntries(moved);
  }

  /** The client certificate of an exchange, with its key. */
  async clientCertificate(exchange: Exchange): Promise<ClientCertificate | undefined> {
    const [leafPem, ...above] = exchange.request.clientCertificate ?? [];
    const [leaf] = leafPem === undefined ? [] : parseCertificateChainPem(leafPem);
    if (!leaf) return undefined;
    const own = await this.leaf(leaf, exchange);
    const chain = [own.certificate, ...above.map(() => this.#ca.issuer.certificate)];
    return { ...own, chainPem: chain.map(({ der }) => encodePem('CERTIFICATE', der)).join('') };
  }

  /** A leaf like the recorded one, made once: same names, serial number, life and provisioner. */
  async leaf(original: Certificate, exchange: Exchange): Promise<ClientCertificate> {
    const id = fingerprint(original.der);
    const known = this.#leaves.get(id);
    if (known) return known;
    const key = await generatePrivateKey();
    const shift = this.#shift(exchange);
    const ours = verifyIssuedBy(original, recorded.intermediate);
    const issuer = ours ? this.#ca.issuer : await foreignIssuer(this.#ca.now);
    const der = issuer.issue({
      subject: { commonName: original.commonName },
      sans: original.sans,
      serial: original.serial,
      notBefore: original.notBefore + shift,
      notAfter: original.notAfter + shift,
      publicKeyDer: publicKeyDer(key),
      ...(original.provisioner
        ? { provisioner: { ...original.provisioner, credentialId: this.#ca.provisionerKey.kid } }
        : {}),
    });
    const certificate = parseCertificate(der);
    const leaf = { certificate, key, chainPem: encodePem('CERTIFICATE', der) };
    this.#leaves.set(id, leaf);
    return leaf;
  }
}

export const keyPemOf = ({ key }: ClientCertificate): string => encodePrivateKeyPem(key);

async function foreignIssuer(now: number) {
  const key = await generatePrivateKey();
  const life = { notBefore: now - 86_400_000, notAfter: now + 86_400_000 };
  return createLeafIssuer(
    parseCertificate(buildRootCertificate({ subject: { commonName: 'evil' }, key, ...life })),
    key,
  );
}

/** The description of a huge body stands for a request padded to that length. */
const oversized = (length: number): string => `{"csr":"${'x'.repeat(Math.max(length - 10, 0))}"}`;

/** Hex in the ways that requests spell it. */
function spellings(hex: string): string[] {
  const pairs = hex.toUpperCase().match(/../g) ?? [];
  const colons = pairs.join(':');
  return [hex, hex.toUpperCase(), pairs.join('-'), colons, colons.toLowerCase(), pairs.join('-').toLowerCase()];
}

function tokenOf({ request }: Exchange): string | undefined {
  const authorization = request.headers.find(([name]) => name === 'Authorization')?.[1];
  return /eyJ[\w-]+\.[\w-]+\.[\w-]*/.exec(authorization ?? JSON.stringify(request.body))?.[0];
}

/** ES256 only: what the recordings use for keys they keep. */
function isSignedBy(token: string, key: KeyObject): boolean {
  const [header = '', claims = '', signature = ''] = token.split('.');
  return verify(
    'sha256',
    Buffer.from(`${header}.${claims}`),
    { key, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
}

function readRecordedCa() {
  const read = loadExchanges('read');
  const body = (name: string) => read.find((exchange) => exchange.name === name)?.response.body;
  const { provisioners } = body('provisioners') as {
    provisioners: { key: JsonWebKey & { kid: string }; encryptedKey: string }[];
  };
  const [provisioner] = provisioners;
  const rootPem = body('roots.pem') as string;
  const intermediatePem = body('intermediates.pem') as string;
  const [root] = parseCertificateChainPem(rootPem);
  const [intermediate] = parseCertificateChainPem(intermediatePem);
  if (!provisioner || !root || !intermediate) throw new Error('the recordings do not show their CA');
  const answered = (['renew', 'revoke'] as const).flatMap(loadExchanges).map((exchange) => recordedAt(exchange) ?? 0);
  return {
    kid: provisioner.key.kid,
    provisionerKey: createPublicKey({ key: provisioner.key, format: 'jwk' }),
    encryptedKey: provisioner.encryptedKey,
    rootPem,
    rootFingerprint: createHash('sha256').update(root.der).digest('hex'),
    intermediatePem,
    intermediate,
    issuerKeyId: intermediate.subjectKeyId?.toString('hex') ?? '',
    lastAnswerAt: Math.max(...answered),
  };
}
