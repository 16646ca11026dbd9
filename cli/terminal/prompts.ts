/**
 * Questions to a person, on stderr so that stdout stays the result. Every question first makes sure that somebody is
 * there: without a terminal it is an error that names the option to give instead, never a wait.
 * The prompt library costs a fifth of a second to load, so it is loaded when a question is asked.
 */
import { cancelled, noTerminal } from '../errors.ts';
import type { Terminal } from './terminal.ts';

type Question = {
  readonly message: string;
  /** What to do where nobody can be asked. */
  readonly hint: string;
};

/** A secret; what is typed is shown as dots. */
export async function askPassword(terminal: Terminal, { message, hint }: Question): Promise<string> {
  return ask(terminal, message, hint, async ({ password }, context) =>
    password({ message, mask: '•', toggleMask: false }, context),
  );
}

/** One of several, by its index. */
export async function askChoice(
  terminal: Terminal,
  { message, hint, choices }: Question & { readonly choices: readonly string[] },
): Promise<number> {
  return ask(terminal, message, hint, async ({ select }, context) =>
    select({ message, choices: choices.map((name, value) => ({ name, value })) }, context),
  );
}

/** Yes or no; Enter means no. */
export async function askConsent(terminal: Terminal, { message, hint }: Question): Promise<boolean> {
  return ask(terminal, message, hint, async ({ confirm }, context) => confirm({ message, default: false }, context));
}

type Prompts = typeof import('./prompt-library.ts');

async function ask<T>(
  terminal: Terminal,
  message: string,
  hint: string,
  put: (prompts: Prompts, context: { output: NodeJS.WriteStream }) => Promise<T>,
): Promise<T> {
  if (!terminal.interactive) throw noTerminal(message, hint);
  const prompts = await import('./prompt-library.ts');
  try {
    return await put(prompts, { output: process.stderr });
  } catch (error) {
    if (error instanceof Error && error.name === 'ExitPromptError') throw cancelled(`${message}: cancelled`);
    throw error;
  }
}
