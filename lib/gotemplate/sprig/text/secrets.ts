/** sprig: texts encrypted with AES-256 in CBC mode. The key is the password itself, cut or filled up with zeros. */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { FunctionError } from '../../errors.ts';
import type { Budget } from '../../limits.ts';
import { decodeBase64, encodeBase64 } from '../data/asn1/base64.ts';
import { fixed, type Named, textArgument } from '../data/declare.ts';
import { made, walk } from './made.ts';
import type { RandomBytes } from './randomness.ts';

const algorithm = 'aes-256-cbc';
const keyBytes = 32;
const blockBytes = 16;

const keyOf = (password: string): Buffer => Buffer.from(password.slice(0, keyBytes).padEnd(keyBytes, '\0'), 'latin1');

function encrypt(password: string, text: string, randomBytes: RandomBytes, budget: Budget): string {
  if (text === '') return '';
  walk(text, budget);
  budget.make(2 * text.length);
  const vector = randomBytes(blockBytes);
  const cipher = createCipheriv(algorithm, keyOf(password), vector);
  const sealed = Buffer.concat([vector, cipher.update(text, 'latin1'), cipher.final()]);
  return made(encodeBase64(sealed.toString('latin1')), budget);
}

const panic = (problem: string): FunctionError => new FunctionError(problem);

/** What is no such text makes Go panic; the password is never wrong, only the result. */
function decrypt(password: string, encoded: string, budget: Budget): string {
  if (encoded === '') return '';
  walk(encoded, budget);
  const sealed = decodeBase64(encoded);
  budget.make(2 * sealed.length);
  const capacity = Math.floor(encoded.length / 4) * 3;
  if (capacity < blockBytes) {
    throw panic(`runtime error: slice bounds out of range [:${blockBytes}] with capacity ${capacity}`);
  }
  if (sealed.length < blockBytes) {
    throw panic(`runtime error: slice bounds out of range [${blockBytes}:${sealed.length}]`);
  }
  if (sealed.length % blockBytes !== 0) throw panic('crypto/cipher: input not full blocks');
  if (sealed.length === blockBytes) throw panic('runtime error: index out of range [-1]');
  const bytes = Buffer.from(sealed, 'latin1');
  const decipher = createDecipheriv(algorithm, keyOf(password), bytes.subarray(0, blockBytes));
  decipher.setAutoPadding(false);
  const text = Buffer.concat([decipher.update(bytes.subarray(blockBytes)), decipher.final()]).toString('latin1');
  const length = text.length - text.charCodeAt(text.length - 1);
  if (length < 0) throw panic(`runtime error: slice bounds out of range [:${length}]`);
  return made(text.slice(0, length), budget);
}

export const secretFunctions = (randomBytes: RandomBytes): Named => ({
  encryptAES: fixed(['string', 'string'], ([password, text], budget) =>
    encrypt(textArgument(password), textArgument(text), randomBytes, budget),
  ),
  decryptAES: fixed(['string', 'string'], ([password, text], budget) =>
    decrypt(textArgument(password), textArgument(text), budget),
  ),
});
