/** URLs as Go's net/url takes them apart and puts them together; those of other specifications are not the same. */
import { isIPv4, isIPv6 } from 'node:net';
import { FunctionError } from '../../../errors.ts';
import { quote } from '../../../text/quoting.ts';
import { escapePart, unescapePart } from './escaping.ts';

export type Url = {
  readonly scheme: string;
  readonly opaque: string;
  /** As it is written, with its escapes. */
  readonly userinfo: string | undefined;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly fragment: string;
};

const problem = (message: string): FunctionError => new FunctionError(message);

/** Before the first of it, and after; all of it and nothing where there is none. */
function cut(text: string, separator: string): readonly [before: string, after: string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** @throws {FunctionError} in Go's words */
export function parseUrl(text: string): Url {
  const [address, fragment] = cut(text, '#');
  const url = inUrl(address, () => parseAddress(address));
  return fragment === '' ? url : inUrl(text, () => ({ ...url, fragment: unescapePart(fragment, 'fragment') }));
}

function inUrl(text: string, parse: () => Url): Url {
  try {
    return parse();
  } catch (error) {
    if (error instanceof FunctionError) throw problem(`parse ${quote(text)}: ${error.message}`);
    throw error;
  }
}

const empty: Url = { scheme: '', opaque: '', userinfo: undefined, host: '', path: '', query: '', fragment: '' };

function parseAddress(text: string): Url {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
  if (/[\0-\x1f\x7f]/.test(text)) throw problem('net/url: invalid control character in URL');
  if (text === '*') return { ...empty, path: '*' };
  if (text.startsWith(':')) throw problem('missing protocol scheme');
  const scheme = /^[A-Za-z][A-Za-z0-9+.-]*:/.exec(text)?.[0] ?? '';
  const [rest, query] = cut(text.slice(scheme.length), '?');
  const url = { ...empty, scheme: scheme.slice(0, -1).toLowerCase(), query };
  if (!rest.startsWith('/')) {
    if (scheme !== '') return { ...url, opaque: rest };
    if (cut(rest, '/')[0].includes(':')) throw problem('first path segment in URL cannot contain colon');
  }
  if (!rest.startsWith('//') || (scheme === '' && rest.startsWith('///')))
    return { ...url, path: unescapePart(rest, 'path') };
  const slash = rest.indexOf('/', 2);
  const end = slash < 0 ? rest.length : slash;
  return { ...url, ...parseAuthority(url.scheme, rest.slice(2, end)), path: unescapePart(rest.slice(end), 'path') };
}

function parseAuthority(scheme: string, authority: string): Pick<Url, 'userinfo' | 'host'> {
  const at = authority.lastIndexOf('@');
  const host = parseHost(scheme, authority.slice(at + 1));
  if (at < 0) return { host, userinfo: undefined };
  const userinfo = authority.slice(0, at);
  if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(userinfo)) throw problem('net/url: invalid userinfo');
  const [name, password] = cut(userinfo, ':').map((part) => escapePart(unescapePart(part, 'user'), 'user'));
  return { host, userinfo: userinfo.includes(':') ? `${name}:${password}` : (name ?? '') };
}

const isPort = (text: string): boolean => /^(:[0-9]*)?$/.test(text);

function parseHost(scheme: string, host: string): string {
  const bracket = host.lastIndexOf('[');
  if (bracket > 0) throw problem('invalid IP-literal');
  if (bracket === 0) return parseLiteral(host);
  const isWeb = scheme === 'http' || scheme === 'https';
  const colon = isWeb ? host.indexOf(':') : host.lastIndexOf(':');
  if (colon >= 0) checkPort(host.slice(colon));
  return unescapePart(host, 'host');
}

function checkPort(port: string): void {
  if (!isPort(port)) throw problem(`invalid port ${quote(port)} after host`);
}

/** An address of IPv6 between brackets, perhaps with a zone. */
function parseLiteral(host: string): string {
  const end = host.lastIndexOf(']');
  if (end < 0) throw problem("missing ']' in host");
  const port = host.slice(end + 1);
  checkPort(port);
  const inner = host.slice(1, end);
  const zone = inner.includes('%25') ? inner.indexOf('%25') : inner.length;
  const literal = unescapePart(inner.slice(0, zone), 'host') + unescapePart(inner.slice(zone), 'zone');
  if (isIPv4(literal)) throw problem('invalid IP-literal');
  const percent = literal.indexOf('%');
  const address = percent < 0 ? literal : literal.slice(0, percent);
  if (!isIPv6(address) || percent === literal.length - 1)
    throw problem(`invalid host: ParseAddr(${quote(literal)}): unable to parse IP`);
  return `[${literal}]${port}`;
}

/** Without port and brackets. */
export function hostName(host: string): string {
  const colon = host.lastIndexOf(':');
  const name = colon >= 0 && isPort(host.slice(colon)) ? host.slice(0, colon) : host;
  return name.startsWith('[') && name.endsWith(']') ? name.slice(1, -1) : name;
}

export function formatUrl({ scheme, opaque, userinfo, host, path, query, fragment }: Url): string {
  let text = scheme === '' ? '' : `${scheme}:`;
  if (opaque !== '') {
    text += opaque;
  } else {
    if (host !== '' || userinfo !== undefined || (scheme !== '' && path !== '')) text += '//';
    if (userinfo !== undefined) text += `${userinfo}@`;
    text += escapePart(host, 'host');
    const escaped = path === '*' ? path : escapePart(path, 'path');
    if (escaped !== '' && !escaped.startsWith('/') && host !== '') text += '/';
    if (text === '' && cut(escaped, '/')[0].includes(':')) text += './';
    text += escaped;
  }
  if (query !== '') text += `?${query}`;
  return fragment === '' ? text : `${text}#${escapePart(fragment, 'fragment')}`;
}
