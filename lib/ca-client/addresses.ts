/** How the address and the root fingerprint of a CA are written, with what people paste. Pure. */
import { invalidFingerprint, invalidUrl } from './errors.ts';

/**
 * The CA's address. As with the step CLI the scheme may be left out; a path is dropped, because clients of step-ca
 * always call the root of the host.
 * @throws {AppError} ERR_CA_URL (invalid)
 */
export function parseCaUrl(text: string): URL {
  const trimmed = text.trim();
  if (trimmed === '') throw invalidUrl(text, 'is empty');
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`;
  const url = URL.parse(full);
  if (!url || url.hostname === '') throw invalidUrl(text, 'is not an address');
  if (url.protocol !== 'https:') throw invalidUrl(text, 'is not https');
  if (url.username !== '' || url.password !== '') throw invalidUrl(text, 'carries a user name or password');
  return new URL(url.origin);
}

/**
 * Lower-case hex of a SHA-256; upper case, `:` and `-` are accepted as the CA does.
 * @throws {AppError} ERR_FINGERPRINT_FORMAT (invalid)
 */
export function parseFingerprint(text: string): string {
  const plain = text.trim().replace(/[:-]/g, '').toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(plain)) throw invalidFingerprint(text);
  return plain;
}
