/** Splits a command as a shell does: spaces separate, quotes group, backslash escapes. Nothing is expanded. Pure. */
import { usage } from '../../errors.ts';

/** @throws {AppError} ERR_CLI_USAGE (invalid) for a quote that is not closed */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  const part = /(\s+)|'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^\s'"\\]+)/gsy;
  let word: string | undefined;
  while (part.lastIndex < text.length) {
    const found = part.exec(text);
    if (!found) throw usage(`"${text}": a quote is not closed`);
    const [, space, single, double, escaped, plain] = found;
    if (space === undefined)
      word = (word ?? '') + (single ?? double?.replace(/\\(["\\$`])/g, '$1') ?? escaped ?? plain ?? '');
    else if (word !== undefined) {
      words.push(word);
      word = undefined;
    }
  }
  return word === undefined ? words : [...words, word];
}
