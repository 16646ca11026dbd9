/** Telling a service that its certificate is new: a signal first, then a command. */
import { spawn } from 'node:child_process';
import { notifyFailed } from '../errors.ts';

export type Notification = {
  readonly pid: number | undefined;
  readonly signal: number;
  /** Split at spaces, no shell and no quotes, as in step. */
  readonly command: string | undefined;
};

/** @throws {AppError} ERR_CLI_NOTIFY (unavailable) */
export async function notify({ pid, signal, command }: Notification): Promise<void> {
  if (pid !== undefined) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      throw notifyFailed(`process ${pid}: cannot be signalled`, error);
    }
  }
  const [program, ...args] = command?.trim().split(' ') ?? [];
  if (!program) return;
  const code = await new Promise<number | string>((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit' });
    child.once('error', (error) => reject(notifyFailed(`--exec: ${program} cannot be run`, error)));
    child.once('exit', (status, killedBy) => resolve(status ?? killedBy ?? 'unknown'));
  });
  if (code !== 0) throw notifyFailed(`--exec: ${program} ended with ${code}`);
}
