/** The npm packages whose files are in a bundle, by esbuild's list of inputs and what is installed and locked here. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

export type Package = {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  /** SHA-512 of the package as the registry gives it, in base64; from package-lock.json. */
  readonly sha512?: string;
};

type Lock = { readonly packages: Readonly<Record<string, { readonly integrity?: string }>> };

const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock;

/**
 * Folders of packages, sorted; of nested packages the inner one.
 * @param inputs source files of bundles, relative to the root of the repository
 */
export function packageFolders(inputs: readonly string[]): readonly string[] {
  const folders = inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []);
  return [...new Set(folders)].sort();
}

/** @param folder relative to the root of the repository; `.` is the project itself */
export function readPackage(folder: string): Package {
  const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Package;
  const sha512 = /^sha512-(\S+)/.exec(lock.packages[folder]?.integrity ?? '')?.[1];
  return { name, version, ...(license ? { license } : {}), ...(sha512 ? { sha512 } : {}) };
}

/**
 * What the licences ask to be kept with copies: ours, then that of each package.
 * @throws {Error} for a package that has neither a licence file nor a licence in its package.json
 */
export function renderLicences(inputs: readonly string[]): string {
  const parts = ['.', ...packageFolders(inputs)].map((folder) => {
    const { name, version, license } = readPackage(folder);
    const file = readdirSync(join(root, folder)).find((entry) => /^licen[cs]e/i.test(entry));
    if (!file && !license) throw new Error(`images: ${folder} has no licence`);
    const text =
      file && existsSync(join(root, folder, file)) ? readFileSync(join(root, folder, file), 'utf8') : license;
    return `${name} ${version}\n\n${text?.trim()}\n`;
  });
  return parts.join(`\n${'-'.repeat(80)}\n\n`);
}
