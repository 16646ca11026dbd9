/** The files of an authority where step looks for them, with step's modes: folders 0700, keys and certificates 0600. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readContexts, type StepContext } from './step-path.ts';

export type Layout = {
  readonly rootCertificate: string;
  readonly rootKey: string;
  readonly intermediateCertificate: string;
  readonly intermediateKey: string;
  readonly config: string;
  readonly defaults: string;
  readonly database: string;
  readonly templates: string;
};

export const layoutOf = (folder: string): Layout => ({
  rootCertificate: join(folder, 'certs', 'root_ca.crt'),
  rootKey: join(folder, 'secrets', 'root_ca_key'),
  intermediateCertificate: join(folder, 'certs', 'intermediate_ca.crt'),
  intermediateKey: join(folder, 'secrets', 'intermediate_ca_key'),
  config: join(folder, 'config', 'ca.json'),
  defaults: join(folder, 'config', 'defaults.json'),
  database: join(folder, 'db'),
  templates: join(folder, 'templates'),
});

/** A file of an authority that is there already. */
export function findExisting(layout: Layout): string | undefined {
  return [layout.rootCertificate, layout.intermediateKey, layout.config].find((path) => existsSync(path));
}

export type AuthorityFiles = {
  readonly rootPem: string;
  readonly rootKeyPem: string | undefined;
  readonly intermediatePem: string;
  readonly intermediateKeyPem: string;
  readonly caJson: object | undefined;
  readonly defaults: object | undefined;
  readonly database: boolean;
};

/** Keys first and ca.json last, so that a run that is cut short leaves no configuration that names missing files. */
export function writeAuthority(layout: Layout, files: AuthorityFiles): void {
  if (files.rootKeyPem !== undefined) write(layout.rootKey, files.rootKeyPem, 0o600);
  write(layout.intermediateKey, files.intermediateKeyPem, 0o600);
  write(layout.rootCertificate, files.rootPem, 0o600);
  write(layout.intermediateCertificate, files.intermediatePem, 0o600);
  if (files.database) mkdirSync(layout.database, { recursive: true, mode: 0o700 });
  if (files.caJson !== undefined) mkdirSync(layout.templates, { recursive: true, mode: 0o700 });
  if (files.defaults !== undefined) write(layout.defaults, JSON.stringify(files.defaults, null, '\t'), 0o644);
  if (files.caJson !== undefined) write(layout.config, JSON.stringify(files.caJson, null, '\t'), 0o644);
}

/** Adds the context to contexts.json and makes it the current one. */
export function writeContext(base: string, { name, authority, profile }: StepContext): void {
  const contexts = { ...readContexts(base), [name]: { profile, authority } };
  const profileDefaults = join(base, 'profiles', profile, 'config', 'defaults.json');
  if (!existsSync(profileDefaults)) write(profileDefaults, '{}', 0o644);
  write(join(base, 'contexts.json'), JSON.stringify(contexts, null, 4), 0o600);
  write(join(base, 'current-context.json'), JSON.stringify({ context: name }), 0o644);
}

/** A file that is there is replaced, never written into: its mode could be wider than ours. */
function write(path: string, text: string, mode: number): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  rmSync(path, { force: true });
  writeFileSync(path, text, { mode, flag: 'wx' });
}
