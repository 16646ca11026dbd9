/**
 * The request of a pod, as bytes and as meaning: a bearer token and a certificate request. Judges form only: what the
 * request is allowed to say is for `decide-bootstrap.ts`.
 */
import { parsePem } from '../../lib/encoding/index.ts';
import { type CertificateRequest, parseCertificateRequest, verifyCertificateRequest } from '../../lib/x509/index.ts';
import { csrRefused, requestInvalid, tokenMissing } from './errors.ts';

/** Body limit; a request for a 4096 bit RSA key with a hundred names stays far below. */
export const bootstrapBodyLimitBytes = 64 * 1024;

/** Longer than any token of an API server. */
const maxTokenLength = 16 * 1024;

/** @throws {AppError} ERR_BOOTSTRAP_TOKEN_MISSING (unauthenticated) */
export function parseBearerToken(authorization: string | undefined): string {
  const token = /^Bearer +([A-Za-z0-9._~+/=-]+) *$/i.exec(authorization ?? '')?.[1];
  if (token === undefined || token.length > maxTokenLength) throw tokenMissing();
  return token;
}

/**
 * Reads the body and checks that whoever sent it holds the key.
 *
 * @throws {AppError} ERR_BOOTSTRAP_REQUEST or ERR_BOOTSTRAP_CSR (invalid)
 */
export function parseBootstrapBody(body: Uint8Array): CertificateRequest {
  const csr = parseJson(body);
  if (typeof csr !== 'object' || csr === null || !('csr' in csr) || typeof csr.csr !== 'string') {
    throw requestInvalid('the body has no text "csr"');
  }
  const request = parseCsr(csr.csr);
  if (!verifyCertificateRequest(request)) throw csrRefused('its signature does not verify');
  requireGoodKey(request);
  return request;
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (error) {
    throw requestInvalid('the body is not JSON', error);
  }
}

function parseCsr(pem: string): CertificateRequest {
  try {
    const [block, ...more] = parsePem(pem);
    // Both labels are in use: RFC 7468 and what old tools write.
    if (block && more.length === 0 && /^(NEW )?CERTIFICATE REQUEST$/.test(block.label)) {
      return parseCertificateRequest(block.der);
    }
  } catch (error) {
    throw requestInvalid('csr cannot be read', error);
  }
  throw requestInvalid('csr is not one CERTIFICATE REQUEST in PEM');
}

/** Keys that every step-ca certifies: a weaker one would only fail there, after its token was spent. */
function requireGoodKey({ publicKeyInfo: { type, bits, description } }: CertificateRequest): void {
  const least = type === 'RSA' ? 2048 : 256;
  if (bits < least) throw csrRefused(`the key ${description} is too weak, at least ${least} bits are wanted`);
}
