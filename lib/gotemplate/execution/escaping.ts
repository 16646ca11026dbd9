/** `html`, `js` and `urlquery` of text/template, on byte strings. */
import { encodeRune, isPrint, runesOf } from '../bytes.ts';

const htmlEntities: Readonly<Record<string, string>> = {
  '\0': '\xef\xbf\xbd', // U+FFFD
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
};

export const escapeHtml = (bytes: string): string =>
  bytes.replace(/[\0"'&<>]/g, (character) => htmlEntities[character] ?? character);

const jsEscapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '"': '\\"',
  '<': '\\u003C',
  '>': '\\u003E',
  '&': '\\u0026',
  '=': '\\u003D',
};

export function escapeJs(bytes: string): string {
  let text = '';
  for (const { rune, size, index } of runesOf(bytes)) {
    const raw = bytes.slice(index, index + size);
    const known = jsEscapes[raw];
    if (known !== undefined) text += known;
    else if (rune < 0x20) text += `\\u${hex4(rune)}`;
    else if (rune < 0x7f || (rune !== 0x7f && isPrint(rune))) text += raw === encodeRune(rune) ? raw : encodeRune(rune);
    else text += `\\u${hex4(rune)}`;
  }
  return text;
}

const hex4 = (rune: number): string => rune.toString(16).toUpperCase().padStart(4, '0');

/** url.QueryEscape. */
export const escapeQuery = (bytes: string): string =>
  bytes.replace(/[^A-Za-z0-9_.~-]/g, (character) =>
    character === ' ' ? '+' : `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
