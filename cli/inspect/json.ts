/**
 * `certificate inspect --format json`: the members and their order are step's (zcrypto's), so that jq scripts keep
 * working. Pure. `signature.valid` is false for every certificate there: inspecting verifies nothing.
 */

import { createHash } from 'node:crypto';
import { isIPv4 } from 'node:net';
import type { NameAttribute } from '../../lib/x509/index.ts';
import { oids } from '../../lib/x509/index.ts';
import { curveName, keyBits, keyNumbers, withoutLeadingZeros } from './algorithms.ts';
import { decodeExtension, type ExtensionContent } from './extensions.ts';
import { isoSeconds } from './short.ts';
import { renderName } from './text.ts';
import type { CertificateView, SubjectView } from './view.ts';

type Json = Record<string, unknown>;

export function certificateJson(view: CertificateView): Json {
  const names = nameList(view);
  const unknown = view.extensions.filter((extension) => decodeExtension(extension).kind === 'unknown');
  return {
    version: view.version,
    serial_number: view.serial.toString(),
    signature_algorithm: view.signatureAlgorithm,
    issuer: nameJson(view.issuer),
    issuer_dn: renderName(view.issuer, ', '),
    validity: {
      start: isoSeconds(view.notBefore),
      end: isoSeconds(view.notAfter),
      length: (view.notAfter - view.notBefore) / 1000,
    },
    subject: nameJson(view.subject),
    subject_dn: renderName(view.subject, ', '),
    subject_key_info: keyJson(view),
    extensions: extensionsJson(view),
    ...(unknown.length > 0 && {
      unknown_extensions: unknown.map(({ oid, critical, value }) => ({ id: oid, critical, value: base64(value) })),
    }),
    signature: {
      signature_algorithm: view.signatureAlgorithm,
      value: base64(view.signature),
      valid: false,
      self_signed: view.selfSigned,
    },
    fingerprint_md5: digest('md5', view.der),
    fingerprint_sha1: digest('sha1', view.der),
    fingerprint_sha256: digest('sha256', view.der),
    tbs_noct_fingerprint: digest('sha256', view.tbsDer),
    spki_subject_fingerprint: digest('sha256', view.publicKeyDer, view.subjectDer),
    tbs_fingerprint: digest('sha256', view.tbsDer),
    validation_level: 'unknown',
    ...(names.length > 0 && { names }),
    redacted: names.some((name) => name.startsWith('?')),
  };
}

/** The members of step's output that say something; its dump of Go's key structure is left out. */
export function requestJson(view: SubjectView): Json {
  const { sans } = view;
  const list = (values: readonly string[]): readonly string[] | null => (values.length === 0 ? null : values);
  return {
    Raw: base64(view.der),
    RawTBSCertificateRequest: base64(view.tbsDer),
    RawSubjectPublicKeyInfo: base64(view.publicKeyDer),
    RawSubject: base64(view.subjectDer),
    Version: view.version,
    Signature: base64(view.signature),
    SignatureAlgorithm: view.signatureAlgorithm,
    PublicKeyAlgorithm: { name: view.keyAlgorithm },
    Subject: nameJson(view.subject),
    Extensions: view.extensions.map(({ oid, critical, value }) => ({ id: oid, critical, value: base64(value) })),
    DNSNames: list(sans.dns),
    EmailAddresses: list(sans.email),
    IPAddresses: list(sans.ip),
    URIs: list(sans.uri),
  };
}

const base64 = (bytes: Buffer): string => bytes.toString('base64');

function digest(algorithm: string, ...parts: readonly Uint8Array[]): string {
  const hash = createHash(algorithm);
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** Member names in the order they are printed. */
const nameMembers: readonly (readonly [member: string, oid: string])[] = [
  ['common_name', '2.5.4.3'],
  ['serial_number', '2.5.4.5'],
  ['country', '2.5.4.6'],
  ['locality', '2.5.4.7'],
  ['province', '2.5.4.8'],
  ['street_address', '2.5.4.9'],
  ['organization', '2.5.4.10'],
  ['organizational_unit', '2.5.4.11'],
  ['postal_code', '2.5.4.17'],
  ['domain_component', '0.9.2342.19200300.100.1.25'],
  ['email_address', '1.2.840.113549.1.9.1'],
  ['given_name', '2.5.4.42'],
  ['surname', '2.5.4.4'],
];

function nameJson(name: readonly NameAttribute[]): Json {
  const json: Json = {};
  for (const [member, oid] of nameMembers) {
    const values = name.filter((attribute) => attribute.oid === oid).map(({ value }) => value);
    if (values.length > 0) json[member] = values;
  }
  return json;
}

/** Domain parameters of the NIST curves (FIPS 186-4 D.1.2), big-endian hex; printed with every EC key. */
const curves: Readonly<Record<string, Readonly<Record<'p' | 'n' | 'b' | 'gx' | 'gy', string>>>> = {
  'P-256': {
    p: 'ffffffff00000001000000000000000000000000ffffffffffffffffffffffff',
    n: 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551',
    b: '5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b',
    gx: '6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296',
    gy: '4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
  },
  'P-384': {
    p: 'fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff',
    n: 'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
    b: 'b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef',
    gx: 'aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7',
    gy: '3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f',
  },
  'P-521': {
    p: `01${'ff'.repeat(65)}`,
    n: '01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409',
    // one byte shorter than the others: Go prints numbers without leading zeros
    b: '51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00',
    gx: 'c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66',
    gy: '011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650',
  },
};

function keyJson(view: SubjectView): Json {
  const info: Json = { key_algorithm: { name: view.keyAlgorithm } };
  const numbers = keyNumbers(view.publicKey, view.publicKeyDer);
  if (numbers.type === 'rsa') {
    info.rsa_public_key = {
      exponent: numbers.exponent,
      modulus: base64(numbers.modulus),
      length: keyBits(view.publicKey),
    };
  }
  if (numbers.type === 'ec') {
    const curve = curveName(view.publicKey);
    const parameters = curves[curve];
    const hex = (text: string | undefined): string | undefined => text && base64(Buffer.from(text, 'hex'));
    info.ecdsa_public_key = {
      b: hex(parameters?.b),
      curve,
      gx: hex(parameters?.gx),
      gy: hex(parameters?.gy),
      length: keyBits(view.publicKey),
      n: hex(parameters?.n),
      p: hex(parameters?.p),
      pub: base64(Buffer.concat([Buffer.from([4]), numbers.x, numbers.y])),
      x: base64(withoutLeadingZeros(numbers.x)),
      y: base64(withoutLeadingZeros(numbers.y)),
    };
  }
  return { ...info, fingerprint_sha256: digest('sha256', view.publicKeyDer) };
}

const extensionMembers: readonly (readonly [member: string, oid: string])[] = [
  ['key_usage', oids.keyUsage],
  ['basic_constraints', oids.basicConstraints],
  ['subject_alt_name', oids.subjectAltName],
  ['name_constraints', oids.nameConstraints],
  ['crl_distribution_points', oids.crlDistributionPoints],
  ['authority_key_id', oids.authorityKeyIdentifier],
  ['subject_key_id', oids.subjectKeyIdentifier],
  ['extended_key_usage', oids.extendedKeyUsage],
  ['certificate_policies', oids.certificatePolicies],
  ['authority_info_access', oids.authorityInfoAccess],
  ['step_provisioner', oids.provisioner],
];

function extensionsJson(view: CertificateView): Json {
  const json: Json = {};
  for (const [member, oid] of extensionMembers) {
    const extension = view.extensions.find((candidate) => candidate.oid === oid);
    if (!extension) continue;
    const content = decodeExtension(extension);
    if (content.kind !== 'unknown') json[member] = extensionJson(content, view, extension.critical);
  }
  return json;
}

function extensionJson(content: ExtensionContent, { sans }: CertificateView, critical: boolean): unknown {
  switch (content.kind) {
    case 'subject-key-id':
    case 'authority-key-id':
      return content.id.toString('hex');
    case 'key-usage':
      return {
        ...switches(content.bits.map((bit) => keyUsages[bit])),
        value: content.bits.reduce((sum, bit) => sum | (1 << bit), 0),
      };
    case 'extended-key-usage': {
      const known = Object.entries(extendedKeyUsages).filter(([oid]) => content.oids.includes(oid));
      const unknown = content.oids.filter((oid) => !(oid in extendedKeyUsages));
      return { ...switches(known.map(([, name]) => name)), ...(unknown.length > 0 && { unknown }) };
    }
    case 'subject-alt-name':
      return withoutEmpty({
        dns_names: sans.dns,
        email_addresses: sans.email,
        ip_addresses: sans.ip,
        other_names: content.otherNames.map(({ oid, value }) => ({ id: oid, value: base64(value) })),
        uniform_resource_identifiers: sans.uri,
      });
    case 'basic-constraints':
      return { is_ca: content.isCa, ...(content.pathLength !== undefined && { max_path_len: content.pathLength }) };
    case 'name-constraints':
      return {
        critical,
        ...subtreesJson('permitted', content.permitted),
        ...subtreesJson('excluded', content.excluded),
      };
    case 'crl-distribution-points':
      return content.urls;
    case 'certificate-policies':
      return content.oids.map((id) => ({ id }));
    case 'authority-info-access':
      return withoutEmpty({ ocsp_urls: content.ocsp, issuer_urls: content.issuers });
    case 'step-provisioner':
      return {
        ...(content.credentialId !== '' && { credentialID: content.credentialId }),
        name: content.name,
        type: content.type,
        ...pairsJson(content.pairs),
      };
    case 'unknown':
      return undefined;
  }
}

const keyUsages: readonly string[] = [
  'digital_signature',
  'content_commitment',
  'key_encipherment',
  'data_encipherment',
  'key_agreement',
  'certificate_sign',
  'crl_sign',
  'encipher_only',
  'decipher_only',
];

const extendedKeyUsages: Readonly<Record<string, string>> = {
  '1.3.6.1.5.5.7.3.9': 'ocsp_signing',
  '1.3.6.1.5.5.7.3.2': 'client_auth',
  '1.3.6.1.5.5.7.3.3': 'code_signing',
  '1.3.6.1.5.5.7.3.8': 'time_stamping',
  '1.3.6.1.5.5.7.3.1': 'server_auth',
  '1.3.6.1.5.5.7.3.5': 'ipsec_end_system',
  '1.3.6.1.5.5.7.3.7': 'ipsec_user',
  '1.3.6.1.5.5.7.3.4': 'email_protection',
  '2.5.29.37.0': 'any',
  '1.3.6.1.5.5.7.3.6': 'ipsec_tunnel',
};

const switches = (names: readonly (string | undefined)[]): Json =>
  Object.fromEntries(names.filter((name) => name !== undefined).map((name) => [name, true]));

const withoutEmpty = (members: Readonly<Record<string, readonly unknown[]>>): Json =>
  Object.fromEntries(Object.entries(members).filter(([, values]) => values.length > 0));

function subtreesJson(side: 'permitted' | 'excluded', subtrees: readonly string[]): Json {
  const of = (kind: string): string[] =>
    subtrees.filter((text) => text.startsWith(kind)).map((text) => text.slice(kind.length));
  return withoutEmpty({
    [`${side}_names`]: of('DNS:'),
    [`${side}_email_addresses`]: of('Email:'),
    [`${side}_ip_addresses`]: of('IP:').map((cidr) => ({ cidr })),
  });
}

/** Keys begin in lower case here, unlike in the extension. */
function pairsJson(pairs: readonly string[]): Json {
  const json: Json = {};
  for (let index = 0; index < pairs.length; index += 2) {
    const key = (pairs[index] ?? '').replace(/^[A-Z]/, (letter) => letter.toLowerCase());
    json[key] = pairs[index + 1] ?? '-';
  }
  return json;
}

/** Names a host can have, each once; zcrypto takes what looks like a URL. */
function nameList({ subject, sans }: SubjectView): string[] {
  const commonNames = subject.filter(({ oid }) => oid === '2.5.4.3').map(({ value }) => value);
  const hosts = commonNames.filter((name) => /^(\*\.|\?\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9-]+)+$/i.test(name));
  const urls = sans.uri.filter((uri) => /^(https?|ftp):/i.test(uri));
  return [...new Set([...hosts, ...sans.dns, ...urls, ...sans.ip.filter((ip) => isIPv4(ip))])];
}
