/**
 * What is in an image, as CycloneDX 1.6: the program, the npm packages whose files went into its bundle (from esbuild's
 * metafile, not from a guess), and Node.
 */
import { createHash } from 'node:crypto';
import { packageFolders, readPackage } from './packages.ts';

/**
 * @param inputs source files of the bundles, relative to the root of the repository
 * @returns JSON, the same for the same input
 */
export function describeImage(image: { name: string; description: string }, inputs: readonly string[]): string {
  const own = readPackage('.');
  const node = readPackage('node_modules/node');
  const packages = packageFolders(inputs).map(readPackage);
  const components = [
    {
      type: 'application',
      name: 'node',
      version: node.version,
      purl: `pkg:generic/node@${node.version}`,
      licenses: licensed('MIT'),
    },
    ...packages.map(({ name, version, license, sha512 }) => ({
      type: 'library',
      name,
      version,
      purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
      ...(sha512 ? { hashes: [{ alg: 'SHA-512', content: Buffer.from(sha512, 'base64').toString('hex') }] } : {}),
      licenses: licensed(license),
    })),
  ];
  const component = {
    type: 'container',
    name: image.name,
    version: own.version,
    description: image.description,
    licenses: licensed(own.license),
  };
  const content = { bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, metadata: { component }, components };
  return `${JSON.stringify({ ...content, serialNumber: serialOf(JSON.stringify(content)) }, null, 2)}\n`;
}

const licensed = (id: string | undefined): object[] => (id ? [{ expression: id }] : []);

/** A UUID drawn from the content, so that the same content has the same one. */
function serialOf(content: string): string {
  const hex = createHash('sha256').update(content).digest('hex');
  return `urn:uuid:${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
