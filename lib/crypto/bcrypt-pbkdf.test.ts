import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bcryptPbkdf } from './bcrypt-pbkdf.ts';

describe('bcryptPbkdf', () => {
  // OpenBSD, regress/lib/libutil/bcrypt_pbkdf
  const rows: [password: string, salt: string, rounds: number, key: string][] = [
    ['password', 'salt', 4, '5bbf0cc293587f1c3635555c27796598d47e579071bf427e9d8fbe842aba34d9'],
    ['password', '\0', 4, 'c12b566235eee04c212598970a579a67'],
    ['\0', 'salt', 4, '6051be18c2f4f82cbf0efee5471b4bb9'],
    ['password\0', 'salt\0', 4, '7410e44cf4fa07bfaac8a928b1727fac001375e7bf7384370f48efd121743050'],
    [
      'password',
      'salt',
      8,
      'e1367ec5151a33faac4cc1c144cd23fa15d5548493ecc99b9b5d9c0d3b27bec76227ea66088b849b20ab7aa478010246e74bba51723fefa9f9474d6508845e8d',
    ],
  ];
  for (const [password, salt, rounds, key] of rows) {
    it(`derives ${key.length / 2} bytes from ${JSON.stringify(password)} and ${JSON.stringify(salt)} in ${rounds} rounds`, () => {
      assert.equal(bcryptPbkdf(password, Buffer.from(salt), rounds, key.length / 2).toString('hex'), key);
    });
  }
});
