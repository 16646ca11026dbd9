/**
 * The steps of a rollover, each complete in itself: what it makes is on disk, and ca.json names it, when it returns. The
 * running CA takes it over by SIGHUP, or when it starts.
 */
import type { KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  encodeEncryptedPrivateKeyPem,
  encodePrivateKeyPem,
  isEncryptedPrivateKeyPem,
  parsePrivateKeyPem,
} from '../../lib/crypto/index.ts';
import type { EpochMs } from '../../lib/time/index.ts';
import { type Certificate, fingerprint } from '../../lib/x509/index.ts';
import { loadCertificates, readText } from '../adapters/files.ts';
import { fileKeyStore } from '../keys/index.ts';
import {
  type CaFiles,
  certificatePath,
  changeJson,
  findCrossSigned,
  findRootFile,
  keyPath,
  nextGeneration,
  replaceFile,
  rootMember,
  toPem,
  writeNewFiles,
} from './ca-files.ts';
import { isKeyOf, makeNextIntermediate, makeNextRoot } from './certificates.ts';
import { keyUnfit, rootKeyMissing, tooEarly } from './errors.ts';
import { longestLifeMs } from './longest-life.ts';
import { decidePhase, type Phase, requirePhase } from './phase.ts';

export type Secrets = {
  /** Of the issuing key; new keys get it too. Asked only where a key is encrypted. */
  readonly password: () => Promise<string>;
  /** Path of the root's key, where it is not beside the others. */
  readonly rootKeyPath: string | undefined;
  readonly rootKeyPassword: () => Promise<string>;
};

/** Lines for the reader: what was made, what now holds. */
export type StepReport = readonly (readonly [what: string, value: string])[];

export const phaseOf = ({ chain, roots, config }: CaFiles, now: EpochMs): Phase =>
  decidePhase({ chain, roots, longestLifeMs: longestLifeMs(config) }, now);

/** A new intermediate under the root that issues now; its clients notice nothing. @throws {AppError} ERR_ROLLOVER_KEY */
export async function replaceIntermediate(files: CaFiles, secrets: Secrets, now: EpochMs): Promise<StepReport> {
  const { root } = phaseOf(files, now);
  const above = files.chain.slice(1); // a cross-signed root stays
  const rootKey = await loadRootKey(files, secrets, root);
  return installIntermediate(files, secrets, { root, rootKey, above, roots: files.config.roots, now });
}

/**
 * A new root, trusted from now on beside the old one, which goes on issuing.
 * @param options `bundle` adds it to the file with the old one, for other programs that read that file; else it gets a
 *   file of its own. `crossSign` lets the old root sign it too
 * @throws {AppError} ERR_ROLLOVER_PHASE (conflict), ERR_ROLLOVER_KEY (invalid)
 */
export async function addRoot(
  files: CaFiles,
  secrets: Secrets,
  options: { readonly bundle: boolean; readonly crossSign: boolean },
  now: EpochMs,
): Promise<StepReport> {
  const { root: old } = requirePhase(phaseOf(files, now), 'settled');
  const oldKey = await loadRootKey(files, secrets, old);
  const { root, key, crossSigned } = await makeNextRoot(old, oldKey, now);
  const generation = await nextGeneration(files, 'root');
  const path = certificatePath(files, `root_ca_${generation}.crt`);
  const keyFile = keyPath(files, `root_ca_${generation}_key`);
  await writeNewFiles(files, [
    { path: keyFile, text: await protect(files, secrets, key) },
    ...(options.crossSign
      ? [{ path: certificatePath(files, `root_ca_${generation}_cross.crt`), text: toPem([crossSigned]) }]
      : []),
    { path, text: toPem([root]) },
  ]);
  const { roots } = files.config;
  if (options.bundle) await appendToFile(files, old, root);
  else await changeJson(files.configPath, { root: rootMember([...roots, path]) });
  return [
    ['New root', path],
    ['Its key', keyFile],
    ['Its fingerprint', fingerprint(root.der)],
  ];
}

/**
 * A new intermediate under the new root, which issues from now on.
 * @throws {AppError} ERR_ROLLOVER_PHASE, ERR_ROLLOVER_TOO_EARLY (conflict), ERR_ROLLOVER_KEY (invalid)
 */
export async function switchRoot(
  files: CaFiles,
  secrets: Secrets,
  { force }: { readonly force: boolean },
  now: EpochMs,
): Promise<StepReport> {
  const { next, switchFrom } = requirePhase(phaseOf(files, now), 'prepared');
  if (now < switchFrom && !force) throw tooEarly('let the new root issue', new Date(switchFrom));
  const crossSigned = await findCrossSigned(files, next);
  const rootKey = await loadRootKey(files, secrets, next); // before anything is changed
  const roots = await putFirst(files, next);
  const above = crossSigned ? [crossSigned] : [];
  const report = await installIntermediate(files, secrets, { root: next, rootKey, above, roots, now });
  const defaults = await pointDefaultsTo(files, next);
  return [...report, ['Fingerprint for new clients', fingerprint(next.der)], ...defaults];
}

/**
 * The old root is not trusted any more.
 * @throws {AppError} ERR_ROLLOVER_PHASE, ERR_ROLLOVER_TOO_EARLY (conflict)
 */
export async function removeRoot(
  files: CaFiles,
  { force }: { readonly force: boolean },
  now: EpochMs,
): Promise<StepReport> {
  const { old, removeFrom } = requirePhase(phaseOf(files, now), 'switched');
  if (now < removeFrom && !force) throw tooEarly('stop trusting the old root', new Date(removeFrom));
  const kept: string[] = [];
  for (const path of files.config.roots) {
    const held = await loadCertificates('root', [files.locate(path)]);
    const rest = held.filter((root) => !old.some(({ der }) => der.equals(root.der)));
    if (rest.length > 0) kept.push(path);
    if (rest.length > 0 && rest.length < held.length) await replaceFile(files.locate(path), toPem(rest));
  }
  await changeJson(files.configPath, { root: rootMember(kept) });
  return old.map(({ der }) => ['No longer trusted', fingerprint(der)]);
}

type Installation = {
  readonly root: Certificate;
  readonly rootKey: KeyObject;
  /** Served after the new intermediate. */
  readonly above: readonly Certificate[];
  /** Paths, in order. */
  readonly roots: readonly string[];
  readonly now: EpochMs;
};

async function installIntermediate(
  files: CaFiles,
  secrets: Secrets,
  { root, rootKey, above, roots, now }: Installation,
): Promise<StepReport> {
  const { intermediate, key } = await makeNextIntermediate(files.chain[0], root, rootKey, now);
  const generation = await nextGeneration(files, 'intermediate');
  const crt = certificatePath(files, `intermediate_ca_${generation}.crt`);
  const keyFile = keyPath(files, `intermediate_ca_${generation}_key`);
  await writeNewFiles(files, [
    { path: keyFile, text: await protect(files, secrets, key) },
    { path: crt, text: toPem([intermediate, ...above]) },
  ]);
  await changeJson(files.configPath, { root: rootMember(roots), crt, key: keyFile });
  return [
    ['New intermediate', crt],
    ['Its key', keyFile],
  ];
}

async function loadRootKey(files: CaFiles, secrets: Secrets, root: Certificate): Promise<KeyObject> {
  const path =
    secrets.rootKeyPath ?? files.locate(keyPath(files, (await findRootFile(files, root)).replace('.crt', '_key')));
  if (!existsSync(path)) throw rootKeyMissing(path);
  const key = await fileKeyStore.load(path, secrets.rootKeyPassword);
  if (!isKeyOf(key, root)) throw keyUnfit(path, `the root ${fingerprint(root.der)}`);
  return key;
}

/** As the issuing key is kept: the CA has one password for it, which must open the next one too. */
async function protect(files: CaFiles, secrets: Secrets, key: KeyObject): Promise<string> {
  const current = await readText('key', files.locate(files.config.key));
  if (!isEncryptedPrivateKeyPem(current)) return encodePrivateKeyPem(key);
  const password = await secrets.password();
  parsePrivateKeyPem(current, password); // another password would keep the CA from starting
  return encodeEncryptedPrivateKeyPem(key, password);
}

/** Makes the new root the first: it is the one that new clients are told of. */
async function putFirst(files: CaFiles, next: Certificate): Promise<string[]> {
  const first: string[] = [];
  const others: string[] = [];
  for (const path of files.config.roots) {
    const held = await loadCertificates('root', [files.locate(path)]);
    const rest = held.filter(({ der }) => !der.equals(next.der));
    (rest.length < held.length ? first : others).push(path);
    if (rest.length > 0 && rest.length < held.length) await replaceFile(files.locate(path), toPem([next, ...rest]));
  }
  return [...first, ...others];
}

async function appendToFile(files: CaFiles, old: Certificate, root: Certificate): Promise<void> {
  for (const path of files.config.roots) {
    const held = await loadCertificates('root', [files.locate(path)]);
    if (held.some(({ der }) => der.equals(old.der))) {
      await replaceFile(files.locate(path), toPem([...held, root]));
    }
  }
}

/** Commands on the CA's own machine take root and fingerprint from defaults.json beside ca.json. */
async function pointDefaultsTo(files: CaFiles, next: Certificate): Promise<StepReport> {
  const path = join(dirname(files.configPath), 'defaults.json');
  if (!existsSync(path)) return [];
  const root = certificatePath(files, await findRootFile(files, next));
  await changeJson(path, { fingerprint: fingerprint(next.der), root });
  return [['Defaults of commands here', path]];
}
