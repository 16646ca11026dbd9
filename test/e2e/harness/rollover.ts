/** The commands of docs/guides/rollover.md, "In Kubernetes", as a reader would type them, in the test cluster. */
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { kubectlCommand } from '../cluster/control-plane.ts';
import { inState } from '../cluster/state.ts';
import { timeoutFlag } from '../patience.ts';
import { kubectl } from './kubectl.ts';
import { eventually } from './wait.ts';

const root = join(import.meta.dirname, '../../..');
const authority = 'autocert-step-certificates';

/**
 * Replaces the root of the release in namespace step. Each step is tried until the guide's waiting time is over.
 * @param lifeSeconds longest life of a certificate
 * @param onOverlap   called when every client has had the time to learn of the new root beside the old one
 */
export async function rolloverRoot(lifeSeconds: number, onOverlap: () => Promise<void>): Promise<void> {
  const guide = await readFile(join(root, 'docs/guides/rollover.md'), 'utf8');
  const section = guide.split('## In Kubernetes')[1] ?? '';
  const [fetchAll = '', addRoot = '', bring = '', switchRoot = '', removeRoot = ''] = Array.from(
    section.matchAll(/^```sh\n([\s\S]*?)^```$/gm),
    ([, block = '']) => block,
  );
  const folder = inState('rollover');
  rmSync(folder, { recursive: true, force: true });
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'kubectl'), `#!/bin/sh\nexec ${kubectlCommand().join(' ')} "$@"\n`);
  chmodSync(join(bin, 'kubectl'), 0o755);
  const env = { PATH: `${bin}:${join(root, 'bin')}:${process.env.PATH}`, HOME: folder, P: authority };
  const shell = async (script: string): Promise<void> => {
    await promisify(execFile)('sh', ['-euc', script], { cwd: folder, env });
    for (const workload of [`statefulset/${authority}`, 'deployment/autocert']) {
      await kubectl('rollout', 'status', workload, '--namespace=step', timeoutFlag(120));
    }
  };
  const whenDue = (script: string): Promise<true> =>
    eventually(
      'the next step of the rollover to be due',
      4 * lifeSeconds + 60,
      async () => {
        await shell(script);
        return true;
      },
      5000,
    );
  await shell(fetchAll);
  await shell(addRoot);
  await shell(bring);
  await eventually(
    'clients to learn of the new root',
    3 * lifeSeconds,
    async () => {
      await onOverlap();
      return true;
    },
    2000,
  );
  await whenDue(switchRoot);
  await whenDue(removeRoot);
}
