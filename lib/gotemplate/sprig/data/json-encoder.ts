/** Values as Go's encoding/json writes them: keys in order of their bytes, HTML escaped unless told otherwise. */
import { decodeRune, replacementRune } from '../../bytes.ts';
import { FunctionError } from '../../errors.ts';
import type { Budget } from '../../limits.ts';
import { formatFloat } from '../../text/floats.ts';
import { GoMap, Integer, integerOf, isTrue, List, Struct, type Value } from '../../values.ts';
import { Instant } from './time/instant.ts';

export type JsonStyle = {
  /** `<`, `>` and `&` as \u003c, \u003e and \u0026. */
  readonly escapeHtml: boolean;
  /** Two spaces a level. */
  readonly pretty: boolean;
};

/** @throws {FunctionError} for what JSON cannot say: NaN, infinities */
export function encodeJson(value: Value, style: JsonStyle, budget: Budget): string {
  const parts: string[] = [];
  const write = (text: string): void => {
    budget.make(text.length);
    parts.push(text);
  };
  writeValue(value, { ...style, budget, write }, 0);
  return parts.join('');
}

type Writer = JsonStyle & { readonly budget: Budget; readonly write: (text: string) => void };

function writeValue(value: Value, writer: Writer, depth: number): void {
  const { budget, write } = writer;
  budget.enter(depth);
  budget.step();
  switch (typeof value) {
    case 'string':
      write(jsonString(value, writer.escapeHtml));
      return;
    case 'number':
      write(jsonNumber(value));
      return;
    case 'object':
      if (value === null) write('null');
      else if (!(value instanceof GoMap || value instanceof Struct) && value.jsonValue !== undefined) {
        writeValue(value.jsonValue, writer, depth);
      } else if (value instanceof Integer) write(String(value.value));
      else if (value instanceof List) writeList(value, writer, depth);
      else if (value instanceof GoMap) writeMap(value, writer, depth);
      else writeStruct(value, writer, depth);
      return;
    default:
      write(String(value));
  }
}

function writeList(list: List, writer: Writer, depth: number): void {
  if (list.isNil) writer.write('null');
  else if (list.element === 'uint8') writer.write(`"${base64(list)}"`);
  else {
    const items = list.items.map((item) => () => writeValue(item, writer, depth + 1));
    writeMembers('[', items, ']', writer, depth);
  }
}

const base64 = ({ items }: List): string =>
  Buffer.from(items.map((item) => Number(integerOf(item) ?? 0n))).toString('base64');

function writeMap(map: GoMap, writer: Writer, depth: number): void {
  if (map.isNil) writer.write('null');
  else writeEntries(map.sorted(), writer, depth);
}

function writeStruct(struct: Struct, writer: Writer, depth: number): void {
  if (struct instanceof Instant && struct.jsonProblem !== undefined) {
    throw new FunctionError(
      `json: error calling MarshalJSON for type time.Time: Time.MarshalJSON: ${struct.jsonProblem}`,
    );
  }
  if (struct.jsonValue !== undefined) {
    writeValue(struct.jsonValue, writer, depth);
    return;
  }
  const entries = [...struct.fields]
    .filter(([, { json, omitEmpty, value }]) => json !== '' && !(omitEmpty && isEmpty(value)))
    .map(([name, { json, value }]): [string, Value] => [json ?? name, value]);
  writeEntries(entries, writer, depth);
}

/** What `omitempty` leaves out: a struct never. */
const isEmpty = (value: Value): boolean => !(value instanceof Struct) && !isTrue(value);

function writeEntries(entries: readonly [string, Value][], writer: Writer, depth: number): void {
  const members = entries.map(([key, value]) => () => {
    writer.write(`${jsonString(key, writer.escapeHtml)}${writer.pretty ? ': ' : ':'}`);
    writeValue(value, writer, depth + 1);
  });
  writeMembers('{', members, '}', writer, depth);
}

function writeMembers(
  open: string,
  members: readonly (() => void)[],
  close: string,
  { pretty, write }: Writer,
  depth: number,
): void {
  write(open);
  for (const [index, member] of members.entries()) {
    if (index > 0) write(',');
    if (pretty) write(`\n${'  '.repeat(depth + 1)}`);
    member();
  }
  if (pretty && members.length > 0) write(`\n${'  '.repeat(depth)}`);
  write(close);
}

function jsonNumber(value: number): string {
  if (!Number.isFinite(value)) throw new FunctionError(`json: unsupported value: ${formatFloat(value, 'g', -1)}`);
  const magnitude = Math.abs(value);
  if (magnitude === 0 || (magnitude >= 1e-6 && magnitude < 1e21)) return formatFloat(value, 'f', -1);
  return formatFloat(value, 'e', -1).replace(/e-0(\d)$/, 'e-$1');
}

const shortEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** With its quotes; bytes that are no UTF-8 become \ufffd. */
export function jsonString(bytes: string, escapeHtml: boolean): string {
  let text = '"';
  let copied = 0;
  for (let index = 0; index < bytes.length; ) {
    const { rune, size } = decodeRune(bytes, index);
    const escaped = escapeRune(rune, size, bytes.charAt(index), escapeHtml);
    if (escaped !== undefined) {
      text += bytes.slice(copied, index) + escaped;
      copied = index + size;
    }
    index += size;
  }
  return `${text}${bytes.slice(copied)}"`;
}

function escapeRune(rune: number, size: number, character: string, escapeHtml: boolean): string | undefined {
  if (size === 1 && rune === replacementRune) return '\\ufffd';
  if (rune === 0x2028 || rune === 0x2029) return `\\u${rune.toString(16)}`;
  if (rune >= 0x80) return undefined;
  const short = shortEscapes[character];
  if (short) return short;
  const isHtml = character === '<' || character === '>' || character === '&';
  return rune < 0x20 || (escapeHtml && isHtml) ? `\\u${rune.toString(16).padStart(4, '0')}` : undefined;
}
