/**
 * Where step keeps its settings, so that both commands share them: $STEPPATH (default ~/.step), contexts.json and
 * current-context.json, config/defaults.json. Reads only.
 */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { settingsFile, usage } from '../errors.ts';
import type { Defaults } from './resolve.ts';

export type StepSettings = {
  /** Folder of certs/ and config/. */
  readonly stepPath: string;
  readonly defaults: Defaults;
};

/**
 * @param chosen values of --context and --config, which win over the current context and its files
 * @throws {AppError} ERR_CLI_SETTINGS (invalid) for a file that is not what it should be, ERR_CLI_USAGE for an unknown context
 */
export function loadStepSettings(
  env: Readonly<Record<string, string | undefined>>,
  chosen: { readonly context?: string | undefined; readonly config?: string | undefined } = {},
): StepSettings {
  const base = env.STEPPATH || join(env.HOME || homedir(), '.step');
  const context = findContext(base, chosen.context);
  const stepPath = context ? join(base, 'authorities', context.authority) : base;
  if (chosen.config !== undefined) {
    const members = readObject(chosen.config);
    if (!members) throw settingsFile(chosen.config, 'does not exist');
    return { stepPath, defaults: { path: chosen.config, members } };
  }
  const path = join(stepPath, 'config', 'defaults.json');
  const members = readObject(path) ?? {};
  // a profile belongs to a person and wins over the authority's settings
  const profile = context?.profile && readObject(join(base, 'profiles', context.profile, 'config', 'defaults.json'));
  return { stepPath, defaults: { path, members: { ...members, ...profile } } };
}

type Context = { readonly authority: string; readonly profile: string | undefined };

function findContext(base: string, chosen: string | undefined): Context | undefined {
  const contextsPath = join(base, 'contexts.json');
  const contexts = readObject(contextsPath);
  const name = chosen ?? (contexts && readObject(join(base, 'current-context.json'))?.context);
  if (typeof name !== 'string' || name === '') return undefined;
  const found = contexts?.[name];
  if (!isObject(found)) throw usage(`context "${name}": not found in ${contextsPath}`);
  const { authority = name, profile } = found;
  if (typeof authority !== 'string') throw settingsFile(contextsPath, `context "${name}" has no authority`);
  return { authority, profile: typeof profile === 'string' ? profile : undefined };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function readObject(path: string): Record<string, unknown> | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw settingsFile(path, 'cannot be read', error);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw settingsFile(path, 'is not JSON', error);
  }
  if (!isObject(value)) throw settingsFile(path, 'is not a JSON object');
  return value;
}
