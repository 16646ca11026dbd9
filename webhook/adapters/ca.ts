/** The CA over HTTP, and mounted files: the outside world of `ca-link.ts`. */
import { readFile } from 'node:fs/promises';
import { CaClient } from '../../lib/ca-client/index.ts';
import type { CertificateAuthority, FileReader } from '../ports.ts';

/** A CA that does not answer within this is away; the loop tries again. */
const timeoutMs = 10_000;

/** Opens no connection yet. */
export const connectCa =
  (url: string, userAgent: string) =>
  (roots: readonly string[], signal: AbortSignal): CertificateAuthority =>
    new CaClient({ url, roots, userAgent, timeoutMs, signal });

export const mountedFiles: FileReader = { readText: (path) => readFile(path, 'utf8') };
