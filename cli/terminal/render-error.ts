/**
 * The command line's one place where an error becomes text and an exit code:
 *
 *   error: token: refused by https://ca.example (401)
 *   hint: a one-time token works once; ask for a new one
 */
import { describeError, isAppError } from '../../lib/errors/index.ts';
import type { Styles } from './terminal.ts';

/** Exit codes: 1 it did not work, 2 it was called wrongly. */
export function exitCodeOf(error: unknown): 1 | 2 {
  return isAppError(error, 'ERR_CLI_USAGE') || isAppError(error, 'ERR_CLI_UNSUPPORTED') ? 2 : 1;
}

/** @param debug adds code, stack and causes (STEPDEBUG=1) */
export function renderError(error: unknown, styles: Styles, debug: boolean): string {
  const lines = [`${styles.red('error:')} ${textOf(error)}`];
  const hint = isAppError(error) ? error.hint : undefined;
  if (hint !== undefined) lines.push(`${styles.yellow('hint:')} ${hint}`);
  else if (!isAppError(error) && !debug) {
    lines.push(`${styles.yellow('hint:')} this is a defect of autocert; STEPDEBUG=1 shows where`);
  }
  if (debug) lines.push(...debugLines(error));
  return lines.join('\n');
}

function textOf(error: unknown): string {
  if (isAppError(error) && error.kind === 'internal') return `internal error (${error.code})`;
  return describeError(error);
}

function debugLines(error: unknown): string[] {
  const lines: string[] = [];
  let current = error;
  for (let depth = 0; current instanceof Error && depth < 8; depth++) {
    const code = (current as { code?: unknown }).code;
    lines.push(`${code === undefined ? '' : `[${String(code)}] `}${current.stack ?? current.message}`);
    current = current.cause;
  }
  return lines;
}
