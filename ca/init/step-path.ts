/**
 * Where step keeps its files: `$STEPPATH` (default ~/.step), or inside it the folder of the authority that the current
 * context names. contexts.json maps a context to an authority and a profile.
 */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { AppError } from '../../lib/errors/index.ts';

export type StepContext = { readonly name: string; readonly authority: string; readonly profile: string };

export const stepBasePath = (env: NodeJS.ProcessEnv): string => env.STEPPATH || join(homedir(), '.step');

/** The folder of certs/, secrets/, config/ and db/ of a context; of the current one, or none, when not named. */
export function stepPath(base: string, context: StepContext | undefined): string {
  return context === undefined ? base : join(base, 'authorities', context.authority);
}

/** As step: `./` is the working directory, `~/` the home, and what else is relative lies in the folder of the context. */
export function resolveStepPath(folder: string, given: string): string {
  if (given.startsWith('~/')) return join(homedir(), given.slice(2));
  return isAbsolute(given) || /^\.{1,2}\//.test(given) ? given : join(folder, given);
}

/**
 * The context with this name, or the current one. Undefined when there are no contexts.
 * @throws {AppError} ERR_STEP_CONTEXT (invalid) when the named one is not there, or the files are damaged
 */
export function findContext(base: string, name: string | undefined): StepContext | undefined {
  const contexts = readContexts(base);
  const wanted = name ?? readCurrent(base);
  if (wanted === undefined) return undefined;
  const found = contexts[wanted];
  if (!found) throw contextProblem(`context ${JSON.stringify(wanted)} not found in ${join(base, 'contexts.json')}`);
  return { name: wanted, authority: found.authority, profile: found.profile };
}

export type ContextEntries = Readonly<Record<string, { readonly authority: string; readonly profile: string }>>;

/** What contexts.json holds; nothing when there is no such file. @throws {AppError} ERR_STEP_CONTEXT (invalid) */
export function readContexts(base: string): ContextEntries {
  const entries = readJson(join(base, 'contexts.json'));
  for (const [name, entry] of Object.entries(entries ?? {})) {
    const { authority, profile } = (entry ?? {}) as Readonly<Record<string, unknown>>;
    if (
      typeof authority !== 'string' ||
      typeof profile !== 'string' ||
      !isPlainName(authority) ||
      !isPlainName(profile)
    ) {
      throw contextProblem(`context ${JSON.stringify(name)} in ${join(base, 'contexts.json')} is malformed`);
    }
  }
  return (entries ?? {}) as ContextEntries;
}

/** A name that becomes a folder must not lead out of its own. */
export const isPlainName = (name: string): boolean => name !== '' && !/[/\\]/.test(name) && !/^\.{1,2}$/.test(name);

function readCurrent(base: string): string | undefined {
  const current = readJson(join(base, 'current-context.json'))?.context;
  return typeof current === 'string' && current !== '' ? current : undefined;
}

function readJson(path: string): Readonly<Record<string, unknown>> | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw contextProblem(`${path} cannot be read`, error);
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch (cause) {
    throw contextProblem(`${path} is not JSON`, cause);
  }
  throw contextProblem(`${path} is not a JSON object`);
}

const contextProblem = (problem: string, cause?: unknown): AppError =>
  new AppError('ERR_STEP_CONTEXT', 'invalid', problem, {
    cause,
    hint: 'leave out --context, or make the context with `autocert ca init --context NAME`',
  });
