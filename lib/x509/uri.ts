/**
 * URIs as Go's net/url reads and prints them: step-ca decides by it which names are URIs and in which spelling they
 * stand in a certificate. `localhost:8080` is a URI with scheme localhost; `127.0.0.1:80` is none.
 * Not a general URL parser: it answers whether a text is a URI with a scheme, its host, and its printed form.
 */

export type ParsedUri = {
  /** Lower case. */
  readonly scheme: string;
  /** Host and port as written, empty without an authority. */
  readonly host: string;
  /** The whole in the spelling Go prints. */
  readonly text: string;
};

/** undefined when the text is no URI, or one without a scheme. */
export function parseUri(text: string): ParsedUri | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
  if (/[\x00-\x1f\x7f]/.test(text)) return undefined;
  const hash = text.indexOf('#');
  const fragment = hash < 0 ? '' : text.slice(hash + 1);
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):([^?]*)(\?.*)?$/s.exec(hash < 0 ? text : text.slice(0, hash));
  if (!match || !isEscaped(fragment)) return undefined;
  const [, rawScheme = '', rest = '', query = ''] = match;
  const scheme = rawScheme.toLowerCase();
  const tail = query + (fragment === '' ? '' : `#${reescape(fragment, fragmentSafe)}`);
  if (!rest.startsWith('/')) return { scheme, host: '', text: `${scheme}:${rest}${tail}` };
  const hierarchy = /^(?:\/\/([^/]*))?(.*)$/s.exec(rest);
  const [, authority, path = ''] = hierarchy ?? [];
  if (!isEscaped(path)) return undefined;
  const printedPath = reescape(path, pathSafe);
  if (authority === undefined) return { scheme, host: '', text: `${scheme}:${printedPath}${tail}` };
  const at = authority.lastIndexOf('@');
  const [user, host] = at < 0 ? ['', authority] : [authority.slice(0, at), authority.slice(at + 1)];
  if (!isHost(scheme, host) || !/^[A-Za-z0-9._:~!$&'()*+,;=%@-]*$/.test(user) || !isEscaped(user)) return undefined;
  return { scheme, host, text: `${scheme}://${authority}${printedPath}${tail}` };
}

/** Every % is followed by two hex digits. */
const isEscaped = (text: string): boolean => !/%(?![0-9A-Fa-f]{2})/.test(text);

function isHost(scheme: string, host: string): boolean {
  const bracket = /^\[([0-9A-Fa-f:.]+)(?:%25[A-Za-z0-9._~%-]+)?\](:\d*)?$/;
  if (host.includes('[')) return bracket.test(host);
  const colon = scheme === 'http' || scheme === 'https' ? host.indexOf(':') : host.lastIndexOf(':');
  if (colon >= 0 && !/^:\d*$/.test(host.slice(colon))) return false;
  // net/url: %-escapes in a host are for bytes above ASCII only
  return /^(?:[A-Za-z0-9._~!$&'()*+,;=:"<>-]|[\u0080-\uffff]|%[89A-Fa-f][0-9A-Fa-f])*$/.test(host);
}

const pathSafe = /^[A-Za-z0-9._~!$&'()*+,;=:@/[\]%-]*$/;
const fragmentSafe = /^[A-Za-z0-9._~!$&'()*+,;=:@/?[\]%-]*$/;

/** Unchanged when every character may stand there, else unescaped and escaped again. */
function reescape(text: string, safe: RegExp): string {
  if (safe.test(text)) return text;
  const bytes = Buffer.from(
    text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => `\0${hex}`),
    'utf8',
  );
  let printed = '';
  for (let index = 0; index < bytes.length; index++) {
    let byte = bytes[index] ?? 0;
    if (byte === 0) {
      byte = Number.parseInt(bytes.toString('latin1', index + 1, index + 3), 16);
      index += 2;
    }
    const char = String.fromCharCode(byte);
    const plain = safe === pathSafe ? /[A-Za-z0-9._~$&+,/:;=@-]/ : /[A-Za-z0-9._~!$&'()*+,/:;=?@-]/;
    printed += plain.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return printed;
}
