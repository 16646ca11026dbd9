/** sprig: texts that are repeated, filled up, broken into lines and put together. All of them can make much of little. */
import { runesOf } from '../../bytes.ts';
import { FunctionError } from '../../errors.ts';
import type { Budget } from '../../limits.ts';
import { fixed, intArgument, type Named, textArgument } from '../data/declare.ts';
import { made, scan, walk } from './made.ts';
import { includes, occurrences } from './search.ts';

const largest = 1n << 63n;

function repeat(count: bigint, text: string, budget: Budget): string {
  if (count < 0n) throw new FunctionError('strings: negative Repeat count');
  const size = count * BigInt(text.length);
  if (size >= largest) throw new FunctionError('strings: Repeat output length overflow');
  budget.make(Number(size));
  return size === 0n ? '' : text.repeat(Number(count));
}

/** Every occurrence; of nothing there is one before each character and one at the end. */
function replaceAll(text: string, old: string, replacement: string, budget: Budget): string {
  let replaced = '';
  let from = 0;
  const put = (until: number, to: number): void => {
    const part = text.slice(from, until);
    budget.make(part.length + replacement.length);
    replaced += part + replacement;
    from = to;
  };
  if (old === '') {
    for (const { index } of runesOf(text)) put(index, index);
    put(text.length, text.length);
  } else {
    for (const at of occurrences(text, old, budget)) put(at, at + old.length);
  }
  return made(replaced + text.slice(from), budget);
}

const indent = (spaces: bigint, text: string, budget: Budget): string => {
  const pad = repeat(spaces, ' ', budget);
  return made(pad + replaceAll(text, '\n', `\n${pad}`, budget), budget);
};

/** At spaces, into lines of so many bytes; a word that is longer is broken only if asked for. */
function wrap(text: string, given: bigint, newLine: string, breaksWords: boolean, budget: Budget): string {
  walk(text, budget);
  const width = given < 1n ? 1 : Number(given > 0x7fffffffn ? 0x7fffffffn : given);
  let wrapped = '';
  let offset = 0;
  const line = (end: number, next: number): void => {
    budget.make(end - offset + newLine.length);
    wrapped += text.slice(offset, end) + newLine;
    offset = next;
  };
  while (text.length - offset > width) {
    if (text[offset] === ' ') {
      offset++;
      continue;
    }
    const space = text.slice(offset, offset + width + 1).lastIndexOf(' ');
    if (space >= 0) {
      line(offset + space, offset + space + 1);
    } else if (breaksWords) {
      line(offset + width, offset + width);
    } else {
      const end = text.indexOf(' ', offset + width);
      if (end < 0) break;
      line(end, end + 1);
    }
  }
  return made(wrapped + text.slice(offset), budget);
}

export const fillingFunctions: Named = {
  repeat: fixed(['int', 'string'], ([count, text], budget) => repeat(intArgument(count), textArgument(text), budget)),
  indent: fixed(['int', 'string'], ([spaces, text], budget) => indent(intArgument(spaces), textArgument(text), budget)),
  nindent: fixed(['int', 'string'], ([spaces, text], budget) =>
    made(`\n${indent(intArgument(spaces), textArgument(text), budget)}`, budget),
  ),
  wrap: fixed(['int', 'string'], ([width, text], budget) =>
    wrap(textArgument(text), intArgument(width), '\n', false, budget),
  ),
  wrapWith: fixed(['int', 'string', 'string'], ([width, newLine, text], budget) =>
    wrap(textArgument(text), intArgument(width), textArgument(newLine) || '\n', true, budget),
  ),
  replace: fixed(['string', 'string', 'string'], ([old, replacement, text], budget) =>
    replaceAll(textArgument(text), textArgument(old), textArgument(replacement), budget),
  ),
  contains: fixed(['string', 'string'], ([part, text], budget) =>
    includes(textArgument(text), textArgument(part), budget),
  ),
  hasPrefix: fixed(['string', 'string'], ([prefix, text], budget) => {
    scan(textArgument(prefix), budget);
    return textArgument(text).startsWith(textArgument(prefix));
  }),
  hasSuffix: fixed(['string', 'string'], ([suffix, text], budget) => {
    scan(textArgument(suffix), budget);
    return textArgument(text).endsWith(textArgument(suffix));
  }),
  plural: fixed(['string', 'string', 'int'], ([one, many, count]) =>
    intArgument(count) === 1n ? textArgument(one) : textArgument(many),
  ),
};
