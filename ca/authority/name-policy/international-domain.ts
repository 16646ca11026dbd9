/**
 * Domain names as they are looked up (Go's idna.Lookup, which step-ca's name policy reads names with): international
 * labels in their xn-- form, lower case, letters, digits and hyphens only.
 */
import { domainToASCII } from 'node:url';

/** Undefined for a name that nobody could look up. A leading dot may stand. */
export function toLookupDomain(domain: string): string | undefined {
  // what is ASCII from the beginning has to be plain before the conversion, which would read `/` or `@` as structure
  if (/[^A-Za-z0-9.\-\u0080-\u{10ffff}]/u.test(domain)) return undefined;
  const ascii = /^[!-~]*$/.test(domain) && !/(^|\.)xn--/i.test(domain) ? domain.toLowerCase() : convert(domain);
  if (ascii === undefined) return undefined;
  return ascii.split('.').every(isPlainLabel) ? ascii : undefined;
}

/** A last label of letters keeps the conversion from reading digits as an IPv4 address. */
const guard = '.guard';

function convert(domain: string): string | undefined {
  const ascii = domainToASCII(domain + guard);
  return ascii.endsWith(guard) ? ascii.slice(0, -guard.length) : undefined;
}

/** Empty ones are for the caller to judge. Hyphens in third and fourth place are for xn-- alone. */
const isPlainLabel = (label: string): boolean =>
  label === '' || (/^(?!-)[a-z0-9-]+(?<!-)$/.test(label) && (label.startsWith('xn--') || label.slice(2, 4) !== '--'));
