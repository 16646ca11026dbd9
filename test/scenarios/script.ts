/**
 * The language of the scenario scripts in this folder: one step a line, for telling what a person types and sees.
 *
 *   # text                   what the scenario shows; the first line is its name
 *   # cli: autocert step     run once for each of these commands (default: autocert)
 *   # ca: autocert step-ca   and each of these CAs (default: none)
 *   exec ARG…                run the command; it must end with 0
 *   ! exec ARG…              run the command; it must not
 *   code N                   the last exec ended with N
 *   stdout 'REGEX'           the last exec printed that; with `!` before it, it did not
 *   stderr 'REGEX'
 *   set NAME                 keep stdout, without white space around it, as $NAME
 *   set NAME VALUE
 *   env NAME VALUE           environment of the following execs
 *   write FILE TEXT          make a file
 *   feed FILE                standard input of the next exec
 *   exists FILE              with `!` before it: does not exist
 *   mode MODE FILE           octal
 *   contains FILE 'REGEX'    with `!` before it: does not
 *
 * Words are split at spaces; 'single' and "double" quotes keep a word together, $NAME is replaced outside single
 * quotes. With a CA the variables of authority.ts are set. Each scenario runs in a folder of its own with its own
 * STEPPATH.
 */

export type Step = {
  readonly line: number;
  readonly text: string;
  readonly negated: boolean;
  readonly verb: string;
  readonly words: readonly Word[];
};

/** A word with the places where variables go. */
export type Word = readonly (string | { readonly variable: string })[];

export type Scenario = {
  readonly name: string;
  readonly clis: readonly string[];
  readonly cas: readonly string[];
  readonly steps: readonly Step[];
};

export function parseScenario(text: string): Scenario {
  const lines = text.split('\n');
  const header = (key: string): string[] | undefined => {
    const line = lines.find((candidate) => candidate.startsWith(`# ${key}:`));
    return line
      ?.slice(key.length + 3)
      .trim()
      .split(/\s+/);
  };
  const steps = lines.flatMap((line, index) => {
    if (/^\s*(#|$)/.test(line)) return [];
    const negated = line.startsWith('! ');
    const [verb = [], ...words] = splitWords(negated ? line.slice(2) : line);
    return [{ line: index + 1, text: line, negated, verb: expand(verb, new Map()), words }];
  });
  return {
    name: (lines[0] ?? '').replace(/^#\s*/, ''),
    clis: header('cli') ?? ['autocert'],
    cas: header('ca') ?? ['none'],
    steps,
  };
}

export function splitWords(line: string): Word[] {
  const words: (string | { variable: string })[][] = [];
  let word: (string | { variable: string })[] | undefined;
  const pattern = /(\s+)|'([^']*)'|"([^"]*)"|([^\s'"]+)/g;
  for (const [, space, single, double, plain] of line.matchAll(pattern)) {
    if (space !== undefined) {
      word = undefined;
      continue;
    }
    if (!word) {
      word = [];
      words.push(word);
    }
    if (single !== undefined) word.push(single);
    else word.push(...splitVariables(double ?? plain ?? ''));
  }
  return words;
}

function splitVariables(text: string): (string | { variable: string })[] {
  return text
    .split(/(\$[A-Z_]+)/)
    .filter((part) => part !== '')
    .map((part) => (/^\$[A-Z_]+$/.test(part) ? { variable: part.slice(1) } : part));
}

/** @throws {Error} when a variable is not set */
export function expand(word: Word, variables: ReadonlyMap<string, string>): string {
  return word
    .map((part) => {
      if (typeof part === 'string') return part;
      const value = variables.get(part.variable);
      if (value === undefined) throw new Error(`$${part.variable} is not set`);
      return value;
    })
    .join('');
}
