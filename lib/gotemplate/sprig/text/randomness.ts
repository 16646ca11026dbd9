/** sprig: texts by chance. The bytes come from a port, and no character is likelier than another. */
import { encodeRune, runesOf } from '../../bytes.ts';
import { FunctionError } from '../../errors.ts';
import type { TemplateFunction } from '../../execution/functions.ts';
import type { Budget } from '../../limits.ts';
import { encodeBase64 } from '../data/asn1/base64.ts';
import { fixed, intArgument, type Named, textArgument } from '../data/declare.ts';
import { made, walk } from './made.ts';

export type RandomBytes = (size: number) => Uint8Array;

const numeric = '0123456789';
const alphabetic = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const ascii = Array.from({ length: 127 - 32 }, (_, index) => String.fromCharCode(32 + index)).join('');

/** How many bytes to ask the port for at once. */
const batch = 1024;

/** Many more than any text has characters, so that none is likelier by anything that counts. */
const drawBytes = 16;

/** A number from 0 to before `below`. */
const draw = (below: number, randomBytes: RandomBytes): number =>
  Number(BigInt(`0x${Buffer.from(randomBytes(drawBytes)).toString('hex')}`) % BigInt(below));

/** A negative number of characters is none. Bytes that are above the last whole round of the alphabet do not count. */
function characters(count: bigint, alphabet: string, randomBytes: RandomBytes, budget: Budget): string {
  if (count <= 0n) return '';
  budget.make(Number(count));
  const fair = 256 - (256 % alphabet.length);
  let text = '';
  while (text.length < count) {
    budget.step();
    for (const byte of randomBytes(Math.min(batch, 2 * (Number(count) - text.length)))) {
      if (byte < fair && text.length < count) text += alphabet[byte % alphabet.length];
    }
  }
  return text;
}

function shuffled(text: string, randomBytes: RandomBytes, budget: Budget): string {
  walk(text, budget);
  budget.make(8 * text.length);
  budget.step(text.length);
  const runes = [...runesOf(text)].map(({ rune }) => rune);
  for (let index = runes.length - 1; index > 0; index--) {
    const other = draw(index + 1, randomBytes);
    const [here = 0, there = 0] = [runes[index], runes[other]];
    runes[index] = there;
    runes[other] = here;
  }
  return made(runes.map(encodeRune).join(''), budget);
}

/** As the platform makes them, in any number. */
function bytesByChance(count: bigint, randomBytes: RandomBytes, budget: Budget): string {
  if (count < 0n) throw new FunctionError('runtime error: makeslice: len out of range');
  budget.make(2 * Number(count));
  let bytes = '';
  while (bytes.length < count) {
    bytes += Buffer.from(randomBytes(Math.min(batch, Number(count) - bytes.length))).toString('latin1');
  }
  return bytes;
}

/** Of version 4. */
function uuid(randomBytes: RandomBytes): string {
  const bytes = randomBytes(16);
  const digits = Buffer.from(
    bytes.map((byte, index) => (index === 6 ? (byte & 0x0f) | 0x40 : index === 8 ? (byte & 0x3f) | 0x80 : byte)),
  ).toString('hex');
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

export const randomFunctions = (randomBytes: RandomBytes): Named => {
  const of = (alphabet: string): TemplateFunction =>
    fixed(['int'], ([count], budget) => characters(intArgument(count), alphabet, randomBytes, budget));
  return {
    randAlpha: of(alphabetic),
    randNumeric: of(numeric),
    randAlphaNum: of(alphabetic + numeric),
    randAscii: of(ascii),
    randBytes: fixed(['int'], ([count], budget) =>
      made(encodeBase64(bytesByChance(intArgument(count), randomBytes, budget)), budget),
    ),
    shuffle: fixed(['string'], ([text], budget) => shuffled(textArgument(text), randomBytes, budget)),
    uuidv4: fixed([], (_, budget) => made(uuid(randomBytes), budget)),
  };
};
