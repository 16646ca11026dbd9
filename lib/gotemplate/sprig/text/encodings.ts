/** sprig: base64 and base32 with padding. What is wrong with a text that is to be decoded is the result, no error. */
import { FunctionError } from '../../errors.ts';
import type { TemplateFunction } from '../../execution/functions.ts';
import type { Budget } from '../../limits.ts';
import { decodeBase64, encodeBase64 } from '../data/asn1/base64.ts';
import { fixed, type Named, textArgument } from '../data/declare.ts';
import { made, walk } from './made.ts';

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function encodeBase32(bytes: string): string {
  let text = '';
  for (let index = 0; index < bytes.length; index += 5) {
    const group = bytes.slice(index, index + 5);
    let value = 0n;
    for (let at = 0; at < 5; at++) value = (value << 8n) | BigInt(at < group.length ? group.charCodeAt(at) : 0);
    const used = Math.ceil((group.length * 8) / 5);
    for (let at = 0; at < 8; at++) text += at < used ? digits[Number((value >> BigInt(35 - 5 * at)) & 31n)] : '=';
  }
  return text;
}

const corrupt = (at: number): FunctionError => new FunctionError(`illegal base32 data at input byte ${at}`);

/**
 * Line ends do not count, not even in the positions of errors.
 * @throws {FunctionError} with the first byte that does not belong there
 */
function decodeBase32(given: string): string {
  const text = given.replace(/[\r\n]/g, '');
  let bytes = '';
  let at = 0;
  let bits = 0;
  let value = 0;
  while (at < text.length) {
    const start = at;
    for (; at < start + 8; at++) {
      if (at === text.length) throw corrupt(start);
      if (text[at] === '=' && at - start >= 2 && text.length - at <= 8) {
        checkPadding(text, at, at - start);
        return bytes;
      }
      const digit = digits.indexOf(text[at] ?? '');
      if (digit < 0) throw corrupt(at);
      value = ((value << 5) | digit) & 0xfff;
      bits += 5;
      if (bits >= 8) {
        bits -= 8;
        bytes += String.fromCharCode((value >> bits) & 0xff);
      }
    }
  }
  return bytes;
}

/** Padding begins at `at`, after so many digits of the last group. */
function checkPadding(text: string, at: number, used: number): void {
  const rest = text.length - at - 1;
  if (rest + used < 7) throw corrupt(text.length);
  for (let next = 0; next < 7 - used; next++) {
    if (next < rest && text[at + 1 + next] !== '=') throw corrupt(at + next);
  }
  if (used === 3 || used === 6) throw corrupt(at);
}

const converting = (convert: (text: string) => string): TemplateFunction =>
  fixed(['string'], ([given], budget) => converted(textArgument(given), convert, budget));

function converted(text: string, convert: (text: string) => string, budget: Budget): string {
  walk(text, budget);
  try {
    return made(convert(text), budget);
  } catch (error) {
    if (error instanceof FunctionError) return error.message;
    throw error;
  }
}

export const encodingFunctions: Named = {
  b64enc: converting(encodeBase64),
  b64dec: converting(decodeBase64),
  b32enc: converting(encodeBase32),
  b32dec: converting(decodeBase32),
};
