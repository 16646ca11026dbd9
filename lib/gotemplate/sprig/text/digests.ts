/** sprig: check sums of texts, in hexadecimal digits; that of Adler in decimal ones. */
import { createHash } from 'node:crypto';
import type { TemplateFunction } from '../../execution/functions.ts';
import { fixed, type Named, textArgument } from '../data/declare.ts';
import { scan, walk } from './made.ts';

const hashed = (algorithm: string): TemplateFunction =>
  fixed(['string'], ([text], budget) => {
    scan(textArgument(text), budget);
    return createHash(algorithm).update(textArgument(text), 'latin1').digest('hex');
  });

const largestPrime = 65521;

function adler32(bytes: string): number {
  let low = 1;
  let high = 0;
  for (let index = 0; index < bytes.length; index++) {
    low = (low + bytes.charCodeAt(index)) % largestPrime;
    high = (high + low) % largestPrime;
  }
  return high * 0x10000 + low;
}

export const digestFunctions: Named = {
  sha1sum: hashed('sha1'),
  sha256sum: hashed('sha256'),
  sha512sum: hashed('sha512'),
  adler32sum: fixed(['string'], ([text], budget) => {
    walk(textArgument(text), budget);
    return String(adler32(textArgument(text)));
  }),
};
