/** `certificate inspect` and `fingerprint` print what the real step prints, byte for byte in text, member for member in JSON. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { catalogue } from '../../cli/commands/catalogue.ts';
import { runCommandLine } from '../../cli/run.ts';
import { createFakeTerminal } from '../../cli/terminal/fake-terminal.ts';
import { peerPath } from '../../tools/peers/index.ts';

/** A template with every extension that inspect knows, and one that nobody does. */
const everything = JSON.stringify({
  subject: { commonName: 'every.test', country: ['DE'], organization: ['Ä & Ö'], organizationalUnit: ['a', 'b'] },
  sans: [
    { type: 'dns', value: 'every.test' },
    { type: 'dns', value: 'localhost' },
    { type: 'ip', value: '10.0.0.1' },
    { type: 'ip', value: '2001:db8::1' },
    { type: 'email', value: 'mail@every.test' },
    { type: 'uri', value: 'spiffe://every.test/x' },
  ],
  keyUsage: ['digitalSignature', 'keyEncipherment', 'certSign'],
  extKeyUsage: ['serverAuth', 'clientAuth', 'codeSigning', 'timeStamping', 'ocspSigning', 'emailProtection'],
  basicConstraints: { isCA: true, maxPathLen: 3 },
  nameConstraints: {
    critical: true,
    permittedDNSDomains: ['test', 'localhost'],
    permittedIPRanges: ['10.0.0.0/8'],
    excludedDNSDomains: ['bad.test'],
    excludedEmailAddresses: ['bad@every.test'],
  },
  crlDistributionPoints: ['http://crl.test/1', 'http://crl.test/2'],
  ocspServer: ['http://ocsp.test'],
  issuingCertificateURL: ['http://issuer.test/ca.crt'],
  policyIdentifiers: ['1.2.3.4.5'],
  extensions: [{ id: '1.2.3.4', critical: false, value: Buffer.from('\x0c\x05hällo').toString('base64') }],
});

const subjects = [
  { name: 'root', args: ['root.test', '--profile', 'root-ca'] },
  {
    name: 'ec-p384',
    args: [
      'p384.test',
      '--profile',
      'self-signed',
      '--subtle',
      '--kty',
      'EC',
      '--curve',
      'P-384',
      '--san',
      'p384.test',
    ],
  },
  { name: 'ec-p521', args: ['p521.test', '--profile', 'self-signed', '--subtle', '--kty', 'EC', '--curve', 'P-521'] },
  {
    name: 'rsa',
    args: ['R T', '--profile', 'self-signed', '--subtle', '--kty', 'RSA', '--size', '2048', '--san', '*.rsa.test'],
  },
  { name: 'ed25519', args: ['ed.test', '--profile', 'self-signed', '--subtle', '--kty', 'OKP'] },
  { name: 'everything', args: ['every.test', '--template', 'everything.json'] },
] as const;

describe('certificate inspect beside the real step', () => {
  const folder = mkdtempSync(join(tmpdir(), 'autocert-inspect-'));
  const at = (name: string): string => join(folder, name);
  const step = (...args: string[]): string =>
    execFileSync(peerPath('step'), args, {
      cwd: folder,
      env: { STEPPATH: folder, HOME: folder },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  const ours = async (...args: string[]): Promise<string> => {
    const terminal = createFakeTerminal();
    const code = await runCommandLine(catalogue, args, { terminal, env: { STEPPATH: folder } });
    assert.equal(code, 0, terminal.err());
    return terminal.out();
  };

  before(() => {
    writeFileSync(at('everything.json'), everything);
    for (const { name, args } of subjects) {
      const [subject, ...rest] = args;
      step('certificate', 'create', subject, `${name}.crt`, `${name}.key`, '--no-password', '--insecure', ...rest);
    }
    step(
      ...['certificate', 'create', 'csr.test', 'request.crt', 'request.key', '--csr', '--no-password', '--insecure'],
      ...['--san', 'csr.test', '--san', '10.0.0.1'],
    );
  });
  after(() => rmSync(folder, { recursive: true }));

  for (const { name } of [...subjects, { name: 'request' }]) {
    it(`prints the same text: ${name}`, async () => {
      for (const more of [[], ['--short'], ['--format', 'pem']]) {
        const args = ['certificate', 'inspect', at(`${name}.crt`), ...more];
        assert.equal(await ours(...args), step(...args));
      }
    });
    it(`prints the same fingerprint: ${name}`, async () => {
      for (const format of ['hex', 'base64', 'base64-url', 'base64-raw', 'base64-url-raw']) {
        const args = ['certificate', 'fingerprint', at(`${name}.crt`), '--format', format];
        assert.equal(await ours(...args), step(...args));
      }
    });
  }

  for (const { name } of subjects) {
    it(`prints the same JSON: ${name}`, async () => {
      const args = ['certificate', 'inspect', at(`${name}.crt`), '--format', 'json'];
      const [mine, theirs] = [JSON.parse(await ours(...args)), JSON.parse(step(...args))];
      for (const json of [mine, theirs]) {
        json.names?.sort(); // step prints them in the order of a Go map
        const constraints = json.extensions.name_constraints;
        if (!constraints) continue;
        delete constraints.critical; // step says false, whatever is in the certificate
        const ranges: { cidr: string }[] = constraints.permitted_ip_addresses;
        constraints.permitted_ip_addresses = ranges.map(({ cidr }) => cidr); // step spells begin, end and mask out
      }
      assert.deepEqual(mine, theirs);
    });
  }

  it('prints those members of a request that say something', async () => {
    const args = ['certificate', 'inspect', at('request.crt'), '--format', 'json'];
    const theirs = JSON.parse(step(...args));
    for (const [member, value] of Object.entries(JSON.parse(await ours(...args)))) {
      if (member !== 'URIs') assert.deepEqual(value, theirs[member], member); // URIs is ours
    }
  });
});
