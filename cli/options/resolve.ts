/**
 * Where the value of an option comes from: command line, then STEP_NAME in the environment, then defaults.json, then
 * the option's own default. Pure.
 */
import type { CommandDescription, OptionDefinition, OptionValues } from '../command.ts';
import { settingsFile, usage } from '../errors.ts';
import { optionsOf, type ParsedArguments, switchValue } from './parse.ts';

/** Members of defaults.json and where they were read, for complaints. */
export type Defaults = { readonly path: string; readonly members: Readonly<Record<string, unknown>> };

type Source = { readonly values: readonly string[]; readonly place: string };

/** `ca-url` -> `STEP_CA_URL` */
export const variableName = (option: string): string => `STEP_${option.toUpperCase().replaceAll('-', '_')}`;

/** @throws {AppError} ERR_CLI_USAGE, ERR_CLI_SETTINGS (invalid) for a value that cannot be one */
export function resolveOptions(
  command: CommandDescription,
  parsed: ParsedArguments,
  env: Readonly<Record<string, string | undefined>>,
  defaults: Defaults,
): OptionValues {
  const sources = new Map<string, Source | undefined>();
  for (const option of optionsOf(command)) {
    const settings = () => fromEnvironment(option, env) ?? fromDefaults(option, defaults);
    const source = fromCommandLine(option, parsed) ?? (command.apartFromStep ? undefined : settings());
    for (const value of source?.values ?? []) checkChoice(option, value, source?.place ?? '');
    sources.set(option.name, source);
  }
  const definitions = new Map(optionsOf(command).map((option) => [option.name, option]));

  const lookUp = (name: string): Source | undefined => {
    if (!definitions.has(name)) throw new TypeError(`${command.path.join(' ')} has no option ${name}`);
    return sources.get(name);
  };
  const text = (name: string): string | undefined => lookUp(name)?.values.at(-1) ?? definitions.get(name)?.default;
  return {
    text,
    required(name) {
      const value = text(name);
      if (value) return value;
      if (command.apartFromStep) throw usage(`--${name}: missing`, `give --${name}`);
      const ways = `give --${name} or set ${variableName(name)}`;
      const itself = command.path.join(' ') === 'ca bootstrap';
      throw usage(`--${name}: missing`, itself ? ways : `${ways}, or run "autocert ca bootstrap" once`);
    },
    isOn: (name) => text(name) === 'true',
    list: (name) => lookUp(name)?.values ?? [],
    isSet: (name) => lookUp(name) !== undefined,
  };
}

function fromCommandLine(option: OptionDefinition, parsed: ParsedArguments): Source | undefined {
  const values = parsed.given.get(option.name);
  return values && { values, place: `--${option.name}` };
}

function fromEnvironment(
  option: OptionDefinition,
  env: Readonly<Record<string, string | undefined>>,
): Source | undefined {
  for (const name of [option.name, ...(option.aliases ?? [])]) {
    if (name.length === 1) continue;
    const place = variableName(name);
    const value = env[place];
    if (!value) continue;
    // a list in one variable is separated by commas, as in step
    if (option.repeated) return { values: value.split(',').map((item) => item.trim()), place };
    return { values: [option.value === undefined ? switchValue(option, value) : value], place };
  }
  return undefined;
}

function fromDefaults(option: OptionDefinition, { path, members }: Defaults): Source | undefined {
  const name = [option.name, ...(option.aliases ?? [])].find((spelling) => members[spelling] !== undefined);
  if (name === undefined) return undefined;
  const found = members[name];
  const items: readonly unknown[] = Array.isArray(found) ? found : [found];
  const place = `"${name}" in ${path}`;
  const values = items.map((item) => {
    if (typeof item === 'string' || typeof item === 'number' || typeof item === 'boolean') return String(item);
    throw settingsFile(path, `"${name}" is not a text, number or truth value`);
  });
  if (values.length === 0 || values.every((value) => value === '')) return undefined;
  return { values: option.value === undefined ? values.map((value) => switchValue(option, value)) : values, place };
}

function checkChoice(option: OptionDefinition, value: string, place: string): void {
  if (!option.choices || option.choices.includes(value)) return;
  throw usage(`${place}: "${value}" is not one of ${option.choices.join(', ')}`);
}
