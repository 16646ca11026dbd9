/**
 * Whether a JSON text names a member twice. Readers differ in which of the two they take, so a token with such a text
 * could mean one thing to its verifier and another to its user (RFC 8259 4, RFC 7519 4).
 */

/** @param value what `JSON.parse` made of `text`: it has kept one of two members of the same name */
export const hasRepeatedMember = (text: string, value: unknown): boolean => countColons(text) !== countMembers(value);

/** Colons outside strings: one for each member, in a text that is JSON. */
function countColons(text: string): number {
  let count = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x22) inString = !inString;
    else if (code === 0x5c)
      index++; // only strings have backslashes
    else if (code === 0x3a && !inString) count++;
  }
  return count;
}

function countMembers(value: unknown): number {
  let count = 0;
  const rest: unknown[] = [value];
  while (rest.length > 0) {
    const next = rest.pop();
    if (typeof next !== 'object' || next === null) continue;
    const inner = Object.values(next);
    if (!Array.isArray(next)) count += inner.length;
    for (const item of inner) rest.push(item);
  }
  return count;
}
