/**
 * Images of the applications in scenarios: those of the examples, from their own Dockerfiles, and a toolbox with a shell, node,
 * openssl, curl and the step CLI.
 */
import { copyFileSync, mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findBuilder } from '../../../tools/images/builder.ts';
import { copyLibraries } from '../../../tools/images/node-image.ts';
import { peerPath } from '../../../tools/peers/index.ts';
import { run } from '../cluster/processes.ts';

const root = join(import.meta.dirname, '../../..');
const examples = join(root, 'examples/hello-mtls/node');

/** @param nodeImage tag of an image with node and a shell @returns paths of the archives */
export async function buildAppImages(nodeImage: string, folder: string): Promise<readonly string[]> {
  const builder = await findBuilder();
  rmSync(folder, { recursive: true, force: true });
  const toolbox = await writeToolbox(join(folder, 'toolbox'), nodeImage);
  const builds = [
    ...['server', 'client'].map((side) => ({
      dockerfile: join(examples, `Dockerfile.${side}`),
      context: examples,
      tag: `hello-mtls-${side}-node:latest`,
      archive: join(folder, `hello-mtls-${side}.tar`),
      buildArgs: { NODE_IMAGE: nodeImage },
    })),
    {
      dockerfile: join(toolbox, 'Dockerfile'),
      context: toolbox,
      tag: 'toolbox:1',
      archive: join(folder, 'toolbox.tar'),
    },
  ];
  for (const request of builds) await builder.build(request);
  return builds.map(({ archive }) => archive);
}

async function writeToolbox(context: string, nodeImage: string): Promise<string> {
  const files = join(context, 'root');
  for (const program of [await which('openssl'), await which('curl'), peerPath('step')]) {
    const target = join(
      files,
      'usr/local/bin',
      program === peerPath('step') ? 'step' : (program.split('/').at(-1) ?? ''),
    );
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(realpathSync(program), target);
    await copyLibraries(program, files);
  }
  mkdirSync(join(files, 'etc/ssl'), { recursive: true });
  writeFileSync(join(context, 'Dockerfile'), `FROM ${nodeImage}\nCOPY root/ /\nCMD ["sleep", "86400"]\n`);
  return context;
}

const which = async (name: string): Promise<string> => (await run(['sh', '-c', `command -v ${name}`])).trim();
