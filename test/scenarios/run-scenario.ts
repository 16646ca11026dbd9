/** Runs the steps of one scenario in a fresh folder and checks what they say. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { expand, type Scenario, type Step } from './script.ts';

type Result = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

type State = {
  readonly folder: string;
  readonly program: string;
  readonly variables: Map<string, string>;
  readonly env: Map<string, string>;
  input: string | undefined;
  last: Result | undefined;
};

const deadlineMs = 30_000;

/**
 * @param program the command that `exec` runs
 * @param variables set for the script before its first step
 */
export async function runScenario(
  scenario: Scenario,
  program: string,
  variables: Readonly<Record<string, string>>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'autocert-scenario-'));
  const state: State = {
    folder,
    program,
    variables: new Map(Object.entries(variables)),
    env: new Map([
      ['PATH', process.env.PATH ?? ''],
      ['HOME', folder],
      ['STEPPATH', join(folder, 'step')],
    ]),
    input: undefined,
    last: undefined,
  };
  try {
    for (const step of scenario.steps) {
      try {
        await runStep(step, state);
      } catch (error) {
        const { stdout = '', stderr = '', code } = state.last ?? {};
        const message = error instanceof Error ? error.message : String(error);
        throw new Error(
          `line ${step.line}: ${step.text}\n${message}\nlast exit code: ${code}\n--- stdout\n${stdout}--- stderr\n${stderr}`,
        );
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function runStep({ verb, words, negated }: Step, state: State): Promise<void> {
  const values = words.map((word) => expand(word, state.variables));
  const [first = '', second = ''] = values;
  const path = (name: string): string => resolve(state.folder, name);
  switch (verb) {
    case 'exec': {
      state.last = await execute(state, values);
      state.input = undefined;
      assert.equal(state.last.code !== 0, negated, `ended with ${state.last.code}`);
      break;
    }
    case 'code':
      assert.equal(state.last?.code, Number(first));
      break;
    case 'stdout':
    case 'stderr':
      assertMatch(state.last?.[verb] ?? '', first, negated);
      break;
    case 'set':
      state.variables.set(first, values.length > 1 ? second : (state.last?.stdout.trim() ?? ''));
      break;
    case 'env':
      state.env.set(first, second);
      break;
    case 'write':
      writeFileSync(path(first), `${second}\n`);
      break;
    case 'feed':
      state.input = readFileSync(path(first), 'utf8');
      break;
    case 'exists':
      assert.equal(existsSync(path(first)), !negated);
      break;
    case 'mode':
      assert.equal((statSync(path(second)).mode & 0o777).toString(8), first);
      break;
    case 'contains':
      assertMatch(readFileSync(path(first), 'utf8'), second, negated);
      break;
    default:
      throw new Error(`unknown step "${verb}"`);
  }
}

function assertMatch(text: string, pattern: string, negated: boolean): void {
  const matches = new RegExp(pattern, 'm').test(text);
  assert.equal(matches, !negated, `${negated ? 'matches' : 'does not match'} ${pattern}`);
}

function execute(state: State, args: readonly string[]): Promise<Result> {
  return new Promise((done, fail) => {
    // a session of its own has no controlling terminal: step would ask on /dev/tty otherwise
    const child = spawn(state.program, args, {
      cwd: state.folder,
      env: Object.fromEntries(state.env),
      detached: true,
      timeout: deadlineMs,
    });
    const chunks = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => (chunks.stdout += chunk));
    child.stderr.on('data', (chunk) => (chunks.stderr += chunk));
    child.once('error', fail);
    // step colours its notes whether or not a terminal shows them
    child.once('close', (code) =>
      done({ code, stdout: chunks.stdout, stderr: stripVTControlCharacters(chunks.stderr) }),
    );
    child.stdin.on('error', () => {}); // a command that does not read its input
    child.stdin.end(state.input ?? '');
  });
}
