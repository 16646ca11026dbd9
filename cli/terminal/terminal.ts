/**
 * The two streams a person or a script reads, and the rules of who gets what:
 *
 *   stdout  the result, and nothing else: a token, a certificate, JSON. Safe to pipe.
 *   stderr  progress (`✔ CA: https://…`), questions, `error:` and `hint:` lines.
 *
 * Colour only where a terminal shows it and NO_COLOR (no-color.org) is not set. No secret is ever echoed.
 */
import type { Writable } from 'node:stream';

export type Style = (text: string) => string;
export type Styles = Readonly<Record<'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan', Style>>;

export interface Terminal {
  /** The result, verbatim. */
  write(text: string): void;
  /** A line for the person, on stderr. */
  note(text: string): void;
  /** `✔ Label: value` on stderr, as step prints what it chose or wrote. */
  selected(label: string, value: string): void;
  /** Whether somebody can be asked: stdin and stderr are terminals. */
  readonly interactive: boolean;
  /** Columns of stdout, 80 where there is no terminal. */
  readonly columns: number;
  /** Whether stdout is a terminal that may be redrawn. */
  readonly live: boolean;
  /** For text on stdout. */
  readonly outStyles: Styles;
  /** For text on stderr. */
  readonly errorStyles: Styles;
}

export type TerminalStreams = {
  readonly stdin: { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
};

export function createTerminal({ stdin, stdout, stderr, env }: TerminalStreams): Terminal {
  const outStyles = stylesFor(stdout.isTTY === true, env);
  const errorStyles = stylesFor(stderr.isTTY === true, env);
  const note = (text: string): void => {
    stderr.write(`${text}\n`);
  };
  return {
    write: (text) => {
      stdout.write(text);
    },
    note,
    selected: (label, value) => note(`${errorStyles.green('✔')} ${errorStyles.bold(`${label}:`)} ${value}`),
    interactive: stdin.isTTY === true && stderr.isTTY === true,
    live: stdout.isTTY === true && env.TERM !== 'dumb',
    get columns() {
      return stdout.columns || 80;
    },
    outStyles,
    errorStyles,
  };
}

/** NO_COLOR wins over a terminal, FORCE_COLOR stands in for one. */
function stylesFor(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): Styles {
  const coloured = !env.NO_COLOR && env.TERM !== 'dumb' && (isTerminal || Boolean(env.FORCE_COLOR));
  const style = (open: number, close: number): Style =>
    coloured ? (text) => `\x1b[${open}m${text}\x1b[${close}m` : (text) => text;
  return {
    bold: style(1, 22),
    dim: style(2, 22),
    red: style(31, 39),
    green: style(32, 39),
    yellow: style(33, 39),
    cyan: style(36, 39),
  };
}
