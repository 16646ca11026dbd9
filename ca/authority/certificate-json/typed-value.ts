/**
 * Values that templates give as text with a type before a colon, `utf8:…`, `int:…`, `raw:…` (base64 of DER): what
 * names of other kinds hold, and what asn1Enc makes. Types and limits are step's.
 */
import { boolean, contextTag, integer, oid, Tag, tlv } from '../../../lib/encoding/index.ts';
import { parseIp } from '../../../lib/x509/index.ts';

/** Why a value cannot be written. */
export class ValueProblem extends Error {}

const refuse = (problem: string): never => {
  throw new ValueProblem(problem);
};

const numericString = 0x12;

const stringTypes: Readonly<Record<string, { readonly tag: number; readonly allowed: RegExp }>> = {
  utf8: { tag: Tag.utf8String, allowed: /^[^\ud800-\udfff]*$/u },
  ia5: { tag: Tag.ia5String, allowed: /^[\p{ASCII}]*$/u },
  numeric: { tag: numericString, allowed: /^[0-9 ]*$/ },
  printable: { tag: Tag.printableString, allowed: /^[A-Za-z0-9 '()+,\-./:=?*&]*$/ },
};

/** DER of `TYPE:value`; printable without a type. @throws {ValueProblem} */
export function encodeTypedValue(text: string): Buffer {
  const colon = text.indexOf(':');
  return encodeValue(text.slice(colon + 1), colon < 0 ? 'printable' : text.slice(0, colon));
}

/** The same inside of [0] EXPLICIT, as names of other kinds want it; `raw` is left as it is. @throws {ValueProblem} */
export function encodeExplicitValue(text: string): Buffer {
  const der = encodeTypedValue(text);
  return text.startsWith('raw:') ? der : tlv(contextTag(0, true), der);
}

function encodeValue(value: string, type: string): Buffer {
  switch (type) {
    case 'int':
      return /^[+-]?\d{1,19}$/.test(value) ? integer(BigInt(value)) : refuse('invalid int value');
    case 'oid':
      return encodeOid(value);
    case 'raw':
      return decodeBase64(value);
    case 'bool':
    case 'boolean':
      if (/^(1|t|T|true|TRUE|True)$/.test(value)) return boolean(true);
      return /^(0|f|F|false|FALSE|False)$/.test(value) ? boolean(false) : refuse('invalid bool value');
    case 'utc':
    case 'generalized':
      return encodeTime(value, type);
    default: {
      const { tag, allowed } = stringTypes[type] ?? {
        tag: Tag.printableString,
        allowed: /^[A-Za-z0-9 '()+,\-./:=?*&]*$/,
      };
      return allowed.test(value) ? tlv(tag, Buffer.from(value, 'utf8')) : refuse(`invalid ${type} value`);
    }
  }
}

/** An identifier that DER can say. @throws {ValueProblem} */
export function encodeOid(text: string): Buffer {
  if (!/^\d{1,10}(\.\d{1,10})+$/.test(text)) refuse(`${JSON.stringify(text)} is not an object identifier`);
  try {
    return oid(text);
  } catch {
    return refuse(`${JSON.stringify(text)} is not an object identifier`);
  }
}

/** Standard alphabet with padding, line feeds passed over, as Go. @throws {ValueProblem} */
export function decodeBase64(text: string): Buffer {
  const plain = text.replace(/[\r\n]/g, '');
  if (plain.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(plain)) refuse('not base64');
  return Buffer.from(plain, 'base64');
}

/** RFC 3339, or as Go prints a time: `2026-11-23 05:28:49 +0000 UTC`. */
function encodeTime(value: string, type: 'utc' | 'generalized'): Buffer {
  const iso = value.replace(/^(\S+) (\S+) ([+-]\d\d)(\d\d) \S+$/, '$1T$2$3:$4');
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(iso) ? Date.parse(iso) : Number.NaN;
  if (Number.isNaN(ms)) refuse(`invalid ${type} value`);
  const digits = `${new Date(ms).toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`;
  const year = Number(digits.slice(0, 4));
  if (type === 'generalized') return tlv(Tag.generalizedTime, Buffer.from(digits, 'latin1'));
  if (year < 1950 || year > 2049) refuse('time out of the range of UTCTime');
  return tlv(Tag.utcTime, Buffer.from(digits.slice(2), 'latin1'));
}

/** Addresses in CIDR notation. @throws {ValueProblem} */
export function parseRange(text: string): { readonly octets: Buffer; readonly bits: number } {
  const [, address = '', length = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const octets = parseIp(address);
  const bits = Number(length);
  if (!octets || bits > octets.length * 8) return refuse(`${JSON.stringify(text)} is not a range of addresses`);
  return { octets, bits };
}
