/**
 * Whether a text can be a name in a certificate: DNS name, perhaps a wildcard, IP address, email address or URI. Says
 * nothing about who may have it; that is policy.ts.
 *
 * The kind of a name is what step-ca takes it for (lib/x509 `classifySan`), so a text that is meant as one kind and would
 * be issued as another is refused here: `localhost:8080` is a URI there, `fe80::1%eth0` too, `256.1.1.1` a DNS name.
 */
import { classifySan, parseIp } from '../../x509/index.ts';

/** What is wrong with a name, and what to write instead. */
export type NameProblem = { readonly rule: string; readonly remedy: string };

const maxUriLength = 2048;
/** RFC 5321 4.5.3.1.3, less the angle brackets. */
const maxEmailLength = 254;

/** undefined when the text is a name. */
export function findSyntaxProblem(text: string): NameProblem | undefined {
  if (text === '') return { rule: 'a name is not empty', remedy: 'write a DNS name, IP address, email address or URI' };
  if (/[\s\p{Cc}]/u.test(text))
    return {
      rule: 'a name has no blanks and no control characters',
      remedy: 'remove them; names are separated by commas',
    };
  if (!/^[\x21-\x7e]*$/.test(text)) {
    return { rule: 'a name is ASCII', remedy: 'write an international name in its xn-- form (punycode)' };
  }
  if (isMeantAsIp(text)) {
    return {
      rule: 'it looks like an IP address and is none',
      remedy: 'write the address alone, without zone, brackets, mask or port',
    };
  }
  const { type } = classifySan(text);
  if (type === 'ip') return undefined;
  if (type === 'uri') return findUriProblem(text);
  return type === 'email' ? findEmailProblem(text) : findDnsProblem(text);
}

/** Digits and dots only, several colons between hex digits, or brackets: yet Go's net.ParseIP refuses it. */
function isMeantAsIp(text: string): boolean {
  if (parseIp(text)) return false;
  return /^\d+(\.\d+)+([/:]\d*)?$/.test(text) || /^\[?[0-9a-f]{0,4}(:[0-9a-f.]*){2,}([\]%/].*)?$/i.test(text);
}

function findDnsProblem(text: string): NameProblem | undefined {
  if (text.endsWith('.')) return { rule: 'a DNS name does not end in a dot', remedy: 'remove the dot at the end' };
  if (text.length > 253) return { rule: 'a DNS name has at most 253 characters', remedy: 'write a shorter name' };
  const name = text.startsWith('*.') ? text.slice(2) : text;
  if (name.includes('*')) {
    return { rule: 'a wildcard is the whole first label', remedy: 'write *.example.com, or name each host' };
  }
  const labels = name.split('.');
  if (labels.includes('')) return { rule: 'a DNS name has no empty label', remedy: 'remove the dot that is too many' };
  if (labels.some((label) => label.length > 63)) {
    return { rule: 'a label of a DNS name has at most 63 characters', remedy: 'write a shorter name' };
  }
  // Underscores are no part of host names (RFC 1123) and yet found in certificates; Go's verifier takes them.
  if (!labels.every((label) => /^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?$/.test(label))) {
    return {
      rule: 'a label of a DNS name has letters, digits and hyphens, and no hyphen at its ends',
      remedy: 'correct the name',
    };
  }
  return /^\d+$/.test(labels.at(-1) ?? '')
    ? {
        rule: 'the last label of a DNS name is not a number',
        remedy: 'correct the name, or write an IP address in full',
      }
    : undefined;
}

function findEmailProblem(text: string): NameProblem | undefined {
  const remedy = 'write local-part@domain';
  if (text.length > maxEmailLength)
    return { rule: `an email address has at most ${maxEmailLength} characters`, remedy };
  const [local = '', domain = '', ...more] = text.split('@');
  const isLocal = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/.test(local);
  if (more.length > 0 || !isLocal) return { rule: 'the part of an email address before @ is a dot-atom', remedy };
  return domain.startsWith('*') || findDnsProblem(domain)
    ? { rule: 'the part of an email address after @ is a DNS name', remedy }
    : undefined;
}

function findUriProblem(text: string): NameProblem | undefined {
  if (text.length > maxUriLength) {
    return { rule: `a URI has at most ${maxUriLength} characters`, remedy: 'write a shorter URI' };
  }
  if (/^[^/?#]*:\d*$/.test(text)) return { rule: 'a name has no port', remedy: 'remove the colon and what follows it' };
  const authority = authorityOf(text);
  if (authority === undefined) return undefined;
  const host = hostOfAuthority(authority);
  return parseIp(host) || (!host.startsWith('*') && !findDnsProblem(host))
    ? undefined
    : { rule: 'the host of a URI is a DNS name or an IP address', remedy: 'write scheme://host/path' };
}

/** What stands between `//` and the path; undefined without `//`. */
export function authorityOf(uri: string): string | undefined {
  return /^[^:/?#]+:\/\/([^/?#]*)/.exec(uri)?.[1];
}

/** Host of an authority: without user, port and the brackets of an IPv6 address. */
export function hostOfAuthority(authority: string): string {
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  return /^\[(.*)\](?::\d*)?$/.exec(host)?.[1] ?? host.replace(/:\d*$/, '');
}
