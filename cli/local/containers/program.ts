/**
 * Which local program stands for a container. There are no images on a laptop:
 *
 *   image of ours          our program, its version of this checkout or package
 *   --image IMAGE=COMMAND  that command stands for the image's entrypoint
 *   command in the pod     looked for on PATH, or at its absolute path
 *
 * As in Kubernetes, `command` replaces the entrypoint and `args` replaces the image's arguments. Pure: what exists on
 * disk is asked through a port.
 */
import { usage } from '../../errors.ts';
import { noProgram } from '../errors.ts';
import type { Container } from '../manifests/objects.ts';
import { splitWords } from './split-words.ts';

/** Our programs that run inside pods. */
export type PodProgram = 'init-container' | 'renewer';

const ourImages: Readonly<Record<string, PodProgram>> = {
  'autocert-bootstrapper': 'init-container',
  'autocert-renewer': 'renewer',
};

export type ProgramChoice =
  | { readonly kind: 'ours'; readonly program: PodProgram }
  | { readonly kind: 'command'; readonly words: readonly string[] };

/** Image name, with or without tag, -> words of the command that stands for it. */
export type ImageCommands = ReadonlyMap<string, readonly string[]>;

/** @throws {AppError} ERR_CLI_USAGE (invalid) */
export function parseImageCommands(options: readonly string[]): ImageCommands {
  return new Map(
    options.map((option) => {
      const at = option.indexOf('=');
      const words = at > 0 ? splitWords(option.slice(at + 1)) : [];
      if (words.length === 0)
        throw usage(`--image ${option}: not IMAGE=COMMAND`, "such as --image 'web:1=node web.js'");
      return [option.slice(0, at), words];
    }),
  );
}

/** Without registry, tag and digest: `ghcr.io/acme/web:1@sha256:…` -> `web`. */
const baseName = (image: string): string => (image.split('@')[0] ?? '').replace(/:[^/]*$/, '').replace(/^.*\//, '');

const withoutTag = (image: string): string => (image.split('@')[0] ?? '').replace(/:[^/]*$/, '');

/** @throws {AppError} ERR_LOCAL_PROGRAM (not-found) when nothing stands for the image */
export function chooseProgram(source: string, container: Container, images: ImageCommands): ProgramChoice {
  const image = container.image ?? '';
  const ours = ourImages[baseName(image)];
  if (ours && !container.command) return { kind: 'ours', program: ours };
  const args = container.args ?? [];
  if (container.command && container.command.length > 0)
    return { kind: 'command', words: [...container.command, ...args] };
  const mapped = images.get(image) ?? images.get(withoutTag(image)) ?? images.get(baseName(image));
  if (mapped) return { kind: 'command', words: [...mapped, ...args] };
  throw noProgram(
    `${source}: container ${container.name}`,
    `image ${image || '(none)'} cannot run without a cluster, and the container has no command`,
    `say what stands for it: --image '${withoutTag(image) || 'IMAGE'}=COMMAND'`,
  );
}

/** Port: the file a shell would run for a command. */
export type FindOnPath = (command: string) => string | undefined;

/**
 * The file to run.
 * @throws {AppError} ERR_LOCAL_PROGRAM (not-found)
 */
export function findProgram(source: string, container: Container, command: string, findOnPath: FindOnPath): string {
  const file = findOnPath(command);
  if (file !== undefined) return file;
  const image = withoutTag(container.image ?? '') || 'IMAGE';
  throw noProgram(
    `${source}: container ${container.name}`,
    `command ${command} is not on this machine`,
    `install it, or leave command out and say what stands for the image: --image '${image}=COMMAND'`,
  );
}
