/** The CA a command talks to and the root it is checked against. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CaClient } from '../../lib/ca-client/index.ts';
import { parseCertificatePem } from '../../lib/encoding/index.ts';
import { fingerprint } from '../../lib/x509/index.ts';
import type { Invocation } from '../command.ts';
import { usage } from '../errors.ts';
import { readInput } from '../files.ts';
import { parseCaUrl } from '../options/values.ts';
import { userAgent } from '../version.ts';

export type Connection = {
  readonly caUrl: URL;
  /** PEM, one or more certificates. */
  readonly rootsPem: string;
  /** SHA-256 of the first root, hex; what tokens carry as `sha`. */
  readonly rootFingerprint: string;
  readonly client: CaClient;
};

/** @throws {AppError} ERR_CLI_USAGE (invalid) when there is no root, ERR_CLI_FILE, ERR_PEM when it is not one */
export function loadRoots({ options, stepPath }: Invocation): string {
  const given = options.text('root');
  const path = given || join(stepPath, 'certs', 'root_ca.crt');
  if (!given && !existsSync(path)) {
    throw usage('--root: missing', `give --root, or run "autocert ca bootstrap" once to have ${path}`);
  }
  return readInput(path);
}

/** The CA that options and settings name. */
export function connect(invocation: Invocation): Connection {
  const caUrl = parseCaUrl(invocation.options.required('ca-url'));
  return connectTo(caUrl, loadRoots(invocation));
}

/** @param clientCertificate presents this certificate to the CA, for renewal */
export function connectTo(
  caUrl: URL,
  rootsPem: string,
  clientCertificate?: { readonly certPem: string; readonly keyPem: string },
): Connection {
  const ders = parseCertificatePem(rootsPem);
  const client = new CaClient({
    url: caUrl.origin,
    roots: [rootsPem],
    userAgent,
    ...(clientCertificate && { clientCertificate }),
  });
  return {
    caUrl,
    rootsPem,
    rootFingerprint: ders
      .slice(0, 1)
      .map((der) => fingerprint(der))
      .join(),
    client,
  };
}
