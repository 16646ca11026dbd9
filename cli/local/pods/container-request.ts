/**
 * Container -> the process that stands for it: program, arguments, environment, working folder, with mount paths
 * mapped to the pod's folders.
 *
 * The environment is the container's own: nothing of the user's comes in but PATH. Keep: values of Secrets go into the
 * environment only, never into arguments.
 */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import { buildEnvironment, type DataSource } from '../containers/environment.ts';
import { expandVariables } from '../containers/expand-variables.ts';
import { findOnDisk, type MountPath, mapMounts, rewriteMountPaths } from '../containers/mount-paths.ts';
import { chooseProgram, findProgram, type ImageCommands } from '../containers/program.ts';
import { nodeCommand } from '../control-plane/programs.ts';
import type { Container, Pod } from '../manifests/objects.ts';
import type { StartRequest } from '../processes/protocol.ts';

export type ContainerSurroundings = {
  readonly data: DataSource;
  readonly images: ImageCommands;
  /** Folder of each volume. */
  readonly volumes: ReadonlyMap<string, string>;
  /** Variables that a cluster's network sets, and those of the local one. */
  readonly network: Readonly<Record<string, string>>;
  /** Working folder of a container that names none: where the user is. */
  readonly workingFolder: string;
  /** HOME and TMPDIR of the pod's processes. */
  readonly scratchFolder: string;
};

/** Paths that the images of our pod programs set. */
const certificateFiles = {
  CRT: '/var/run/autocert.step.sm/site.crt',
  KEY: '/var/run/autocert.step.sm/site.key',
  STEP_ROOT: '/var/run/autocert.step.sm/root.crt',
};

/** @throws {AppError} ERR_LOCAL_PROGRAM, ERR_LOCAL_REFERENCE (not-found), ERR_LOCAL_MANIFEST (invalid) */
export function buildContainerRequest(
  source: string,
  pod: Pod,
  container: Container,
  surroundings: ContainerSurroundings,
): StartRequest {
  const { volumes, network, workingFolder, scratchFolder, data, images } = surroundings;
  const mounts = mapMounts(container, (volume) => volumes.get(volume) ?? '');
  const toLocal = (text: string): string => rewriteMountPaths(text, mounts);
  const own = buildEnvironment(source, pod, container, data, toLocal);
  const env: Record<string, string> = {
    PATH: [dirname(process.execPath), process.env.PATH ?? ''].join(delimiter), // `node` is the one that runs this
    HOME: scratchFolder,
    TMPDIR: scratchFolder,
    HOSTNAME: pod.spec.hostname ?? pod.metadata.name ?? '',
    ...network,
    ...Object.fromEntries(own),
  };
  if (own.has('NODE_OPTIONS')) env.NODE_OPTIONS = `${own.get('NODE_OPTIONS')} ${network.NODE_OPTIONS ?? ''}`.trim();

  const choice = chooseProgram(source, container, images);
  if (choice.kind === 'ours') {
    for (const [name, path] of Object.entries(certificateFiles)) env[name] ??= toLocal(path);
    env.AUTOCERT_LOG_FORMAT ??= 'text'; // a person reads it here
    return { ...nodeCommand(choice.program), env, cwd: scratchFolder };
  }
  const cwd = containerFolder(container, mounts, workingFolder);
  const [command = '', ...args] = choice.words.map((word) => toLocal(expandVariables(word, (name) => own.get(name))));
  const file = findProgram(source, container, command, (name) => findOnPath(name, env.PATH ?? '', cwd));
  return { file, args, env, cwd };
}

function containerFolder({ workingDir }: Container, mounts: readonly MountPath[], workingFolder: string): string {
  if (workingDir === undefined) return workingFolder;
  return findOnDisk(workingDir, mounts) ?? (isFolder(workingDir) ? workingDir : workingFolder);
}

function findOnPath(command: string, path: string, cwd: string): string | undefined {
  if (command.includes('/')) {
    const file = isAbsolute(command) ? command : resolve(cwd, command);
    return isExecutable(file) ? file : undefined;
  }
  return path
    .split(delimiter)
    .map((folder) => join(folder, command))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false; // not there, or not for us
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
