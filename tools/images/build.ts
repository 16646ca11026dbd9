/** Puts the build contexts together, builds, and measures what the images share. */
import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bundleProgram } from '../bundle/bundle.ts';
import { programs } from '../bundle/programs.ts';
import { compressedSize, type ImageArchive, readArchive } from './archive.ts';
import { findBuilder } from './builder.ts';
import { type Image, images } from './catalogue.ts';
import { buildNodeImage } from './node-image.ts';
import { renderLicences } from './packages.ts';
import { describeImage } from './sbom.ts';

const root = join(import.meta.dirname, '../..');

/** Where archives and SBOMs go. */
export const imagesFolder = join(root, 'build/images');

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
  const out = imagesFolder;
  await mkdir(out, { recursive: true });
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const builder = await findBuilder();
  say(`building with ${builder.name}`);
  const base = nodeImage ?? (await buildNodeImage(builder, join(out, 'node')));
  const built: { image: Image; tag: string; archive: ImageArchive }[] = [];
  for (const image of images) {
    const context = join(out, image.name);
    await stage(image, context, join(out, `${image.name}.cdx.json`));
    const tag = `${image.name}:${version}`;
    const archive = join(out, `${image.name}.tar`);
    await rm(archive, { force: true });
    await builder.build({
      dockerfile: join(root, 'images/Dockerfile'),
      context,
      target: image.target,
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
    built.push({ image, tag, archive: await readArchive(archive) });
    say(`${image.name} is built`);
  }
  const users = Map.groupBy(
    built.flatMap(({ archive }) => archive.layers),
    ({ name }) => name,
  );
  return Promise.all(
    built.map(async ({ image, tag, archive }) => {
      const own = archive.layers.filter(({ name }) => users.get(name)?.length === 1);
      const compressed = await Promise.all(own.map((layer) => compressedSize(archive, layer)));
      return {
        name: image.name,
        tag,
        archive: archive.path,
        sizeBytes: sum(archive.layers.map(({ sizeBytes }) => sizeBytes)),
        ownBytes: sum(compressed),
      };
    }),
  );
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** Fills a build context: app/ with bundle and licences, and the SBOM, which also goes beside the archive. */
async function stage(image: Image, context: string, sbomPath: string): Promise<void> {
  await rm(context, { recursive: true, force: true });
  await mkdir(join(context, 'app'), { recursive: true });
  const program = programs.find(({ name }) => name === image.name);
  if (!program) throw new Error(`images: no program ${image.name} in tools/bundle/programs.ts`);
  const { files, inputs } = await bundleProgram(program);
  await writeFile(join(context, 'app/main.mjs'), files[0]?.bytes ?? '');
  await writeFile(join(context, 'app/LICENSES.txt'), renderLicences(inputs));
  const sbom = describeImage(image, inputs);
  await writeFile(join(context, 'sbom.cdx.json'), sbom);
  await writeFile(sbomPath, sbom);
}

async function revision(): Promise<string> {
  const { stdout } = await promisify(execFile)('git', ['-C', root, 'rev-parse', 'HEAD']).catch(() => ({ stdout: '' }));
  return stdout.trim() || 'unknown';
}
