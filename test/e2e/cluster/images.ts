/** Images into containerd, from archives: a test cluster has no registry. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findBuilder } from '../../../tools/images/builder.ts';
import { peerPath } from '../../../tools/peers/index.ts';
import { ctrCommand } from './node.ts';
import { run } from './processes.ts';
import { inState } from './state.ts';

/** @param archives paths of Docker archives */
export async function importImages(archives: readonly string[]): Promise<void> {
  for (const archive of archives) await run(ctrCommand('images', 'import', archive));
}

/** The container that holds the namespaces of a pod open. @returns path of its archive */
export async function pauseImage(): Promise<string> {
  const context = inState('pause');
  mkdirSync(context, { recursive: true });
  copyFileSync(peerPath('pause'), join(context, 'pause'));
  const dockerfile = join(context, 'Dockerfile');
  writeFileSync(dockerfile, 'FROM scratch\nCOPY pause /pause\nENTRYPOINT ["/pause"]\n');
  const archive = inState('pause.tar');
  await (await findBuilder()).build({ dockerfile, context, tag: 'localhost/pause:1', archive });
  return archive;
}
