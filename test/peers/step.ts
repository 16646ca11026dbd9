/** Runs the real step CLI, without a terminal and with files of its own. */
import { spawn } from 'node:child_process';
import { peerPath } from '../../tools/peers/index.ts';

export type StepResult = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

export type StepOptions = {
  /** Folder of its configuration. */
  readonly stepPath: string;
  readonly cwd: string;
  readonly timeoutMs?: number;
};

/** Ends by itself or is killed; never throws for an exit code. */
export function runStep(
  args: readonly string[],
  { stepPath, cwd, timeoutMs = 30_000 }: StepOptions,
): Promise<StepResult> {
  return new Promise((resolve, reject) => {
    const step = spawn(peerPath('step'), args, {
      cwd,
      env: { STEPPATH: stepPath, HOME: cwd, PATH: process.env.PATH },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
    });
    let [stdout, stderr] = ['', ''];
    step.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    step.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    step.once('error', reject);
    step.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** As {@link runStep}; throws with its output when the exit code is not zero. */
export async function step(args: readonly string[], options: StepOptions): Promise<string> {
  const { code, stdout, stderr } = await runStep(args, options);
  if (code !== 0) throw new Error(`step ${args.join(' ')} ended with ${code}\n${stdout}${stderr}`);
  return stdout;
}
