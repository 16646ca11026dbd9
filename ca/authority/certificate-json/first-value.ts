/**
 * JSON as Go's json.Decoder reads it: the first value counts, and what follows it is not looked at.
 *
 * Keep: work is bounded by the length of the text, and depth by Go's own limit.
 */

/** encoding/json gives up here too. */
const maxDepth = 10_000;

const notJson = (): SyntaxError => new SyntaxError('not JSON');

/** @throws {SyntaxError} never quotes the text */
export function parseFirstValue(text: string): unknown {
  if (text.length <= maxDepth) {
    // too short to be too deep: most bodies are one value and nothing else
    try {
      return JSON.parse(text);
    } catch {
      // the first value may be followed by something
    }
  }
  const start = text.search(/[^ \t\r\n]/);
  if (start < 0) throw notJson();
  try {
    return JSON.parse(text.slice(start, endOfValue(text, start)));
  } catch {
    throw notJson(); // the cause would quote the text, a token among it
  }
}

const scalar = /null|true|false|-?\d[\d.eE+-]*/y;

/** Index after the value that begins at `start`. Only brackets and texts are followed; JSON.parse judges the rest. */
function endOfValue(text: string, start: number): number {
  if (!/[{["]/.test(text[start] ?? '')) {
    scalar.lastIndex = start;
    return scalar.test(text) ? scalar.lastIndex : text.length;
  }
  let depth = 0;
  for (let index = start; index < text.length; index++) {
    switch (text[index]) {
      case '"':
        index = endOfText(text, index);
        break;
      case '{':
      case '[':
        if (++depth > maxDepth) throw notJson();
        break;
      case '}':
      case ']':
        depth--;
        break;
      default:
        continue;
    }
    if (depth <= 0) return index + 1;
  }
  return text.length;
}

/** Index of the quotation mark that ends the text begun at `start`. */
function endOfText(text: string, start: number): number {
  let index = start + 1;
  while (index < text.length && text[index] !== '"') index += text[index] === '\\' ? 2 : 1;
  return index;
}
