/** A certificate file and its key file, as renewal needs them. */
import type { KeyObject } from 'node:crypto';
import {
  encodePrivateKeyPem,
  isEncryptedPrivateKeyPem,
  isSamePublicKey,
  parsePrivateKeyPem,
} from '../../lib/crypto/index.ts';
import { describeError, isAppError } from '../../lib/errors/index.ts';
import { type Certificate, parseCertificateChainPem } from '../../lib/x509/index.ts';
import type { Invocation } from '../command.ts';
import { badInput } from '../errors.ts';
import { readInput, readPassword } from '../files.ts';
import { askPassword } from '../terminal/prompts.ts';

export type KeyPair = {
  readonly leaf: Certificate;
  readonly key: KeyObject;
  /** What TLS presents. */
  readonly clientCertificate: { readonly certPem: string; readonly keyPem: string };
};

/** @throws {AppError} ERR_CLI_FILE, ERR_CLI_INPUT, and what parsing certificate and key says */
export async function loadKeyPair(invocation: Invocation, certificatePath: string, keyPath: string): Promise<KeyPair> {
  const certPem = readInput(certificatePath);
  const [leaf] = parsing(certificatePath, () => parseCertificateChainPem(certPem));
  if (!leaf) throw badInput(`${certificatePath}: holds no certificate`);
  const key = await loadKey(invocation, keyPath);
  if (!isSamePublicKey(leaf.publicKey, key)) {
    throw badInput(
      `${keyPath}: not the key of ${certificatePath}`,
      'give the key file that was written with the certificate',
    );
  }
  return { leaf, key, clientCertificate: { certPem, keyPem: encodePrivateKeyPem(key) } };
}

/** The same pair after the CA has answered with a new chain for `pair.key`. */
export function withCertificate(pair: KeyPair, certPem: string): KeyPair {
  const [leaf] = parseCertificateChainPem(certPem);
  if (!leaf) throw badInput('renewal: the CA answered without a certificate');
  return { leaf, key: pair.key, clientCertificate: { certPem, keyPem: encodePrivateKeyPem(pair.key) } };
}

/** A private key, its password from --password-file or asked for. */
export async function loadKey({ options, terminal }: Invocation, path: string): Promise<KeyObject> {
  const pem = readInput(path);
  const passwordFile = options.text('password-file');
  if (passwordFile) return parsing(path, () => parsePrivateKeyPem(pem, readPassword(passwordFile)));
  if (!isEncryptedPrivateKeyPem(pem)) return parsing(path, () => parsePrivateKeyPem(pem));
  const message = `Please enter the password to decrypt ${path}`;
  const password = await askPassword(terminal, { message, hint: 'give --password-file' });
  return parsing(path, () => parsePrivateKeyPem(pem, password));
}

/** Puts the file's name before what a parser says. */
function parsing<T>(path: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw badInput(`${path}: ${describeError(error)}`, isAppError(error) ? error.hint : undefined);
  }
}
