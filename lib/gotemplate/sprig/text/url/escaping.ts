/** Percent signs in the parts of a URL, as Go's net/url writes and reads them. */
import { FunctionError } from '../../../errors.ts';
import { quote } from '../../../text/quoting.ts';

export type Part = 'path' | 'host' | 'zone' | 'user' | 'fragment';

const host = /[A-Za-z0-9!"$&'()*+,\-.:;<=>[\]_~]/;

/** What stands for itself. */
const plain: Readonly<Record<Part, RegExp>> = {
  path: /[A-Za-z0-9$&+,\-./:;=@_~]/,
  host,
  zone: host,
  user: /[A-Za-z0-9$&+,\-.;=_~]/,
  fragment: /[A-Za-z0-9!$&()*+,\-./:;=?@_~]/,
};

export const escapePart = (text: string, part: Part): string =>
  text.replace(/[^A-Za-z0-9]/g, (character) =>
    plain[part].test(character) ? character : `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );

/** @throws {FunctionError} for what may not be in that part */
export function unescapePart(text: string, part: Part): string {
  const inHost = part === 'host' || part === 'zone';
  return text.replace(/%(.{0,2})|[^%A-Za-z0-9]/gs, (piece, digits?: string) => {
    if (digits === undefined) {
      if (inHost && piece < '\x80' && !plain[part].test(piece))
        throw new FunctionError(`invalid character ${quote(piece)} in host name`);
      return piece;
    }
    const code = Number.parseInt(digits, 16);
    const character = String.fromCharCode(code);
    const isForbidden =
      piece !== '%25' &&
      ((part === 'host' && code < 0x80) || (part === 'zone' && character !== ' ' && !plain.host.test(character)));
    if (!/^[0-9a-fA-F]{2}$/.test(digits) || isForbidden) throw new FunctionError(`invalid URL escape ${quote(piece)}`);
    return character;
  });
}
