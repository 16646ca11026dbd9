/** The host of a URI as a name policy sees it: a domain name without its port. */
import { parseIp } from '../../../lib/x509/index.ts';
import { isDomain } from './mailbox.ts';

/** Undefined when there is none, or when it is an address or a pattern: RFC 5280 4.2.1.10 wants such names refused. */
export function parseUriHost(uri: string): string | undefined {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(uri)?.[1] ?? '';
  const host = authority.slice(authority.lastIndexOf('@') + 1).replace(/:\d*$/, '');
  if (host === '' || /[*[\]:%]/.test(host) || parseIp(host)) return undefined;
  return isDomain(host) ? host : undefined;
}
