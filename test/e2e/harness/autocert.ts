/** The autocert command as the administrator of the test cluster, from inside its network. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { kubeconfigPath } from '../cluster/credentials.ts';
import { insideNetwork } from '../cluster/processes.ts';
import { inState } from '../cluster/state.ts';

export type Ran = { readonly code: number; readonly out: string; readonly err: string };

const program = join(import.meta.dirname, '../../../cli/main.ts');

/** Never rejects for an exit code. */
export async function autocert(...args: readonly string[]): Promise<Ran> {
  const environment = [`KUBECONFIG=${kubeconfigPath('admin')}`, `HOME=${inState('cli')}`, `PATH=${process.env.PATH}`];
  const [enter = '', ...rest] = [...insideNetwork, 'env', '-i', ...environment, process.execPath, program, ...args];
  try {
    const { stdout, stderr } = await promisify(execFile)(enter, rest, { maxBuffer: 16 * 1024 * 1024 });
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: unknown; stdout?: string; stderr?: string };
    if (typeof code !== 'number') throw error;
    return { code, out: stdout ?? '', err: stderr ?? '' };
  }
}

/** Its JSON, which must say that all is well unless another code is expected. */
export async function autocertJson<T>(args: readonly string[], expected = 0): Promise<T> {
  const { code, out, err } = await autocert(...args, '-o', 'json');
  if (code !== expected || out === '') throw new Error(`autocert ${args.join(' ')}: exit code ${code}\n${out}\n${err}`);
  return JSON.parse(out) as T;
}
