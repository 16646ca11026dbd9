/**
 * Questions on a terminal. Without one nothing is asked and nothing waits: the error names the flag that answers it.
 * The prompt library is loaded when the first question is asked.
 */
import { AppError } from '../../lib/errors/index.ts';

const isTerminal = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true;

/** Where questions go: standard output stays free for what the command prints. */
const context = { output: process.stderr };

/** @throws {AppError} ERR_CA_FLAG_MISSING (invalid) without a terminal */
export async function askText(question: string, flag: string, given?: { initial?: string }): Promise<string> {
  requireTerminal(question, flag);
  const { input } = await import('./prompt-library.ts');
  const answer = await input(
    { message: question, required: true, ...(given?.initial === undefined ? {} : { default: given.initial }) },
    context,
  );
  return answer.trim();
}

/** Empty when the answer was left empty. @throws {AppError} ERR_CA_FLAG_MISSING (invalid) without a terminal */
export async function askPassword(question: string, flag: string): Promise<string> {
  requireTerminal(question, flag);
  const { password } = await import('./prompt-library.ts');
  return password({ message: `Please enter ${question}`, mask: '*' }, context);
}

/** Without a terminal the answer is no. */
export async function askConfirmation(question: string): Promise<boolean> {
  if (!isTerminal()) return false;
  const { confirm } = await import('./prompt-library.ts');
  return confirm({ message: question, default: false }, context);
}

function requireTerminal(question: string, flag: string): void {
  if (isTerminal()) return;
  throw new AppError(
    'ERR_CA_FLAG_MISSING',
    'invalid',
    `${flag} is missing, and there is no terminal to ask for ${question}`,
    {
      hint: `add ${flag}`,
    },
  );
}
