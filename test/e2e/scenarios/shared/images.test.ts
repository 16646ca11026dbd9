/** The images as they were built for this run: what is in their layers, and as whom they run. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { programs } from '../../../../tools/bundle/programs.ts';
import {
  compressedSize,
  filesOf,
  type ImageArchive,
  readArchive,
  readFileOf,
} from '../../../../tools/images/archive.ts';
import { imagesFolder } from '../../../../tools/images/build.ts';
import { images } from '../../../../tools/images/catalogue.ts';

const ownLayerLimitBytes = 1_000_000;

describe('an image', () => {
  let archives: readonly ImageArchive[];
  before(async () => {
    archives = await Promise.all(images.map(({ name }) => readArchive(join(imagesFolder, `${name}.tar`))));
  });

  it('shares its lowest layers, Node among them, with all others', async () => {
    const shared = archives.map(({ layers }) => layers.slice(0, -2).map(({ name }) => name));
    for (const layers of shared) assert.deepEqual(layers, shared[0]);
    const [first] = archives;
    assert.ok(first);
    const files = await Promise.all(first.layers.slice(0, -2).map((layer) => filesOf(first, layer)));
    assert.ok(files.flat().includes('usr/local/bin/node'));
  });

  for (const [index, { name, description }] of images.entries()) {
    const image = (): ImageArchive => {
      const archive = archives[index];
      assert.ok(archive);
      return archive;
    };

    it(`${name}: less than a megabyte of its own`, async () => {
      const own = await Promise.all(
        image()
          .layers.slice(-2)
          .map((layer) => compressedSize(image(), layer)),
      );
      const bytes = own.reduce((sum, size) => sum + size, 0);
      assert.ok(bytes > 1_000 && bytes < ownLayerLimitBytes, `${bytes} bytes`);
    });

    it(`${name}: nothing but Node, what it links to, and the program`, async () => {
      const files = (await Promise.all(image().layers.map((layer) => filesOf(image(), layer)))).flat();
      const executables = files.filter((file) => /(^|\/)s?bin\//.test(file));
      assert.deepEqual(executables, ['usr/local/bin/node']);
      assert.deepEqual(files.filter((file) => file.startsWith('app/')).sort(), ['app/LICENSES.txt', 'app/main.mjs']);
    });

    it(`${name}: runs as nobody, without a shell, and says what it is`, () => {
      const { User, Entrypoint, Labels } = image().config;
      assert.equal(User, '65532:65532');
      const flags = programs.find((program) => program.name === name)?.nodeFlags ?? [];
      assert.deepEqual(Entrypoint, ['/usr/local/bin/node', ...flags, '/app/main.mjs']);
      assert.equal(Labels?.['org.opencontainers.image.title'], name);
      assert.equal(Labels?.['org.opencontainers.image.description'], description);
      assert.equal(Labels?.['org.opencontainers.image.licenses'], 'Apache-2.0');
      assert.match(Labels?.['org.opencontainers.image.version'] ?? '', /^\d+\.\d+\.\d+/);
      assert.match(Labels?.['org.opencontainers.image.revision'] ?? '', /^[0-9a-f]{40}$/);
    });

    it(`${name}: carries its bill of materials and the licences of what is in it`, async () => {
      const layers = image().layers;
      const [program, bill] = [layers.at(-2), layers.at(-1)];
      assert.ok(program && bill);
      const sbom = await readFileOf(image(), bill, `usr/share/sbom/${name}.cdx.json`);
      assert.equal(sbom, readFileSync(join(imagesFolder, `${name}.cdx.json`), 'utf8'));
      const { components } = JSON.parse(sbom) as { components: { name: string }[] };
      const licences = await readFileOf(image(), program, 'app/LICENSES.txt');
      const named = licences.split('\n').map((line) => line.split(' ')[0]);
      const missing = components.filter(({ name }) => name !== 'node' && !named.includes(name));
      assert.deepEqual(missing, []);
    });
  }
});
