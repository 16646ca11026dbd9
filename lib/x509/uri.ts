/**
 * URIs as Go's net/url reads and prints them: step-ca decides by it which names are URIs and in which spelling they
 * stand in a certificate. `localhost:8080` is a URI with scheme localhost; `127.0.0.1:80` is none.
 * Not a general URL parser: it answers whether a text is a URI with a scheme, its host, and its printed form.
 */

export type ParsedUri = {
  /** Lower case. */
  readonly scheme: string;
  /** Host and port, escapes resolved; empty without an authority. */
  readonly host: string;
  /** The whole in the spelling Go prints. */
  readonly text: string;
};

/** undefined when the text is no URI, or one without a scheme. */
export function parseUri(given: string): ParsedUri | undefined {
  const text = given.toWellFormed();
  const hash = text.indexOf('#');
  const fragment = hash < 0 ? '' : text.slice(hash + 1);
  const beforeFragment = hash < 0 ? text : text.slice(0, hash);
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):([^?]*)(\?.*)?$/s.exec(beforeFragment);
  if (!match || /\p{Cc}/u.test(beforeFragment.replace(/[\u0080-\u009f]/g, '')) || !isEscaped(fragment))
    return undefined;
  const [, rawScheme = '', rest = '', query = ''] = match;
  const scheme = rawScheme.toLowerCase();
  const tail = query + (fragment === '' ? '' : `#${normalize(fragment, fragmentRules)}`);
  if (!rest.startsWith('/')) return { scheme, host: '', text: `${scheme}:${rest}${tail}` };
  const [, rawAuthority, path = ''] = /^(?:\/\/([^/]*))?(.*)$/s.exec(rest) ?? [];
  if (!isEscaped(path)) return undefined;
  const authority = parseAuthority(scheme, rawAuthority ?? '');
  if (!authority) return undefined;
  // Go prints neither the slashes of an absent authority nor those of an empty one before an empty path
  const slashes = rawAuthority === undefined || (rawAuthority === '' && path === '') ? '' : '//';
  const printed = `${scheme}:${slashes}${authority.text}${normalize(path, pathRules)}${tail}`;
  return { scheme, host: authority.host, text: printed };
}

/** Whether a URI's host may stand in a certificate: Go's parser refuses the whole certificate otherwise. */
export function hasCertifiableHost(uri: ParsedUri): boolean {
  return uri.host === '' || /^(?:[!-\-/-~]+\.)*[!-\-/-~]+$/.test(uri.host);
}

function parseAuthority(scheme: string, authority: string): { host: string; text: string } | undefined {
  const at = authority.lastIndexOf('@');
  const host = authority.slice(at + 1);
  if (!isHost(scheme, host)) return undefined;
  const printedHost = host
    .replace(/[\u0080-\uffff]+/g, (part) => percentEncode(part, /[^\s\S]/))
    .replace(/%[0-9a-f]{2}/gi, upper);
  const parsed = { host: Buffer.from(resolveEscapes(host)).toString('utf8'), text: printedHost };
  if (at < 0) return parsed;
  const user = authority.slice(0, at);
  if (!/^[A-Za-z0-9._:~!$&'()*+,;=%@-]*$/.test(user) || !isEscaped(user)) return undefined;
  const colon = user.indexOf(':');
  const parts = colon < 0 ? [user] : [user.slice(0, colon), user.slice(colon + 1)];
  const printedUser = parts.map((part) => percentEncode(resolveEscapes(part), /[A-Za-z0-9._~$&+,;=-]/)).join(':');
  return { host: parsed.host, text: `${printedUser}@${printedHost}` };
}

/** Every % is followed by two hex digits. */
const isEscaped = (text: string): boolean => !/%(?![0-9A-Fa-f]{2})/.test(text);
const upper = (text: string): string => text.toUpperCase();

function isHost(scheme: string, host: string): boolean {
  if (host.includes('[')) return /^\[[0-9A-Fa-f:.]+(?:%25[A-Za-z0-9._~%-]+)?\](:\d*)?$/.test(host);
  const colon = scheme === 'http' || scheme === 'https' ? host.indexOf(':') : host.lastIndexOf(':');
  if (colon >= 0 && !/^:\d*$/.test(host.slice(colon))) return false;
  // net/url: %-escapes in a host are for bytes above ASCII only
  return /^(?:[A-Za-z0-9._~!$&'()*+,;=:"<>\]-]|[\u0080-\uffff]|%[89A-Fa-f][0-9A-Fa-f])*$/.test(host);
}

/** `valid`: left alone as it is written. `plain`: what stays unescaped when a text has to be escaped anew. */
type Rules = { readonly valid: RegExp; readonly plain: RegExp };
const pathRules: Rules = { valid: /^[A-Za-z0-9._~!$&'()*+,;=:@/[\]%-]*$/, plain: /[A-Za-z0-9._~$&+,/:;=@-]/ };
const fragmentRules: Rules = {
  valid: /^[A-Za-z0-9._~!$&'()*+,;=:@/?[\]%-]*$/,
  plain: /[A-Za-z0-9._~!$&()*+,/:;=?@-]/,
};

const normalize = (text: string, { valid, plain }: Rules): string =>
  valid.test(text) ? text : percentEncode(resolveEscapes(text), plain);

/** UTF-8 bytes of the text with its escapes resolved. */
function resolveEscapes(text: string): Buffer {
  const parts = text.split(/(%[0-9A-Fa-f]{2})/);
  return Buffer.concat(
    parts.map((part, index) => Buffer.from(index % 2 ? part.slice(1) : part, index % 2 ? 'hex' : 'utf8')),
  );
}

function percentEncode(bytes: Buffer | string, plain: RegExp): string {
  return Array.from(Buffer.from(bytes as string), (byte) => {
    const char = String.fromCharCode(byte);
    return byte < 0x80 && plain.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}
