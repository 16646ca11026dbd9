/**
 * Images of the applications in scenarios, from the Dockerfiles of the examples and of test/e2e/images: a toolbox with a
 * shell, node, openssl, curl, step and step-ca, and containers that keep upstream's contract.
 */
import { copyFileSync, cpSync, mkdirSync, realpathSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type BuildRequest, findBuilder } from '../../../tools/images/builder.ts';
import { copyLibraries } from '../../../tools/images/node-image.ts';
import { peerPath } from '../../../tools/peers/index.ts';
import { run } from '../cluster/processes.ts';

const root = join(import.meta.dirname, '../../..');

/** @param nodeImage tag of an image with node and a shell @returns paths of the archives */
export async function buildAppImages(nodeImage: string, folder: string): Promise<readonly string[]> {
  const builder = await findBuilder();
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await collectTools(join(folder, 'toolbox'));
  const build = async (tag: string, request: Omit<BuildRequest, 'tag' | 'archive'>): Promise<string> => {
    const archive = join(folder, `${tag.replace(/[/:]/g, '-')}.tar`);
    await builder.build({ ...request, tag, archive });
    return archive;
  };
  const own = (name: string): string => join(root, 'test/e2e/images', name);
  const hello = join(root, 'examples/hello-mtls/node');
  const buildArgs = { NODE_IMAGE: nodeImage, TOOLBOX_IMAGE: 'localhost/toolbox:1' };
  return [
    await build('hello-mtls-server-node:latest', {
      dockerfile: join(hello, 'Dockerfile.server'),
      context: hello,
      buildArgs,
    }),
    await build('hello-mtls-client-node:latest', {
      dockerfile: join(hello, 'Dockerfile.client'),
      context: hello,
      buildArgs,
    }),
    await build('toolbox:1', {
      dockerfile: join(own('toolbox'), 'Dockerfile'),
      context: join(folder, 'toolbox'),
      buildArgs,
    }),
    await build('contract-bootstrapper:v1', { ...inFolder(own('contract-bootstrapper')), buildArgs }),
    await build('contract-renewer:v1', { ...inFolder(own('contract-renewer')), buildArgs }),
  ];
}

const inFolder = (context: string) => ({ dockerfile: join(context, 'Dockerfile'), context });

/** The programs of the toolbox with the libraries they link to. */
async function collectTools(context: string): Promise<void> {
  const programs = join(context, 'programs');
  for (const program of [await which('openssl'), await which('curl'), peerPath('step'), peerPath('step-ca')]) {
    const target = join(programs, 'usr/local/bin', basename(program));
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(realpathSync(program), target);
    await copyLibraries(program, programs);
  }
  cpSync('/etc/ssl/openssl.cnf', join(programs, 'usr/lib/ssl/openssl.cnf'));
}

const which = async (name: string): Promise<string> => (await run(['sh', '-c', `command -v ${name}`])).trim();
