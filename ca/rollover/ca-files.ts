/**
 * The files of an authority as its ca.json names them, read and changed. New files come first, under names that nothing
 * uses yet; ca.json is replaced last, in one step. A run that is cut short leaves files that nothing names.
 */
import { readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { encodePem } from '../../lib/encoding/index.ts';
import { type Certificate, fingerprint, parseCertificateChainPem } from '../../lib/x509/index.ts';
import { loadCertificates, readText } from '../adapters/files.ts';
import { type CaConfig, configInvalid, parseCaConfig } from '../config/index.ts';
import { rootKeyUnknown } from './errors.ts';

export type CaFiles = {
  readonly configPath: string;
  readonly config: CaConfig;
  readonly chain: readonly [Certificate, ...Certificate[]];
  /** Each root once, in order. */
  readonly roots: readonly Certificate[];
  /** Where a path of ca.json lies on this machine. */
  readonly locate: (path: string) => string;
};

/**
 * @param folder of certs/ and secrets/, where the paths in ca.json are those of another machine
 * @throws {AppError} ERR_CA_FILE, ERR_CA_FILE_CONTENT, ERR_CA_CONFIG… (all invalid)
 */
export async function readCaFiles(configPath: string, folder: string | undefined): Promise<CaFiles> {
  const config = parseCaConfig(await readText('configuration', configPath), configPath);
  const locate = (path: string): string =>
    folder === undefined ? path : join(folder, basename(dirname(path)), basename(path));
  const [issuer, ...above] = await loadCertificates('crt', [locate(config.crt)]);
  if (!issuer) throw configInvalid('crt', 'holds no certificate');
  const all = await loadCertificates('root', config.roots.map(locate));
  const roots = [...new Map(all.map((root) => [fingerprint(root.der), root])).values()];
  return { configPath, config, chain: [issuer, ...above], roots, locate };
}

/** A file that is new: path as ca.json would name it, and whether it holds a secret. */
export type NewFile = { readonly path: string; readonly text: string };

/** Certificates and keys are the owner's alone, as `ca init` writes them. */
const mode = 0o600;

/** @throws when a file of this name exists, so that nothing is ever overwritten */
export async function writeNewFiles({ locate }: CaFiles, files: readonly NewFile[]): Promise<void> {
  for (const { path, text } of files) await writeFile(locate(path), text, { mode, flag: 'wx' });
}

/** Sets members of a JSON file and leaves all others, and their order, as they are. */
export async function changeJson(path: string, members: Readonly<Record<string, unknown>>): Promise<void> {
  const text = await readFile(path, 'utf8');
  const indent = /^\{\r?\n([ \t]+)/.exec(text)?.[1] ?? '\t';
  await replaceFile(path, JSON.stringify({ ...JSON.parse(text), ...members }, null, indent));
}

/** The new content is there as a whole or not at all. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const next = `${path}.next`;
  await writeFile(next, text, { mode: (await stat(path)).mode & 0o777 });
  await rename(next, path);
}

/** The next free number for names such as root_ca_2.crt; the files of `ca init` are the first generation. */
export async function nextGeneration({ config, locate }: CaFiles, kind: 'root' | 'intermediate'): Promise<number> {
  const folders = [locate(config.crt), locate(config.key), ...config.roots.map(locate)].map((path) => dirname(path));
  const names = (await Promise.all([...new Set(folders)].map((folder) => readdir(folder)))).flat();
  const used = names.map((name) => Number(new RegExp(`^${kind}_ca_(\\d+)[._]`).exec(name)?.[1] ?? 1));
  return Math.max(1, ...used) + 1;
}

/** Beside the files of the same kind that ca.json names. */
export const certificatePath = ({ config }: CaFiles, name: string): string => join(dirname(config.crt), name);
export const keyPath = ({ config }: CaFiles, name: string): string => join(dirname(config.key), name);

/**
 * The certificate file that holds this root alone, by the names that `ca init` and `ca rollover` give. Its key has the
 * same name in the folder of keys: root_ca.crt and root_ca_key, root_ca_2.crt and root_ca_2_key.
 * @throws {AppError} ERR_ROLLOVER_KEY (invalid) when there is none
 */
export async function findRootFile(files: CaFiles, root: Certificate): Promise<string> {
  const folder = dirname(files.locate(files.config.crt));
  for (const name of (await readdir(folder)).filter((file) => /^root_ca(_\d+)?\.crt$/.test(file)).sort()) {
    const [only, ...more] = parseCertificateChainPem(await readText('certificate', join(folder, name)));
    if (more.length === 0 && only?.der.equals(root.der)) return name;
  }
  throw rootKeyUnknown(fingerprint(root.der));
}

/** The certificate of the new root that the old one signed, where `add-root` left it. */
export async function findCrossSigned(files: CaFiles, root: Certificate): Promise<Certificate | undefined> {
  const folder = dirname(files.locate(files.config.crt));
  for (const name of (await readdir(folder)).filter((file) => /^root_ca_\d+_cross\.crt$/.test(file))) {
    const [found] = parseCertificateChainPem(await readText('certificate', join(folder, name)));
    if (found?.publicKeyDer.equals(root.publicKeyDer)) return found;
  }
  return undefined;
}

/** One path is written as text, as `step ca init` does. */
export const rootMember = (paths: readonly string[]): string | readonly string[] =>
  paths.length === 1 ? (paths[0] ?? '') : paths;

export const toPem = (certificates: readonly Certificate[]): string =>
  certificates.map(({ der }) => encodePem('CERTIFICATE', der)).join('');
