/** From arguments to exit code. Everything that differs between a test and a real call is passed in. */
import type { Command, Invocation } from './command.ts';
import type { CatalogueEntry } from './commands/catalogue.ts';
import { usage } from './errors.ts';
import { nearest } from './help/nearest.ts';
import { renderCommandHelp, renderGroupHelp, renderOverview } from './help/render-help.ts';
import { checkPositionals, parseArguments } from './options/parse.ts';
import { resolveOptions } from './options/resolve.ts';
import { loadStepSettings } from './options/step-settings.ts';
import { exitCodeOf, renderError } from './terminal/render-error.ts';
import type { Terminal } from './terminal/terminal.ts';
import { version } from './version.ts';

export type Surroundings = { readonly terminal: Terminal; readonly env: NodeJS.ProcessEnv };

/** Runs one command line; never throws. */
export async function runCommandLine(
  catalogue: readonly CatalogueEntry[],
  args: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  const { terminal, env } = surroundings;
  try {
    return await dispatch(catalogue, args, surroundings);
  } catch (error) {
    terminal.note(renderError(error, terminal.errorStyles, env.STEPDEBUG === '1'));
    return exitCodeOf(error);
  }
}

async function dispatch(
  catalogue: readonly CatalogueEntry[],
  args: readonly string[],
  { terminal, env }: Surroundings,
): Promise<number> {
  const help = args[0] === 'help';
  const words = help ? args.slice(1) : args;
  if (words.length === 0 || (words.length === 1 && isHelp(words[0]))) {
    terminal.write(renderOverview(version, catalogue, terminal.outStyles));
    return 0;
  }
  if (words[0] === '--version' || words[0] === '-v') return dispatch(catalogue, ['version'], { terminal, env });

  const entry = findEntry(catalogue, words);
  if (!entry) {
    terminal.write(renderGroupHelp(...findGroup(catalogue, words), terminal.outStyles));
    return 0;
  }
  const command = await entry.load();
  const rest = words.slice(entry.path.length);
  if (help || (!command.passThrough && rest.some(isHelp))) {
    terminal.write(renderCommandHelp(command, terminal.outStyles));
    return 0;
  }
  return (await command.run(prepare(command, rest, { terminal, env }))) ?? 0;
}

const isHelp = (word: string | undefined): boolean => word === '--help' || word === '-h';

/** The command whose whole path the first words spell. */
function findEntry(catalogue: readonly CatalogueEntry[], words: readonly string[]): CatalogueEntry | undefined {
  return catalogue
    .filter(({ path }) => path.every((part, index) => words[index] === part))
    .sort((a, b) => b.path.length - a.path.length)[0];
}

/** The words of a group (`ca`, `ca provisioner`) and its commands. @throws {AppError} ERR_CLI_USAGE (invalid) */
function findGroup(
  catalogue: readonly CatalogueEntry[],
  words: readonly string[],
): [group: readonly string[], commands: readonly CatalogueEntry[]] {
  const group: string[] = [];
  let commands = catalogue;
  for (const word of words) {
    if (isHelp(word)) break;
    const within = commands.filter(({ path }) => path[group.length] === word);
    if (within.length === 0) throw unknownCommand(group, word, commands);
    group.push(word);
    commands = within;
  }
  return [group, commands];
}

function unknownCommand(group: readonly string[], word: string, commands: readonly CatalogueEntry[]): Error {
  const title = ['autocert', ...group].join(' ');
  if (word.startsWith('-')) return usage(`${word}: unknown option of "${title}"`, `see ${title} --help`);
  const known = [...new Set(commands.map(({ path }) => path[group.length] ?? ''))];
  const guess = nearest(word, known);
  return usage(
    `${[...group, word].join(' ')}: unknown command`,
    guess === undefined ? `see ${title} --help` : `did you mean "${title} ${guess}"?`,
  );
}

function prepare(command: Command, args: readonly string[], { terminal, env }: Surroundings): Invocation {
  const parsed = command.passThrough
    ? { positionals: args, given: new Map<string, string[]>() }
    : parseArguments(command, args);
  const { stepPath, defaults } = command.apartFromStep
    ? { stepPath: '', defaults: { path: '', members: {} } }
    : loadStepSettings(env, {
        context: parsed.given.get('context')?.[0] ?? env.STEP_CONTEXT,
        config: parsed.given.get('config')?.[0] ?? env.STEP_CONFIG,
      });
  const options = resolveOptions(command, parsed, env, defaults);
  if (!command.passThrough) checkPositionals(command, parsed.positionals);
  return { positionals: parsed.positionals, options, rawArguments: args, stepPath, terminal, env };
}
