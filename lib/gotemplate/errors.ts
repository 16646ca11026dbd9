/** What can be wrong with a template: its text, what it does with its data, or how much it wants. */
import { AppError } from '../errors/index.ts';
import { fromByteString } from './bytes.ts';

/** The text is no template; the message is Go's: `template: NAME:LINE: what`. */
export const templateSyntax = (name: string, line: number, problem: string): AppError =>
  new AppError('ERR_TEMPLATE_SYNTAX', 'invalid', `template: ${name}:${line}: ${fromByteString(problem)}`, {
    context: { template: name, line },
  });

/** Execution stopped; the message is Go's: `template: NAME:LINE:COLUMN: executing "NAME" at <WHAT>: why`. */
export const templateExecution = (message: string, cause?: unknown): AppError =>
  new AppError('ERR_TEMPLATE_EXECUTION', 'invalid', fromByteString(message), cause === undefined ? {} : { cause });

/** More than a template may use of time, memory, input, output or nesting. */
export const templateLimit = (what: string): AppError =>
  new AppError('ERR_TEMPLATE_LIMIT', 'invalid', `template: ${what}`, {
    hint: 'make the template smaller, or its loops shorter',
  });

/**
 * An error that a function of a template returns, or a panic in it: the evaluator says where. `message` is a byte string.
 */
export class FunctionError extends Error {}
