/**
 * A certificate request as templates see it (`.Insecure.CR`): the struct CertificateRequest of step's package x509util
 * field by field, with the types of Go behind it as far as templates can tell them apart.
 */
import {
  bytesList,
  Integer,
  List,
  Struct,
  type StructField,
  stringList,
  toByteString,
  type Value,
} from '../../../lib/gotemplate/index.ts';
import { type CertificateRequest, type KeyUsage, keyUsages } from '../../../lib/x509/index.ts';
import { indexOfExtendedKeyUsage } from '../certificate-json/extended-key-usage.ts';
import type { NameJson } from '../certificate-json/name.ts';
import { type ExtensionJson, type RequestJson, showRequest } from '../certificate-json/request.ts';
import { showPublicKey, showPublicKeyAlgorithm } from './public-key-value.ts';
import { showUrl } from './url-value.ts';

export function showRequestToTemplates(csr: CertificateRequest): Struct {
  const json = showRequest(csr);
  const hidden = (value: Value, boxed = false): StructField => ({ value, boxed, json: '' });
  return new Struct(
    'x509util.CertificateRequest',
    {
      Version: { value: BigInt(json.version), json: 'version' },
      Subject: { value: showSubject(json.subject), json: 'subject' },
      RawSubject: { value: bytesOf(json.rawSubject), json: 'rawSubject' },
      DNSNames: { value: multiString(json.dnsNames), json: 'dnsNames' },
      EmailAddresses: { value: multiString(json.emailAddresses), json: 'emailAddresses' },
      IPAddresses: { value: showAddresses(json.ipAddresses), json: 'ipAddresses' },
      URIs: { value: showUrls(json.uris), json: 'uris' },
      SANs: { value: new List([], 'x509util.SubjectAlternativeName', { isNil: true }), json: 'sans' },
      Extensions: { value: showExtensions(json.extensions), json: 'extensions' },
      KeyUsage: { value: showKeyUsage(json.keyUsage ?? []), json: 'keyUsage' },
      ExtKeyUsage: { value: showExtendedKeyUsage(json.extKeyUsage), json: 'extKeyUsage' },
      UnknownExtKeyUsage: { value: showOids(json.unknownExtKeyUsage), json: 'unknownExtKeyUsage' },
      BasicConstraints: { value: showConstraints(json.basicConstraints), json: 'basicConstraints' },
      SignatureAlgorithm: {
        value: new Integer('x509util.SignatureAlgorithm', 0n, undefined, ''),
        json: 'signatureAlgorithm',
      },
      ChallengePassword: hidden(''),
      PublicKey: hidden(showPublicKey(csr), true),
      PublicKeyAlgorithm: hidden(showPublicKeyAlgorithm(csr)),
      Signature: hidden(bytesList(csr.signature.toString('latin1'))),
      Signer: hidden(null),
    },
    { pointer: true },
  );
}

/** The subject of a request, or the one that a token asks for. */
export function showSubject(name: NameJson): Struct {
  const list = (texts: readonly string[] | undefined, json: string): StructField => ({
    value: multiString(texts ?? null),
    json,
    omitEmpty: true,
  });
  const single = (text: string | undefined, json: string): StructField => ({
    value: toByteString(text ?? ''),
    json,
    omitEmpty: true,
  });
  return new Struct('x509util.Subject', {
    Country: list(name.country, 'country'),
    Organization: list(name.organization, 'organization'),
    OrganizationalUnit: list(name.organizationalUnit, 'organizationalUnit'),
    Locality: list(name.locality, 'locality'),
    Province: list(name.province, 'province'),
    StreetAddress: list(name.streetAddress, 'streetAddress'),
    PostalCode: list(name.postalCode, 'postalCode'),
    SerialNumber: single(name.serialNumber, 'serialNumber'),
    CommonName: single(name.commonName, 'commonName'),
    ExtraNames: { value: showExtraNames(name.extraNames), json: 'extraNames', omitEmpty: true },
  });
}

const bytesOf = (base64: string): List => bytesList(Buffer.from(base64, 'base64').toString('latin1'));

const multiString = (texts: readonly string[] | null): List =>
  new List((texts ?? []).map(toByteString), 'string', { isNil: texts === null, type: 'x509util.MultiString' });

/** Go prints one as its numbers; in JSON it is text. */
const showOid = (oid: string): Struct =>
  new Struct('x509util.ObjectIdentifier', {}, { text: `[${oid.replaceAll('.', ' ')}]`, jsonValue: oid });

const showOids = (oids: readonly string[] | null): List =>
  new List(
    (oids ?? []).map((oid) => new Struct('asn1.ObjectIdentifier', {}, { text: oid, jsonValue: oid })),
    'asn1.ObjectIdentifier',
    { isNil: oids === null, type: 'x509util.UnknownExtKeyUsage' },
  );

function showExtraNames(names: NameJson['extraNames']): List {
  const items = (names ?? []).map(
    ({ type, value }) =>
      new Struct('x509util.DistinguishedName', {
        Type: { value: showOid(type), json: 'type' },
        Value: { value: typeof value === 'string' ? toByteString(value) : null, boxed: true, json: 'value' },
      }),
  );
  return new List(items, 'x509util.DistinguishedName', { isNil: names === undefined });
}

const showAddresses = (addresses: readonly string[] | null): List =>
  new List(
    (addresses ?? []).map((text) => new Struct('net.IP', {}, { text, jsonValue: text })),
    'net.IP',
    { isNil: addresses === null, type: 'x509util.MultiIP' },
  );

const showUrls = (urls: readonly string[] | null): List =>
  new List((urls ?? []).map(showUrl), '*url.URL', {
    isNil: urls === null,
    type: 'x509util.MultiURL',
    jsonValue: stringList((urls ?? []).map(toByteString), urls === null),
  });

function showExtensions(extensions: readonly ExtensionJson[] | null): List {
  const items = (extensions ?? []).map(
    ({ id, critical, value }) =>
      new Struct('x509util.Extension', {
        ID: { value: showOid(id), json: 'id' },
        Critical: { value: critical, json: 'critical' },
        Value: { value: bytesOf(value), json: 'value' },
      }),
  );
  return new List(items, 'x509util.Extension', { isNil: extensions === null });
}

/** Bits in Go, names in JSON; none at all is null there. */
function showKeyUsage(usages: readonly KeyUsage[]): Integer {
  const bits = usages.reduce((all, usage) => all | (1 << keyUsages.indexOf(usage)), 0);
  return new Integer('x509util.KeyUsage', BigInt(bits), undefined, stringList([...usages], usages.length === 0));
}

/** Where Go prints another name than step's. */
const goUsages: Readonly<Record<string, string>> = {
  any: 'anyExtendedKeyUsage',
  ocspSigning: 'OCSPSigning',
  microsoftServerGatedCrypto: 'msSGC',
  netscapeServerGatedCrypto: 'nsSGC',
  microsoftCommercialCodeSigning: 'msCodeCom',
  microsoftKernelCodeSigning: 'msKernelCode',
};

/** Numbers in Go, in the order of its constants, with a name that is printed. */
const showExtendedKeyUsage = (names: readonly string[]): List =>
  new List(
    names.map((name) => new Integer('x509.ExtKeyUsage', BigInt(indexOfExtendedKeyUsage(name)), goUsages[name] ?? name)),
    'x509.ExtKeyUsage',
    { isNil: names.length === 0, type: 'x509util.ExtKeyUsage', jsonValue: stringList([...names]) },
  );

function showConstraints(constraints: RequestJson['basicConstraints']): Value {
  if (!constraints) return null;
  return new Struct(
    'x509util.BasicConstraints',
    {
      IsCA: { value: constraints.isCA, json: 'isCA' },
      MaxPathLen: { value: BigInt(constraints.maxPathLen), json: 'maxPathLen' },
    },
    { pointer: true },
  );
}
