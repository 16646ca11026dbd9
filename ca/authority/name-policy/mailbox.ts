/** Email addresses as RFC 2821 writes them, with the liberties that Go's crypto/x509 takes and step-ca with it. */

export type Mailbox = { readonly local: string; readonly domain: string };

/** A quoted local part, the escapes still in it; then the domain. */
const quoted = /^"((?:[^"\\\t\n\r\u0080-\uffff]|\\[^\n\r\u0080-\uffff])*)"@(.*)$/s;
/** Atoms and dots; a backslash takes any character outside of quotes too (RFC 3696). */
const plain = /^((?:[\w!#$%&'*+\-/=?^`{|}~.]|\\.)+)@(.*)$/su;

/** Undefined for what is none. */
export function parseMailbox(text: string): Mailbox | undefined {
  const match = quoted.exec(text) ?? plain.exec(text);
  if (!match || text.includes('\0')) return undefined;
  const [, escaped = '', domain = ''] = match;
  const local = escaped.replace(/\\(.)/gsu, '$1');
  const dots = text.startsWith('"') ? undefined : /^\.|\.\.|\.$/.exec(local);
  return dots || !isDomain(domain) ? undefined : { local, domain };
}

/** Labels of printable ASCII, none of them empty; no name at all is one too, as in Go. */
export const isDomain = (domain: string): boolean => /^(?:[!-\-/-~]+(?:\.[!-\-/-~]+)*)?$/.test(domain);
