/** Serial numbers as people have them: decimal as the CA's log, hexadecimal as openssl and browsers show them. */
import { flagInvalid } from './errors.ts';

/**
 * Decimal. Digits only are taken as decimal; with `0x`, colons or a letter they are hexadecimal.
 * @throws {AppError} ERR_CA_FLAG (invalid)
 */
export function parseSerialNumber(text: string): string {
  const plain = text.trim();
  if (/^\d{1,60}$/.test(plain)) return BigInt(plain).toString();
  const hex = plain.replace(/^0x/i, '').replaceAll(':', '');
  if (/^[0-9a-f]{1,50}$/i.test(hex)) return BigInt(`0x${hex}`).toString();
  throw flagInvalid('serial number', text, 'is neither decimal nor hexadecimal');
}
