/** Serial numbers: 128 random bits, as step-ca draws them, and never zero (RFC 5280 4.1.2.2). */
import { randomBytes } from 'node:crypto';

const serialBytes = 16;
/** A draw costs the same for one number as for many. They are public anyway, so keeping some ahead gives nothing away. */
const serialsAhead = 64;
let ahead = Buffer.alloc(0);

export function drawSerial(): bigint {
  for (;;) {
    if (ahead.length === 0) ahead = randomBytes(serialBytes * serialsAhead);
    const serial = BigInt(`0x${ahead.toString('hex', 0, serialBytes)}`);
    ahead = ahead.subarray(serialBytes);
    if (serial > 0n) return serial;
  }
}
