/** URIs of a certificate request as templates see them: Go's url.URL. */
import { Struct, toByteString } from '../../../lib/gotemplate/index.ts';

/** RFC 3986 appendix B. */
const parts = /^(?:([^:/?#]+):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s;

/** `text` is what a request may have: it begins with a scheme. */
export function showUrl(text: string): Struct {
  const [, scheme = '', authority = '', path = '', query = '', fragment = ''] = parts.exec(text) ?? [];
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  const [, hostname = host, port = ''] = /^(.*?)(?::(\d*))?$/.exec(host) ?? [];
  const isOpaque = authority === '' && path !== '' && !path.startsWith('/');
  const field = (value: string) => ({ value: toByteString(value) });
  return new Struct(
    'url.URL',
    {
      Scheme: field(scheme),
      Opaque: field(isOpaque ? path : ''),
      Host: field(host),
      Path: field(isOpaque ? '' : decode(path)),
      RawQuery: field(query),
      Fragment: field(decode(fragment)),
    },
    {
      pointer: true,
      text: toByteString(text),
      methods: {
        String: () => toByteString(text),
        Hostname: () => toByteString(hostname.replace(/^\[(.*)\]$/, '$1')),
        Port: () => port,
        EscapedPath: () => toByteString(path),
      },
    },
  );
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
