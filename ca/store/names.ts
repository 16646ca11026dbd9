/**
 * Texts as the store keeps them. They come from tokens and requests, and PostgreSQL refuses what SQLite takes: the NUL
 * character, halves of surrogate pairs, keys beyond a third of a page. One such text must not fail the commit that
 * others share, so it is made harmless here, for every database alike.
 */
import { createHash } from 'node:crypto';

/** Well below the 2,700 bytes that PostgreSQL lets into an index. */
const maxKeyLength = 512;

/** The key of a token; one that cannot be kept as it is becomes its hash. */
export function tokenKey(key: string): string {
  if (key.length <= maxKeyLength && key.isWellFormed() && !key.includes('\0')) return key;
  return `sha256:${createHash('sha256').update(key, 'utf16le').digest('hex')}`;
}

/** A text for people: what cannot be kept is replaced, the certificate itself holds the truth. */
export const plainText = (text: string): string => text.toWellFormed().replaceAll('\0', '\uFFFD');

/** Room for about twenty long names; a search does not see those beyond. */
const maxNamesLength = 1500;

/** What a search by name looks at: lower case, the subject first, each name once, separated by spaces. */
export function searchNames(subject: string, names: readonly string[]): string {
  const all = [subject, ...names].map((name) => plainText(name).toLowerCase().replace(/\s+/g, '_'));
  return [...new Set(all)]
    .filter((name) => name !== '')
    .join(' ')
    .slice(0, maxNamesLength);
}
