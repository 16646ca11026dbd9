/** A number in a template: which of Go's types it can be (text/template/parse, newNumber). */
import { parseFloat64, parseInteger } from '../text/numbers.ts';
import { quote, unquoteRune } from '../text/quoting.ts';

export type NumberLiteral = {
  readonly int: bigint | undefined;
  readonly uint: bigint | undefined;
  readonly float: number | undefined;
};

/** The numbers, or what is wrong as Go says it. */
export function readNumber(text: string): NumberLiteral | string {
  if (text.startsWith("'")) return readRune(text);
  const uintParse = parseInteger(text, 0, 64, false);
  const intParse = parseInteger(text, 0, 64, true);
  let uint = uintParse.problem ? undefined : uintParse.value;
  let int = intParse.problem ? undefined : intParse.value;
  if (int === 0n) uint = 0n;
  if (int !== undefined) return { int, uint, float: Number(int) };
  if (uint !== undefined) return { int, uint, float: Number(uint) };
  const { value: float, problem } = parseFloat64(text);
  if (problem) return `illegal number syntax: ${quote(text)}`;
  if (!/[.eEpP]/.test(text)) return `integer overflow: ${quote(text)}`;
  if (Number.isInteger(float)) {
    if (float >= -(2 ** 63) && float < 2 ** 63) int = BigInt(float);
    if (float >= 0 && float < 2 ** 64) uint = BigInt(float);
  }
  return { int, uint, float };
}

function readRune(text: string): NumberLiteral | string {
  const parsed = unquoteRune(text);
  if (!parsed) return 'invalid syntax';
  if (parsed === 'malformed') return `malformed character constant: ${text}`;
  const value = BigInt(parsed.rune);
  return { int: value, uint: value, float: parsed.rune };
}
