/** step's functions that write ASN.1, as base64: asn1Enc, asn1Marshal, asn1Seq and asn1Set. */
import { FunctionError } from '../../../errors.ts';
import type { TemplateFunction } from '../../../execution/functions.ts';
import type { Budget } from '../../../limits.ts';
import { parseInteger } from '../../../text/numbers.ts';
import { quote } from '../../../text/quoting.ts';
import { List, type Value } from '../../../values.ts';
import { fixed, type Named, textArgument, variadic } from '../declare.ts';
import { rfc3339 } from '../time/layout-names.ts';
import { parseTime } from '../time/parsing.ts';
import { utc } from '../time/zones.ts';
import { decodeBase64, encodeBase64 } from './base64.ts';
import { constructed, isUtf8, marshal, partBytes } from './marshal.ts';

const stringTypes = ['utf8', 'ia5', 'numeric', 'printable'];
const timeTypes = ['utc', 'generalized'];
const ownTypes = ['int', 'oid', 'bool', 'boolean', 'raw'];

/** Which bytes a text of the type may have. */
const texts: Readonly<Record<string, (text: string) => boolean>> = {
  utf8: isUtf8,
  ia5: (text) => !/[\x80-\xff]/.test(text),
  numeric: (text) => /^[0-9 ]*$/.test(text),
  printable: (text) => /^[A-Za-z0-9'()+,\-./ :=?*&]*$/.test(text),
};

/** The text as a value of the type that the parameters say, `printable` when they say none. */
function encodeTyped(text: string, given: string, budget: Budget): string {
  budget.make(given.length * partBytes);
  const parts = given.split(',').filter((part) => part !== '');
  const type = parts.findLast((part) => [...stringTypes, ...timeTypes, ...ownTypes].includes(part)) ?? '';
  const parameters = parts.filter((part) => !ownTypes.includes(part)).join(',');
  switch (type) {
    case 'raw':
      return decodeBase64(text);
    case 'int':
      return marshal(intOf(text), parameters, budget);
    case 'oid':
      return marshal(oidOf(text), parameters, budget);
    case 'bool':
    case 'boolean':
      return marshal(boolOf(text), parameters, budget);
    case 'utc':
    case 'generalized':
      return marshal(timeOf(text, type, budget), parameters, budget);
    default: {
      const fits = texts[type] ?? texts.printable;
      if (!fits?.(text)) throw new FunctionError(`invalid ${texts[type] ? type : 'printable'} value`);
      return marshal(text, parameters, budget);
    }
  }
}

function intOf(text: string): bigint {
  const { value, problem } = parseInteger(text, 10, 64, true);
  if (!problem) return value;
  const why = problem === 'range' ? 'value out of range' : 'invalid syntax';
  throw new FunctionError(`invalid int value: strconv.Atoi: parsing ${quote(text)}: ${why}`);
}

function oidOf(text: string): Value {
  const arcs = text === '' ? [] : text.split('.').map((arc) => parseInteger(arc, 10, 64, true));
  if (arcs.some(({ problem }) => problem)) {
    throw new FunctionError(`invalid oid value: error unmarshaling json: ${text} is not an ASN1 object identifier`);
  }
  return new List(
    arcs.map(({ value }) => value),
    'int',
    { type: 'asn1.ObjectIdentifier' },
  );
}

function boolOf(text: string): boolean {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text)) return false;
  throw new FunctionError(`invalid bool value: strconv.ParseBool: parsing ${quote(text)}: invalid syntax`);
}

/** As a time prints itself, or RFC 3339. */
function timeOf(text: string, type: string, budget: Budget): Value {
  const printed = parseTime('2006-01-02 15:04:05.999999999 -0700 MST', text, utc, utc, budget);
  if (typeof printed !== 'string') return printed;
  const time = parseTime(rfc3339, text, utc, utc, budget);
  if (typeof time === 'string') throw new FunctionError(`invalid ${type} value: ${printed}`);
  return time;
}

const joining = (type: 'sequence' | 'set'): TemplateFunction =>
  variadic(['string'], (parts, budget) => {
    const body = parts.map((part) => decodeBase64(textArgument(part))).join('');
    budget.make(body.length * 2);
    return encodeBase64(constructed(type, body));
  });

export const asn1Functions: Named = {
  asn1Enc: fixed(['string'], ([given], budget) => {
    const text = textArgument(given);
    const colon = text.indexOf(':');
    const der =
      colon < 0
        ? encodeTyped(text, 'printable', budget)
        : encodeTyped(text.slice(colon + 1), text.slice(0, colon), budget);
    budget.make(der.length * 2);
    return encodeBase64(der);
  }),
  asn1Marshal: variadic(['any', 'string'], ([value = null, ...parameters], budget) => {
    const der = marshal(value, parameters.map(textArgument).join(','), budget);
    budget.make(der.length * 2);
    return encodeBase64(der);
  }),
  asn1Seq: joining('sequence'),
  asn1Set: joining('set'),
};
