/** Signing requests from files. */
import { parsePem } from '../../lib/encoding/index.ts';
import { badInput } from '../errors.ts';
import { readInput } from '../files.ts';

/** DER of the first request in a PEM file; old tools write NEW CERTIFICATE REQUEST. @throws {AppError} ERR_CLI_FILE, ERR_CLI_INPUT */
export function readRequestDer(path: string): Buffer {
  const block = parsePem(readInput(path)).find(({ label }) => /^(NEW )?CERTIFICATE REQUEST$/.test(label));
  if (!block)
    throw badInput(`${path}: holds no certificate request`, 'it has a line -----BEGIN CERTIFICATE REQUEST-----');
  return block.der;
}
