/**
 * The log of every program: one line a record, JSON for machines or text for people, on standard output.
 *
 *   {"time":"2026-01-01T00:00:00.000Z","level":"info","name":"renewer","msg":"certificate renewed","serial":"…"}
 *
 * Lines are written in order and before the call returns, so that the last words of a program that exits are seen.
 * The pod programs use it, so it takes nothing from npm. Keep: no record leaves without passing through `redact.ts`.
 */
import { AppError } from '../errors/index.ts';
import { type Clock, systemClock } from '../time/index.ts';
import { type BatchedOutput, createBatchedOutput } from './batched-output.ts';
import { redactFields, redactText } from './redact.ts';

const levels = ['debug', 'info', 'warn', 'error'] as const;

/** From the most talkative to the quietest. */
export type LogLevel = (typeof levels)[number];
export type LogFormat = 'json' | 'text';

/** Details of a record. An `error` may be any thrown value; it is rendered with code, causes and hint. */
export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger whose records carry these fields too. */
  child(fields: LogFields): Logger;
}

export type LoggerOptions = {
  /** The program, field `name` of every record. */
  readonly name: string;
  /** Records below it are dropped; `info` unless given. */
  readonly level?: LogLevel | undefined;
  /** `json` unless given. */
  readonly format?: LogFormat | undefined;
  /** Takes one whole line with its line feed. Standard output unless given. */
  readonly write?: ((line: string) => void) | undefined;
  readonly clock?: Pick<Clock, 'now'> | undefined;
};

/** Drops everything, for callers that must pass a logger. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};

/** A logger; creating one costs nothing and needs no closing. */
export function createLogger(options: LoggerOptions): Logger {
  const { name, level = 'info', format = 'json', write = writeToStandardOutput, clock = systemClock } = options;
  const render = format === 'json' ? renderJson : renderText;
  const from = levels.indexOf(level);

  const withFields = (bound: LogFields): Logger => {
    const log = (at: LogLevel) => (message: string, fields: LogFields | undefined) => {
      if (levels.indexOf(at) < from) return;
      const time = new Date(clock.now()).toISOString();
      write(`${render({ time, level: at, name, msg: redactText(message) }, redactFields({ ...bound, ...fields }))}\n`);
    };
    return {
      debug: log('debug'),
      info: log('info'),
      warn: log('warn'),
      error: log('error'),
      child: (fields) => withFields({ ...bound, ...fields }),
    };
  };
  return withFields({});
}

/** @throws {AppError} ERR_LOG_LEVEL (invalid); `source` says where the text came from */
export function parseLogLevel(text: string, source: string): LogLevel {
  const found = levels.find((level) => level === text.trim().toLowerCase());
  if (found) return found;
  throw new AppError('ERR_LOG_LEVEL', 'invalid', `${source}: unknown log level ${JSON.stringify(text)}`, {
    hint: `write one of ${levels.join(', ')}`,
  });
}

type Head = { readonly time: string; readonly level: LogLevel; readonly name: string; readonly msg: string };

/** A field cannot replace the head of its record: what `time` and `level` say is always ours. */
function renderJson(head: Head, fields: Record<string, unknown>): string {
  return JSON.stringify({ ...head, ...fields, ...head });
}

function renderText({ time, level, name, msg }: Head, fields: Record<string, unknown>): string {
  const details = Object.entries(fields).map(([field, value]) => ` ${field}=${renderTextValue(value)}`);
  return `${time} ${level.toUpperCase().padEnd(5)} ${name}: ${oneLine(msg)}${details.join('')}`;
}

function renderTextValue(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=\p{Cc}]+$/u.test(value) ? value : (JSON.stringify(value) ?? 'null');
}

/** A line feed in a message would forge a record. */
const oneLine = (text: string): string => text.replace(/\p{Cc}+/gu, ' ');

/** For `write` of a program that logs every request: one write for the lines of one turn of the event loop. */
export const batchedStandardOutput = (): BatchedOutput => createBatchedOutput(writeToStandardOutput);

let outputIsWatched = false;

/** A reader that went away (`| head`) must not end the program with an unhandled EPIPE. */
function writeToStandardOutput(line: string): void {
  if (!outputIsWatched) {
    outputIsWatched = true;
    process.stdout.on('error', () => {});
  }
  process.stdout.write(line);
}
