/** Reads archives of images, as `docker save` and buildah write them: manifest.json, a configuration, and a tar per layer. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';

export type ImageArchive = {
  readonly path: string;
  readonly config: ImageConfig;
  /** Lowest first. Named by their content: equal names are equal layers. */
  readonly layers: readonly Layer[];
};

export type ImageConfig = {
  readonly User?: string;
  readonly Entrypoint?: readonly string[];
  readonly Labels?: Readonly<Record<string, string>>;
};

export type Layer = { readonly name: string; readonly sizeBytes: number };

export async function readArchive(path: string): Promise<ImageArchive> {
  const [manifest] = JSON.parse((await member(path, 'manifest.json')).toString()) as {
    Config: string;
    Layers: string[];
  }[];
  if (!manifest) throw new Error(`images: ${path} holds no image`);
  const { config } = JSON.parse((await member(path, manifest.Config)).toString()) as { config: ImageConfig };
  const sizes = new Map(
    (await tar('-tvf', path))
      .toString()
      .split('\n')
      .map((line) => line.split(/\s+/))
      .map(([, , size, , , name = '']) => [name, Number(size)]),
  );
  const layers = manifest.Layers.map((name) => ({ name, sizeBytes: sizes.get(name) ?? 0 }));
  return { path, config, layers };
}

/** Bytes of a layer as a registry keeps it. */
export const compressedSize = async ({ path }: ImageArchive, { name }: Layer): Promise<number> =>
  gzipSync(await member(path, name)).length;

/** Paths of the files in a layer, from the root of the image. */
export async function filesOf({ path }: ImageArchive, { name }: Layer): Promise<readonly string[]> {
  const listing = (await tar('-t', await member(path, name))).toString();
  return listing.split('\n').filter((entry) => entry && !entry.endsWith('/'));
}

/** Contents of a file of a layer. */
export const readFileOf = async ({ path }: ImageArchive, { name }: Layer, file: string): Promise<string> =>
  (await tar('-xO', await member(path, name), file)).toString();

const member = (path: string, name: string): Promise<Buffer> => tar('-xOf', path, name);

/** Runs tar on an archive: one on disk where a path is given, else the bytes. */
async function tar(flags: string, archive: string | Buffer, ...members: string[]): Promise<Buffer> {
  const args = typeof archive === 'string' ? [flags, archive, ...members] : [`${flags}f`, '-', ...members];
  const running = promisify(execFile)('tar', args, { encoding: 'buffer', maxBuffer: 2 ** 28 });
  running.child.stdin?.on('error', () => {}); // it may end before it has read everything
  running.child.stdin?.end(typeof archive === 'string' ? undefined : archive);
  return (await running).stdout;
}
