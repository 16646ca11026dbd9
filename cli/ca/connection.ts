/** The CA a command talks to and the root it is checked against. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CaClient } from '../../lib/ca-client/index.ts';
import { parsePem } from '../../lib/encoding/index.ts';
import type { Invocation } from '../command.ts';
import { badInput, usage } from '../errors.ts';
import { readInput } from '../files.ts';
import { caUrlOption } from '../options/values.ts';
import { userAgent } from '../version.ts';

export type Connection = {
  readonly caUrl: URL;
  /** PEM, one or more certificates. */
  readonly rootsPem: string;
  readonly client: CaClient;
};

/** PEM of the roots. @throws {AppError} ERR_CLI_USAGE when there are none, ERR_CLI_FILE, ERR_CLI_INPUT */
export function loadRoots({ options, stepPath }: Invocation): string {
  const given = options.text('root');
  const path = given || join(stepPath, 'certs', 'root_ca.crt');
  if (!given && !existsSync(path)) {
    throw usage('--root: missing', `give --root, or run "autocert ca bootstrap" once to have ${path}`);
  }
  const pem = readInput(path);
  if (!parsePem(pem).some(({ label }) => label === 'CERTIFICATE'))
    throw badInput(`--root: ${path} holds no certificate`);
  return pem;
}

/** The CA that options and settings name. */
export function connect(invocation: Invocation): Connection {
  return connectTo(caUrlOption(invocation.options), loadRoots(invocation));
}

/** @param clientCertificate presents this certificate to the CA, for renewal */
export function connectTo(
  caUrl: URL,
  rootsPem: string,
  clientCertificate?: { readonly certPem: string; readonly keyPem: string },
): Connection {
  const client = new CaClient({
    url: caUrl,
    roots: [rootsPem],
    userAgent,
    ...(clientCertificate && { clientCertificate }),
  });
  return { caUrl, rootsPem, client };
}
