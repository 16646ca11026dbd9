/**
 * Every command of `autocert`, in the order help shows them. A command's file is loaded when it is called: starting
 * must not cost what the other commands need.
 *
 * To add one: write cli/commands/NAME.ts with an exported `command`, add a line here, run `make docs`.
 */
import type { Command } from '../command.ts';

export type CatalogueEntry = {
  readonly path: readonly string[];
  readonly summary: string;
  readonly load: () => Promise<Command>;
};

const entry = (path: string, summary: string, load: () => Promise<{ command: Command }>): CatalogueEntry => ({
  path: path.split(' '),
  summary,
  load: async () => (await load()).command,
});

export const catalogue: readonly CatalogueEntry[] = [
  entry('ca bootstrap', 'trust a CA: fetch its root and remember its address', () => import('./ca-bootstrap.ts')),
  entry('ca certificate', 'get a certificate and its key', () => import('./ca-certificate.ts')),
  entry('ca sign', 'get a certificate for a signing request', () => import('./ca-sign.ts')),
  entry('ca token', 'make a one-time token for somebody else', () => import('./ca-token.ts')),
  entry('ca renew', 'renew a certificate, same key', () => import('./ca-renew.ts')),
  entry('ca rekey', 'renew a certificate with a new key', () => import('./ca-rekey.ts')),
  entry('ca revoke', 'revoke a certificate: it is never renewed again', () => import('./ca-revoke.ts')),
  entry('ca root', 'fetch the root certificate by its fingerprint', () => import('./ca-root.ts')),
  entry('ca roots', 'fetch all root certificates', () => import('./ca-roots.ts')),
  entry('ca federation', 'fetch the roots of the whole federation', () => import('./ca-federation.ts')),
  entry('ca health', 'ask whether the CA is up', () => import('./ca-health.ts')),
  entry('ca provisioner list', 'list who may hand out certificates', () => import('./ca-provisioner-list.ts')),
  entry('ca init', 'make a new CA: keys, certificates, configuration', () => import('./ca-init.ts')),
  entry('ca serve', 'run the CA', () => import('./ca-serve.ts')),
  entry(
    'ca rollover',
    'replace the intermediate or the root of a CA, without an interruption',
    () => import('./ca-rollover.ts'),
  ),
  entry('ca certificate list', 'list the certificates that a CA has issued', () => import('./ca-certificate-list.ts')),
  entry('ca certificate search', 'find certificates by a part of a name', () => import('./ca-certificate-search.ts')),
  entry('ca certificate show', 'show what a CA knows of one certificate', () => import('./ca-certificate-show.ts')),
  entry(
    'ca certificate export',
    'write certificates that a CA has issued into a file',
    () => import('./ca-certificate-export.ts'),
  ),
  entry('ca prune', 'delete expired certificates and ended tokens of a CA', () => import('./ca-prune.ts')),
  entry('ca backup', 'write the database of a CA into a file, while it runs', () => import('./ca-backup.ts')),
  entry('ca restore', 'add what a backup holds to the database of a CA', () => import('./ca-restore.ts')),
  entry('certificate inspect', 'show what is in a certificate or request', () => import('./certificate-inspect.ts')),
  entry(
    'certificate fingerprint',
    'print the fingerprint of a certificate',
    () => import('./certificate-fingerprint.ts'),
  ),
  entry('certificate verify', 'check a certificate against roots and a name', () => import('./certificate-verify.ts')),
  entry('install', 'install autocert into a cluster, without Helm', () => import('./install.ts')),
  entry('doctor', 'check an installation in a cluster, and say what to do', () => import('./doctor.ts')),
  entry('explain', 'say what is injected into a pod, and why or why not', () => import('./explain.ts')),
  entry('pods', 'list which pod holds which certificate, until when, renewed when', () => import('./pods.ts')),
  entry('local run', 'run annotated pod manifests on this machine, without a cluster', () => import('./local-run.ts')),
  entry('demo', 'see the whole product at work on this machine, no cluster needed', () => import('./demo.ts')),
  entry('version', 'print the version', () => import('./version.ts')),
];
