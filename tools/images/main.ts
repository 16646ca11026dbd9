/** `make images`: the images of a release, as archives in build/images, each with its SBOM beside it. */
import { join, relative } from 'node:path';
import { buildImages } from './build.ts';

const root = join(import.meta.dirname, '../..');
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(2)} MB`;

try {
  const built = await buildImages((what) => console.log(`images: ${what}`));
  for (const { tag, archive, sizeBytes, ownBytes } of built) {
    const sizes = `${megabytes(sizeBytes).padStart(9)}, not shared, compressed, ${megabytes(ownBytes).padStart(7)}`;
    console.log(`images: ${tag.padEnd(28)} ${sizes}  ${relative(root, archive)}`);
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
