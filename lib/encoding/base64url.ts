/** Base64url without padding (RFC 4648 5), as JOSE wants it. */
import { AppError } from '../errors/index.ts';

export function encodeBase64url(bytes: Uint8Array | string): string {
  return Buffer.from(bytes as Uint8Array).toString('base64url');
}

/** Strict: no padding, no other alphabet, no stray bits (a second spelling of the same bytes is refused). */
export function decodeBase64url(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') !== text) throw new AppError('ERR_BASE64URL', 'invalid', 'base64url: malformed text');
  return bytes;
}
