/** Puts the build contexts together, builds, and measures what the images share. */
import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { bundleProgram } from '../bundle/bundle.ts';
import { programs } from '../bundle/programs.ts';
import { findBuilder } from './builder.ts';
import { type Image, images } from './catalogue.ts';
import { buildNodeImage } from './node-image.ts';
import { describeImage } from './sbom.ts';

const root = join(import.meta.dirname, '../..');

export type BuiltImage = {
  readonly name: string;
  /** `name:version`. */
  readonly tag: string;
  readonly archive: string;
  readonly sizeBytes: number;
  /** Of the layers that no other image has, compressed as a registry keeps them. */
  readonly ownBytes: number;
};

/**
 * @param nodeImage where node comes from; made from this machine when absent (NODE_IMAGE of the environment otherwise)
 */
export async function buildImages(
  say: (what: string) => void,
  nodeImage = process.env.NODE_IMAGE,
): Promise<readonly BuiltImage[]> {
  const out = join(root, 'build/images');
  await mkdir(out, { recursive: true });
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const builder = await findBuilder();
  say(`building with ${builder.name}`);
  const base = nodeImage ?? (await buildNodeImage(builder, join(out, 'node')));
  const built: { image: Image; tag: string; archive: string; layers: readonly ArchivedLayer[] }[] = [];
  for (const image of images) {
    const context = join(out, image.name);
    await stage(image, context, join(out, `${image.name}.cdx.json`));
    const tag = `${image.name}:${version}`;
    const archive = join(out, `${image.name}.tar`);
    await rm(archive, { force: true });
    await builder.build({
      dockerfile: join(root, 'images/Dockerfile'),
      context,
      target: 'program',
      tag,
      archive,
      buildArgs: {
        NODE_IMAGE: base,
        TITLE: image.name,
        DESCRIPTION: image.description,
        VERSION: version,
        REVISION: await revision(),
      },
    });
    built.push({ image, tag, archive, layers: await layersOf(archive) });
    say(`${image.name} is built`);
  }
  const users = Map.groupBy(
    built.flatMap(({ layers }) => layers),
    ({ name }) => name,
  );
  const sum = (layers: readonly ArchivedLayer[]): number => layers.reduce((total, { bytes }) => total + bytes, 0);
  return Promise.all(
    built.map(async ({ image, tag, archive, layers }) => {
      const own = layers.filter(({ name }) => users.get(name)?.length === 1);
      const compressed = await Promise.all(own.map(({ name }) => compressedSize(archive, name)));
      const ownBytes = compressed.reduce((total, bytes) => total + bytes, 0);
      return { name: image.name, tag, archive, sizeBytes: sum(layers), ownBytes };
    }),
  );
}

async function compressedSize(archive: string, member: string): Promise<number> {
  const { stdout } = await promisify(execFile)('tar', ['-xOf', archive, member], {
    encoding: 'buffer',
    maxBuffer: 2 ** 28,
  });
  return gzipSync(stdout).length;
}

/** Fills a build context: app/ with the bundles, and the SBOM, which also goes beside the archive. */
async function stage(image: Image, context: string, sbomPath: string): Promise<void> {
  await rm(context, { recursive: true, force: true });
  await mkdir(join(context, 'app'), { recursive: true });
  const inputs: string[] = [];
  for (const [index, name] of image.programs.entries()) {
    const program = programs.find((candidate) => candidate.name === name);
    if (!program) throw new Error(`images: no program ${name} in tools/bundle/programs.ts`);
    const bundle = await bundleProgram(program);
    inputs.push(...bundle.inputs);
    const file = index === 0 ? 'main.mjs' : `${name}.mjs`;
    await writeFile(join(context, 'app', file), bundle.files[0]?.bytes ?? '');
  }
  const sbom = describeImage(image, inputs);
  await writeFile(join(context, 'sbom.cdx.json'), sbom);
  await writeFile(sbomPath, sbom);
}

type ArchivedLayer = { readonly name: string; readonly bytes: number };

/** Layers of a Docker archive: named by their content, so equal names are equal layers. */
async function layersOf(archive: string): Promise<readonly ArchivedLayer[]> {
  const tar = promisify(execFile);
  const { stdout: listing } = await tar('tar', ['-tvf', archive]);
  const sizes = new Map(
    listing
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(/\s+/))
      .map(([, , size, , , name]) => [name ?? '', Number(size)]),
  );
  const { stdout } = await tar('tar', ['-xOf', archive, 'manifest.json']);
  const [manifest] = JSON.parse(stdout) as { Layers: string[] }[];
  return (manifest?.Layers ?? []).map((name) => ({ name, bytes: sizes.get(name) ?? 0 }));
}

async function revision(): Promise<string> {
  const { stdout } = await promisify(execFile)('git', ['-C', root, 'rev-parse', 'HEAD']).catch(() => ({ stdout: '' }));
  return stdout.trim() || 'unknown';
}
