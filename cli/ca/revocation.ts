/** What `ca revoke` is told: which certificate, and why. Pure. */
import { usage } from '../errors.ts';

/** RFC 5280 5.3.1, by their numbers; 7 is not used. */
const reasons: readonly (string | undefined)[] = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  undefined,
  'removeFromCRL',
  'privilegeWithdrawn',
  'aACompromise',
];

/** Number of a reason given as such or by name, in any case; 0 when none is given. @throws {AppError} ERR_CLI_USAGE */
export function parseReasonCode(text: string | undefined): number {
  if (text === undefined || text === '') return 0;
  const wanted = text.toLowerCase().replaceAll(/[\s_-]/g, ''); // step's help writes "key compromise", too
  const code = reasons.findIndex((name, number) => wanted === name?.toLowerCase() || wanted === String(number));
  if (code >= 0 && reasons[code] !== undefined) return code;
  const names = reasons.flatMap((name, number) => (name === undefined ? [] : `${name} (${number})`));
  throw usage(`--reasonCode: ${text} is no reason`, `one of ${names.join(', ')}`);
}

/**
 * Decimal form of a serial number that is decimal, hexadecimal behind 0x, or hexadecimal with colons as openssl prints
 * it.
 *
 * @throws {AppError} ERR_CLI_USAGE
 */
export function parseSerialNumber(text: string): string {
  const trimmed = text.trim();
  if (/^[0-9]+$/.test(trimmed) || /^0x[0-9a-f]+$/i.test(trimmed)) return BigInt(trimmed).toString();
  if (/^[0-9a-f]{2}(:[0-9a-f]{2})+$/i.test(trimmed)) return BigInt(`0x${trimmed.replaceAll(':', '')}`).toString();
  throw usage(
    `serial number: ${text} is none`,
    'it is decimal, hexadecimal behind 0x, or hexadecimal with colons; "autocert certificate inspect" shows it',
  );
}
