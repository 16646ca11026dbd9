/**
 * An image with node and a shell, put together from this machine: the build argument NODE_IMAGE where no registry can be
 * asked. The same Dockerfile is built on it as on a published one.
 */
import { execFile } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { ImageBuilder } from './builder.ts';

const run = promisify(execFile);
const busybox = '/bin/busybox';

/** @returns tag of the image */
export async function buildNodeImage(builder: ImageBuilder, folder: string): Promise<string> {
  if (!existsSync(busybox))
    throw new Error('images: a shell for the base image is missing: apt-get install busybox-static');
  const root = join(folder, 'root');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(root, 'usr/local/bin'), { recursive: true });
  mkdirSync(join(root, 'bin'), { recursive: true });
  const node = join(root, 'usr/local/bin/node');
  copyFileSync(realpathSync(process.execPath), node);
  chmodSync(node, 0o755);
  await run('strip', [node]); // symbols are a seventh of it
  await copyLibraries(process.execPath, root);
  copyFileSync(busybox, join(root, 'bin/busybox'));
  const { stdout } = await run(busybox, ['--list']);
  for (const applet of stdout.split('\n').filter((name) => name && name !== 'busybox'))
    symlinkSync('busybox', join(root, 'bin', applet));
  mkdirSync(join(root, 'etc'));
  mkdirSync(join(root, 'tmp'));
  chmodSync(join(root, 'tmp'), 0o1777);
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/:/bin/sh\nnode:x:1000:1000::/:/bin/sh\n'); // as the published image
  const dockerfile = join(folder, 'Dockerfile');
  writeFileSync(dockerfile, 'FROM scratch\nCOPY root/ /\nENV PATH=/usr/local/bin:/bin\n');
  const tag = `node:${process.versions.node}-local`;
  await builder.build({ dockerfile, context: folder, tag, archive: join(folder, 'node.tar') });
  return tag;
}

/** Copies the libraries that a program links to, and the loader, to the same paths under another root. */
export async function copyLibraries(program: string, root: string): Promise<void> {
  const { stdout } = await run('ldd', [program]).catch(() => ({ stdout: '' })); // linked statically
  for (const [, library] of stdout.matchAll(/(\/\S+) \(0x/g)) {
    const target = join(root, library ?? '');
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(realpathSync(library ?? ''), target);
  }
}
