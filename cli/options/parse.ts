/**
 * Command line -> positionals and given options. Pure. Order is free: options may stand before, between and after
 * the positionals. A switch may carry a value (`--mtls=false`), as in step.
 */
import { parseArgs } from 'node:util';
import type { CommandDescription, OptionDefinition } from '../command.ts';
import { unsupported, usage } from '../errors.ts';
import { nearest } from '../help/nearest.ts';

/** Options that commands have unless they say otherwise. */
export const globalOptions: readonly OptionDefinition[] = [
  { name: 'help', aliases: ['h'], description: 'Show this text.' },
  {
    name: 'config',
    value: 'file',
    description: 'Read the defaults of options from this file instead of $STEPPATH/config/defaults.json.',
  },
];

export type ParsedArguments = {
  readonly positionals: readonly string[];
  /** Canonical option name -> values in order; `"true"` or `"false"` for a switch. */
  readonly given: ReadonlyMap<string, readonly string[]>;
};

/** Those of them that this command has. */
export const globalOptionsOf = ({ apartFromStep }: CommandDescription): readonly OptionDefinition[] =>
  apartFromStep ? globalOptions.filter(({ name }) => name === 'help') : globalOptions;

/** All options a command takes, the global ones included. */
export const optionsOf = (command: CommandDescription): readonly OptionDefinition[] => [
  ...(command.options ?? []),
  ...globalOptionsOf(command),
];

/** How a name is written on the command line. */
export const dashed = (name: string): string => (name.length === 1 ? `-${name}` : `--${name}`);

const titleOf = (command: CommandDescription): string => ['autocert', ...command.path].join(' ');

/** @throws {AppError} ERR_CLI_USAGE, ERR_CLI_UNSUPPORTED (invalid) */
export function parseArguments(command: CommandDescription, args: readonly string[]): ParsedArguments {
  const spellings = new Map<string, OptionDefinition>();
  for (const option of optionsOf(command)) {
    for (const name of [option.name, ...(option.aliases ?? [])]) spellings.set(name, option);
  }
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: parserOptions(spellings),
  });

  const positionals: string[] = [];
  const given = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const option = spellings.get(token.name);
    if (!option) throw unknownOption(command, token.name, [...spellings.keys()]);
    const value = option.value === undefined ? switchValue(option, token.value) : token.value;
    if (value === undefined)
      throw usage(`${token.rawName}: a value is missing`, `write ${token.rawName} ${option.value}`);
    const values = given.get(option.name) ?? [];
    given.set(option.name, option.repeated ? [...values, value] : [value]);
  }
  return { positionals, given };
}

type ParserOptions = Record<string, { type: 'string' | 'boolean'; short?: string }>;

function parserOptions(spellings: ReadonlyMap<string, OptionDefinition>): ParserOptions {
  const options: ParserOptions = {};
  for (const [name, option] of spellings) {
    const type = option.value === undefined ? 'boolean' : 'string';
    options[name] = name.length === 1 ? { type, short: name } : { type };
  }
  return options;
}

/** @throws {AppError} ERR_CLI_USAGE (invalid) */
export function switchValue(option: OptionDefinition, value: string | undefined): string {
  if (value === undefined || /^(true|t|1)$/i.test(value)) return 'true';
  if (/^(false|f|0)$/i.test(value)) return 'false';
  throw usage(`--${option.name}: "${value}" is neither true nor false`);
}

function unknownOption(command: CommandDescription, name: string, known: readonly string[]): Error {
  if (command.unsupported?.includes(name)) {
    return unsupported(
      `${dashed(name)}: this option of "step ${command.path.join(' ')}" is not supported`,
      'the step command itself works with the same CA and the same files',
    );
  }
  const guess = nearest(name, known);
  return usage(
    `${dashed(name)}: unknown option of "${titleOf(command)}"`,
    guess === undefined ? `see ${titleOf(command)} --help` : `did you mean ${dashed(guess)}?`,
  );
}

/** @throws {AppError} ERR_CLI_USAGE (invalid) when there are too few or too many */
export function checkPositionals(command: CommandDescription, positionals: readonly string[]): void {
  const wanted = command.positionals ?? [];
  const missing = wanted.filter(({ optional }) => !optional)[positionals.length];
  if (missing) throw usage(`${missing.name}: missing`, `usage: ${usageLine(command)}`);
  const last = wanted.at(-1);
  if (positionals.length > wanted.length && !last?.repeated) {
    throw usage(`"${positionals[wanted.length]}": one argument too many`, `usage: ${usageLine(command)}`);
  }
}

/** `autocert ca certificate subject crt-file key-file [options]` */
export function usageLine(command: CommandDescription): string {
  const positionals = (command.positionals ?? []).map(({ name, optional, repeated }) => {
    const text = repeated ? `${name}…` : name;
    return optional ? `[${text}]` : text;
  });
  return [titleOf(command), ...positionals, '[options]'].join(' ');
}
