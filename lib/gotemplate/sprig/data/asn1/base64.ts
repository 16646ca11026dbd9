/** Standard base64 with padding as Go's encoding/base64 reads it: line ends do not count, and errors say where. */
import { FunctionError } from '../../../errors.ts';

const alphabet = /[A-Za-z0-9+/]/;

/** @throws {FunctionError} with the first byte that does not belong there */
export function decodeBase64(text: string): string {
  const end = text.length;
  let digits = '';
  let at = 0;
  const skipLineEnds = (): void => {
    while (text[at] === '\r' || text[at] === '\n') at++;
  };
  for (skipLineEnds(); at < end; skipLineEnds()) {
    const character = text[at++] ?? '';
    if (alphabet.test(character)) {
      digits += character;
      continue;
    }
    const filled = digits.length % 4;
    if (character !== '=' || filled < 2) throw corrupt(at - 1);
    if (filled === 2) {
      skipLineEnds();
      if (at === end) throw corrupt(end);
      if (text[at] !== '=') throw corrupt(at - 1);
      at++;
    }
    skipLineEnds();
    if (at < end) throw corrupt(at);
    return Buffer.from(digits, 'base64').toString('latin1');
  }
  const filled = digits.length % 4;
  if (filled > 0) throw corrupt(end - filled);
  return Buffer.from(digits, 'base64').toString('latin1');
}

const corrupt = (at: number): FunctionError => new FunctionError(`illegal base64 data at input byte ${at}`);

export const encodeBase64 = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('base64');
