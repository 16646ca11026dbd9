/**
 * What a command is: a description from which parsing, help and docs/reference/cli.md all follow, and a function.
 * One file of cli/commands/ per command; cli/commands/catalogue.ts lists them.
 *
 * Keep: a description is data. Whatever costs time is imported inside `run`, so that help answers at once.
 */
import type { Terminal } from './terminal/terminal.ts';

/** One option. Without `value` it is a switch. */
export type OptionDefinition = {
  /** Without dashes; also the name in defaults.json and, as STEP_NAME, in the environment. */
  readonly name: string;
  /** Other spellings; a single letter is written with one dash. */
  readonly aliases?: readonly string[];
  /** Placeholder of the value in help. */
  readonly value?: string;
  readonly repeated?: boolean;
  readonly choices?: readonly string[];
  readonly default?: string;
  readonly description: string;
};

export type PositionalDefinition = {
  readonly name: string;
  readonly optional?: boolean;
  readonly repeated?: boolean;
  readonly description: string;
};

export type CommandDescription = {
  /** `['ca', 'certificate']` for `autocert ca certificate`. */
  readonly path: readonly string[];
  /** One line, lower-case start, no full stop. */
  readonly summary: string;
  /** Paragraphs for the command's own help. */
  readonly description?: string;
  readonly positionals?: readonly PositionalDefinition[];
  readonly options?: readonly OptionDefinition[];
  /** Options of step's command that are known and not done here: they get an answer instead of a shrug. */
  readonly unsupported?: readonly string[];
  readonly examples: readonly { readonly title: string; readonly command: string }[];
  /** Hands every argument to `run` unread: another program reads them. */
  readonly passThrough?: boolean;
  /**
   * Takes its options from the command line alone. A command for a cluster: step's environment, contexts and
   * defaults.json are about a person's CA, and its --context is one of the kubeconfig.
   */
  readonly apartFromStep?: boolean;
};

/** Values of one invocation, already resolved: command line, then environment, then defaults.json, then default. */
export interface OptionValues {
  text(name: string): string | undefined;
  /** @throws {AppError} ERR_CLI_USAGE (invalid) naming option, environment variable and defaults.json when unset */
  required(name: string): string;
  isOn(name: string): boolean;
  list(name: string): readonly string[];
  /** Given by anybody: a default does not count. */
  isSet(name: string): boolean;
}

export type Invocation = {
  /** As many as the description asks for; optional ones may be missing. */
  readonly positionals: readonly string[];
  readonly options: OptionValues;
  /** The arguments as they came, for a command that passes them on. */
  readonly rawArguments: readonly string[];
  /** $STEPPATH, or the authority's folder below it when a context is current; empty for a command apart from step. */
  readonly stepPath: string;
  readonly terminal: Terminal;
  readonly env: NodeJS.ProcessEnv;
};

export type Command = CommandDescription & {
  /** Resolves to the exit code, 0 when it gives none. */
  run(invocation: Invocation): Promise<number | undefined>;
};
