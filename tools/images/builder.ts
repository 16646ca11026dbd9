/**
 * Builds one stage of a Dockerfile, with docker buildx where there is one, else with buildah, and saves it as an archive that
 * `docker load` and `ctr images import` read. Both keep layers, so that images of one base share it.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export type BuildRequest = {
  readonly dockerfile: string;
  readonly context: string;
  readonly target?: string;
  /** `name:version`, without a registry. */
  readonly tag: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
  /** Path of the archive to write. */
  readonly archive: string;
};

export interface ImageBuilder {
  readonly name: string;
  build(request: BuildRequest): Promise<void>;
}

/** @throws {Error} where neither is installed, with what to install */
export async function findBuilder(): Promise<ImageBuilder> {
  if (await works('docker', 'buildx', 'version')) return dockerBuilder;
  if (await works('buildah', '--version')) return buildahBuilder;
  throw new Error('images: neither docker buildx nor buildah is here: apt-get install buildah');
}

const dockerBuilder: ImageBuilder = {
  name: 'docker buildx',
  async build(request) {
    await run('docker', ['buildx', 'build', ...buildFlags(request), '--load', request.context]);
    await run('docker', ['save', '--output', request.archive, request.tag]);
  },
};

const buildahBuilder: ImageBuilder = {
  name: 'buildah',
  async build(request) {
    // chroot: no container runtime is needed, and the host's files are not in it
    await run('buildah', ['build', '--isolation=chroot', '--layers', ...buildFlags(request), request.context]);
    await run('buildah', ['push', request.tag, `docker-archive:${request.archive}:${request.tag}`]);
  },
};

function buildFlags({ dockerfile, target, tag, buildArgs = {} }: BuildRequest): string[] {
  const args = Object.entries(buildArgs).map(([name, value]) => `--build-arg=${name}=${value}`);
  return [`--file=${dockerfile}`, `--tag=${tag}`, ...(target ? [`--target=${target}`] : []), ...args];
}

const works = (...[program = '', ...args]: string[]): Promise<boolean> =>
  run(program, args).then(
    () => true,
    () => false,
  );

async function run(program: string, args: readonly string[]): Promise<string> {
  try {
    return (await promisify(execFile)(program, args, { maxBuffer: 64 * 1024 * 1024 })).stdout;
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    throw new Error(`${program} ${args[0] ?? ''}: ${stderr.trim().split('\n').slice(-8).join('\n') || String(error)}`);
  }
}
