/** A certificate request with all that a client can ask for, made by the real step CLI. */
import type { KeyObject } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodePrivateKeyPem } from '../../../lib/crypto/index.ts';
import type { CaFiles } from '../../peers/certificate-authority.ts';
import { step } from '../../peers/step.ts';

/** Names that a token for the request has to have. */
export const richNames = ['web.test', '10.0.0.1', 'a@web.test', 'https://web.test:8443/x?y=1#z'];

const asked = {
  subject: {
    country: ['CH', 'DE'],
    organization: 'Ünit & Co',
    postalCode: '3000',
    serialNumber: '17',
    commonName: 'web.test',
    extraNames: [{ type: '0.9.2342.19200300.100.1.25', value: 'example' }],
  },
  dnsNames: ['web.test'],
  ipAddresses: ['10.0.0.1'],
  emailAddresses: ['a@web.test'],
  uris: ['https://web.test:8443/x?y=1#z'],
  keyUsage: ['digitalSignature', 'keyAgreement'],
  extKeyUsage: ['serverAuth', 'timeStamping'],
  unknownExtKeyUsage: ['1.2.3.4'],
  basicConstraints: { isCA: true, maxPathLen: 3 },
  extensions: [{ id: '1.2.3.4.5', critical: false, value: 'BQA=' }],
};

/** PEM. */
export async function richRequest({ folder }: CaFiles, key: KeyObject): Promise<string> {
  const path = (name: string): string => join(folder, name);
  await writeFile(path('rich.key'), encodePrivateKeyPem(key), { mode: 0o600 });
  await writeFile(path('rich.json'), JSON.stringify(asked));
  const flags = ['--csr', '--template', path('rich.json'), '--key', path('rich.key'), '--force'];
  await step(['certificate', 'create', 'web.test', path('rich.csr'), ...flags], { stepPath: folder, cwd: folder });
  return readFile(path('rich.csr'), 'utf8');
}
