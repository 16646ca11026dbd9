/** Items 10 to 13: the names that a request may ask for, how a name is read, and the keys that are certified. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { leafOf, sign } from '../../integration/ca-fixture.ts';
import type { JsonAnswer } from '../../integration/ca-requests.ts';
import { type OneCa, onOneCa } from './one-ca.ts';

type Csr = { commonName?: string; sans?: readonly string[] };
type Claims = { sub?: string; sans?: readonly string[] | undefined };

onOneCa('names', (ca) => {
  const ask = (csr: Csr, claims: Claims = {}): Promise<JsonAnswer> =>
    sign(ca.port, ca.bench, { csr: ca.bench.csr(csr), ott: ca.bench.token(claims) });
  const refused = async (csr: Csr, claims: Claims, reason: string): Promise<void> => {
    const { status, body } = await ask(csr, claims);
    const message = `The request was forbidden by the certificate authority: ${reason}.`;
    assert.deepEqual([status, body.message], [403, message]);
  };
  const names = async (claims: Claims, csr: Csr = { sans: [] }) => leafOf(await ask(csr, claims)).sans;
  const none = { dns: [], ip: [], email: [], uri: [] };

  it('10: a token without names stands for its subject', async () => {
    for (const sans of [undefined, [], ['']]) {
      const leaf = leafOf(await ask({ sans: [] }, { sans }));
      const expected = sans?.length === 1 ? none.dns : ['web.test'];
      assert.deepEqual([leaf.commonName, leaf.sans.dns], ['web.test', expected]);
    }
  });

  it('10: a request without names gets those of the token', async () => {
    const sans = ['web.test', '10.0.0.1', 'me@web.test', 'https://web.test/a'];
    const expected = { dns: ['web.test'], ip: ['10.0.0.1'], email: ['me@web.test'], uri: ['https://web.test/a'] };
    assert.deepEqual(await names({ sans }), expected);
    assert.deepEqual(await names({ sans }, { sans: ['web.test'] }), expected, 'or has all of one kind');
  });

  it('10: a request with more or fewer names of a kind is refused', async () => {
    const dns = 'certificate request does not contain the valid DNS names - got';
    await refused({ sans: ['web.test', 'b.test'] }, {}, `${dns} [web.test b.test], want [web.test]`);
    await refused(
      { sans: ['web.test'] },
      { sans: ['web.test', 'b.test'] },
      `${dns} [web.test], want [web.test b.test]`,
    );
    await refused(
      { sans: ['10.0.0.2'] },
      { sans: ['10.0.0.1'] },
      'certificate request does not contain the valid IP addresses - got [10.0.0.2], want [10.0.0.1]',
    );
    await refused(
      { sans: ['b@web.test'] },
      { sans: ['a@web.test'] },
      'certificate request does not contain the valid email addresses - got [b@web.test], want [a@web.test]',
    );
    await refused(
      { sans: ['https://web.test/b'] },
      { sans: ['https://web.test/a'] },
      'certificate request does not contain the valid URIs - got [https://web.test/b], want [https://web.test/a]',
    );
  });

  it('10: order and repetition do not matter', async () => {
    const sans = ['b.test', 'web.test', 'b.test'];
    assert.equal((await ask({ sans: ['web.test', 'b.test', 'web.test'] }, { sans })).status, 201);
  });

  it('11: a common name may be empty, the subject or one of the names', async () => {
    const sans = ['web.test', 'b.test'];
    for (const commonName of ['', 'web.test', 'b.test']) {
      const leaf = leafOf(await ask({ commonName, sans: [] }, { sans }));
      assert.equal(leaf.commonName, 'web.test', 'the subject of the token is certified');
    }
    assert.equal((await ask({ commonName: 'subject.test', sans: [] }, { sub: 'subject.test', sans })).status, 201);
  });

  it('11: another common name is refused, and so is another case', async () => {
    const reason = (got: string) =>
      `certificate request does not contain the valid common name - got ${got}, want [web.test, web.test]`;
    for (const commonName of ['other.test', 'WEB.test']) {
      const { status, body } = await ask({ commonName, sans: [] });
      assert.equal(status, 403);
      assert.ok(String(body.message).includes(reason(commonName).split(', want')[0] ?? ''), String(body.message));
    }
  });

  it('12: localhost:8080 is a URI, user@host an address of email', async () => {
    assert.deepEqual(await names({ sans: ['localhost:8080'] }), { ...none, uri: ['localhost:8080'] });
    assert.deepEqual(await names({ sans: ['user@host'] }), { ...none, email: ['user@host'] });
    assert.deepEqual(await names({ sans: ['mailto:a@b.test', 'urn:x:y'] }), {
      ...none,
      uri: ['mailto:a@b.test', 'urn:x:y'],
    });
  });

  it('12: IPv6 in any spelling is an address, a wildcard is a DNS name', async () => {
    assert.deepEqual((await names({ sans: ['2001:DB8:0::1', '::ffff:10.0.0.1'] })).ip, ['2001:db8::1', '10.0.0.1']);
    assert.deepEqual(await names({ sans: ['*.example.com'] }), { ...none, dns: ['*.example.com'] });
    assert.deepEqual(await names({ sans: ['[::1]'] }), { ...none, dns: ['[::1]'] });
  });
});

const requests = new Map<string, string>();

/** A request for web.test by openssl with a key that it makes, the same for each CA. */
function opensslRequest(newKey: readonly string[]): string {
  const name = newKey.join(' ');
  const known = requests.get(name) ?? makeRequest(newKey);
  requests.set(name, known);
  return known;
}

function makeRequest(newKey: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'csr-'));
  try {
    const key = join(folder, 'key.pem');
    execFileSync('openssl', ['genpkey', ...newKey, '-out', key], { stdio: 'pipe' });
    const request = join(folder, 'request.pem');
    const args = ['req', '-new', '-key', key, '-subj', '/CN=web.test', '-addext', 'subjectAltName=DNS:web.test'];
    execFileSync('openssl', [...args, '-out', request], { stdio: 'pipe' });
    return readFileSync(request, 'utf8');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const curve = (name: string) => [
  '-algorithm',
  'EC',
  '-pkeyopt',
  `ec_paramgen_curve:${name}`,
  '-pkeyopt',
  'ec_param_enc:named_curve',
];
const rsa = (bits: number) => ['-algorithm', 'RSA', '-pkeyopt', `rsa_keygen_bits:${bits}`];

onOneCa('keys', (ca: OneCa) => {
  const cases: [name: string, newKey: readonly string[], status: number, message: RegExp][] = [
    ['RSA of 1024 bits', rsa(1024), 403, /certificate request RSA key must be at least 2048 bits \(256 bytes\)/],
    ['RSA of 2047 bits', rsa(2047), 201, /^undefined$/],
    ['RSA of 2048 bits', rsa(2048), 201, /^undefined$/],
    ['P-224', curve('secp224r1'), 201, /^undefined$/],
    ['P-256', curve('prime256v1'), 201, /^undefined$/],
    ['P-384', curve('secp384r1'), 201, /^undefined$/],
    ['P-521', curve('secp521r1'), 201, /^undefined$/],
    ['Ed25519', ['-algorithm', 'ED25519'], 201, /^undefined$/],
    ['secp256k1', curve('secp256k1'), 400, /error decoding json/],
    ['Ed448', ['-algorithm', 'ED448'], 400, /invalid csr/],
  ];
  for (const [name, newKey, status, message] of cases) {
    it(`13: ${name} is answered with ${status}`, async () => {
      const answer = await sign(ca.port, ca.bench, { csr: opensslRequest(newKey) });
      assert.equal(answer.status, status, JSON.stringify(answer.body));
      assert.match(String(answer.body.message), message);
      if (status !== 201) return;
      // the leaf carries the key to the bit: openssl reads it
      const shown = execFileSync('openssl', ['x509', '-noout', '-pubkey'], { input: String(answer.body.crt) });
      assert.match(shown.toString(), /^-----BEGIN PUBLIC KEY-----/);
    });
  }
});
