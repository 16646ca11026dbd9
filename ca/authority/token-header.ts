/**
 * Headers of a token that change what a verifier does with it (RFC 7515 4.1, RFC 7797). No key or chain that a token
 * brings along is ever used; one that cannot even be read is refused, as is a payload that is not encoded.
 */
import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { parseCertificate } from '../../lib/x509/index.ts';
import { tokenMalformed } from './errors.ts';
import { isTextList } from './token-claims.ts';

/** @throws {AppError} ERR_TOKEN_MALFORMED (unauthenticated) */
export function requirePlainHeader(header: Readonly<Record<string, unknown>>): void {
  const { b64, jwk, x5c } = header;
  if (b64 === false) throw tokenMalformed(new TypeError('b64 is false'));
  try {
    if (jwk !== undefined && jwk !== null) createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
    if (x5c !== undefined && x5c !== null) requireCertificates(x5c);
  } catch (cause) {
    throw tokenMalformed(cause);
  }
}

function requireCertificates(x5c: unknown): void {
  if (!isTextList(x5c)) throw new TypeError('x5c is not a list of certificates');
  for (const text of x5c) parseCertificate(Buffer.from(text, 'base64'));
}
