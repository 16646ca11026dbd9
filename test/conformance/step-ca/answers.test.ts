/** Items 1 to 4 and 32: status codes, paths, bodies and errors that every client meets. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { encodePrivateKeyPem } from '../../../lib/crypto/index.ts';
import { fingerprint } from '../../../lib/x509/index.ts';
import { sign } from '../../integration/ca-fixture.ts';
import { ask } from '../../integration/ca-requests.ts';
import { onOneCa } from './one-ca.ts';
import { rawAnswer } from './raw-answer.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const getPaths = ['/health', '/version', '/roots', '/roots.pem', '/intermediates', '/federation', '/provisioners'];

onOneCa('paths and answers', (ca) => {
  const mutual = () => {
    const { chainPem, key } = ca.bench.leaf();
    return { cert: chainPem, key: encodePrivateKeyPem(key) };
  };

  it('1: 201 for roots, intermediates, federation, sign, renew and rekey', async () => {
    for (const path of ['/roots', '/intermediates', '/federation']) {
      const { status, headers, bytes } = await rawAnswer(ca.port, path);
      assert.deepEqual([path, status, headers['content-type']], [path, 201, 'application/json']);
      assert.ok(bytes.toString().endsWith('}\n'));
      const { crts } = JSON.parse(bytes.toString());
      assert.match(crts.join(''), /^-----BEGIN CERTIFICATE-----\n[\w+/=\n]+-----END CERTIFICATE-----\n$/);
    }
    assert.equal((await sign(ca.port, ca.bench)).status, 201);
    const tls = mutual();
    const renewed = await ask(ca.port, '/renew', { method: 'POST', tls });
    const rekeyed = await ask(ca.port, '/rekey', { body: JSON.stringify({ csr: ca.bench.csr() }), tls });
    for (const { status, body } of [renewed, rekeyed]) {
      assert.deepEqual([status, Object.keys(body).sort()], [201, ['ca', 'certChain', 'crt', 'tlsOptions']]);
      assert.deepEqual(body.certChain, [body.crt, body.ca]);
    }
  });

  it('1: 200 for everything else', async () => {
    const kid = ca.bench.key.kid;
    const answers = await Promise.all(
      [
        '/health',
        '/version',
        `/root/${fingerprint(ca.root.der)}`,
        '/provisioners',
        `/provisioners/${kid}/encrypted-key`,
      ]
        .map((path) => ask(ca.port, path))
        .concat(
          ask(ca.port, '/revoke', {
            body: JSON.stringify({
              serial: '1001',
              passive: true,
              ott: ca.bench.token({ aud: 'https://localhost/1.0/revoke', sub: '1001', sans: undefined }),
            }),
          }),
        ),
    );
    assert.deepEqual(
      answers.map(({ status }) => status),
      answers.map(() => 200),
    );
    assert.deepEqual([answers[0]?.body, answers.at(-1)?.body], [{ status: 'ok' }, { status: 'ok' }]);
    for (const path of ['/roots.pem', '/intermediates.pem']) {
      const { status, headers, bytes } = await rawAnswer(ca.port, path);
      assert.deepEqual([status, headers['content-type']], [200, 'application/x-pem-file']);
      assert.match(bytes.toString(), /^-----BEGIN CERTIFICATE-----\n[\w+/=\n]+-----END CERTIFICATE-----\n$/);
    }
  });

  it('2: /1.0 and the bare path are the same', async () => {
    for (const path of getPaths) {
      const [bare, mounted] = await Promise.all([rawAnswer(ca.port, path), rawAnswer(ca.port, `/1.0${path}`)]);
      assert.deepEqual(
        [mounted.status, mounted.headers['content-type'], mounted.bytes.toString()],
        [bare.status, bare.headers['content-type'], bare.bytes.toString()],
        path,
      );
    }
    const body = () => JSON.stringify({ csr: ca.bench.csr(), ott: ca.bench.token() });
    assert.equal((await ask(ca.port, '/1.0/sign', { body: body() })).status, 201);
    for (const path of ['/1.0/renew', '/re-sign', '/1.0/re-sign']) {
      assert.equal((await ask(ca.port, path, { method: 'POST', tls: mutual() })).status, 201, path);
    }
  });

  it('2: HEAD is answered as GET, without a body', async () => {
    for (const path of getPaths) {
      const [get, head] = await Promise.all([rawAnswer(ca.port, path), rawAnswer(ca.port, path, 'HEAD')]);
      assert.deepEqual(
        [head.status, head.headers['content-type'], head.bytes.length],
        [get.status, get.headers['content-type'], 0],
        path,
      );
    }
  });

  it('2: a slash at the end, or another path, is 404 in plain text', async () => {
    for (const path of [...getPaths.map((path) => `${path}/`), '/sign/', '/1.0/sign/', '/nosuch', '/2.0/health']) {
      const { status, headers, bytes } = await rawAnswer(ca.port, path);
      assert.deepEqual(
        [status, headers['content-type'], headers['x-content-type-options'], bytes.toString()],
        [404, 'text/plain; charset=utf-8', 'nosniff', '404 page not found\n'],
        path,
      );
    }
  });

  it('2: another method is 405 with Allow, and no body', async () => {
    const wrong = [
      ...getPaths.map((path) => [path, 'POST', 'GET']),
      ...getPaths.map((path) => [path, 'OPTIONS', 'GET']),
    ];
    for (const path of ['/sign', '/renew', '/rekey', '/revoke'])
      wrong.push([path, 'GET', 'POST'], [path, 'HEAD', 'POST']);
    for (const [path = '', method = '', allow = ''] of wrong) {
      const { status, headers, bytes } = await rawAnswer(ca.port, path, method);
      assert.deepEqual([status, headers.allow, bytes.length], [405, allow, 0], `${method} ${path}`);
    }
  });

  it('3: members of JSON in any case, unknown ones, and anything after the first value', async () => {
    const [csr, ott] = [ca.bench.csr(), () => ca.bench.token()];
    const bodies = [
      JSON.stringify({ CSR: csr, OTT: ott() }),
      JSON.stringify({ Csr: csr, oTT: ott(), NotAfter: '1h', NOTBEFORE: null }),
      JSON.stringify({ csr, ott: ott(), extra: { csr: 1 } }),
      `${JSON.stringify({ csr, ott: ott() })} trailing`,
    ];
    for (const body of bodies) assert.equal((await ask(ca.port, '/sign', { body })).status, 201, body);
  });

  it('3: a request under any PEM label, with text before it', async () => {
    const csr = ca.bench.csr();
    const spellings = [
      csr.replaceAll('CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST'),
      csr.replaceAll('CERTIFICATE REQUEST', 'ANYTHING'),
      `made by hand\n\n${csr}`,
    ];
    for (const spelling of spellings)
      assert.equal((await sign(ca.port, ca.bench, { csr: spelling })).status, 201, spelling);
  });

  it('4: a root by its fingerprint in capitals and with dashes', async () => {
    const sha = fingerprint(ca.root.der);
    const spellings = [sha, sha.toUpperCase(), sha.replace(/(..)(?=.)/g, '$1-'), `-${sha.toUpperCase()}-`];
    const answers = await Promise.all(spellings.map((spelling) => ask(ca.port, `/root/${spelling}`)));
    for (const { status, body } of answers) assert.deepEqual([status, body], [200, answers[0]?.body]);
    assert.match(String(answers[0]?.body.ca), /^-----BEGIN CERTIFICATE-----\n/);
  });

  it('4: an unknown root is 404 with its fingerprint in the message', async () => {
    for (const sha of ['abc', 'ab'.repeat(32), `${fingerprint(ca.root.der)}00`]) {
      const { status, body } = await ask(ca.port, `/root/${sha}`);
      const message = `root certificate with fingerprint "${sha}" was not found`;
      assert.deepEqual([status, body], [404, { status: 404, message }]);
    }
  });

  it('32: the id of a request comes back, or a new one', async () => {
    const id = 'from the client';
    for (const path of ['/health', '/root/abc', '/nosuch']) {
      const echoed = await rawAnswer(ca.port, path, 'GET', { headers: { 'X-Request-Id': id } });
      assert.equal(echoed.headers['x-request-id'], id, path);
      const traced = await rawAnswer(ca.port, path, 'GET', { headers: { 'X-Smallstep-Id': id } });
      assert.equal(traced.headers['x-request-id'], id, path);
      const [first, second] = await Promise.all([rawAnswer(ca.port, path), rawAnswer(ca.port, path)]);
      assert.match(String(first.headers['x-request-id']), uuid);
      assert.notEqual(first.headers['x-request-id'], second.headers['x-request-id']);
    }
  });

  const logs = ' Please see the certificate authority logs for more info.';
  const malformed = (text: string) => `The request could not be completed: ${text}.`;
  const unauthorized = `The request lacked necessary authorization to be completed.${logs}`;
  const failures: readonly (readonly [name: string, path: string, body: unknown, status: number, message: string])[] = [
    ['no body', '/sign', '', 400, malformed('error decoding json')],
    ['no JSON', '/sign', 'x', 400, malformed('error decoding json')],
    ['no request', '/sign', {}, 400, malformed('missing csr')],
    ['no request to rekey', '/rekey', {}, 400, malformed('missing client certificate')],
    ['no credential', '/renew', '', 400, malformed('missing client certificate')],
    ['no serial', '/revoke', { passive: true }, 400, malformed('missing serial')],
    [
      'a serial that is none',
      '/revoke',
      { serial: 'zz', passive: true },
      400,
      malformed(
        "'zz' is not a valid serial number - use a base 10 representation or a base 16 representation with '0x' prefix",
      ),
    ],
    [
      'a reason that is none',
      '/revoke',
      { serial: '5', passive: true, reasonCode: 11 },
      400,
      malformed('reasonCode out of bounds'),
    ],
    [
      'no credential to revoke',
      '/revoke',
      { serial: '5', passive: true },
      400,
      malformed('missing ott or client certificate'),
    ],
    [
      'active revocation',
      '/revoke',
      { serial: '5' },
      501,
      `The requested method is not implemented by the certificate authority.${logs}`,
    ],
    [
      'an unknown key',
      '/provisioners/x/encrypted-key',
      undefined,
      404,
      `The requested resource could not be found.${logs}`,
    ],
    ['a limit that is none', '/provisioners?limit=abc', undefined, 400, malformed("limit 'abc' is not an integer")],
  ];
  for (const [name, path, body, status, message] of failures) {
    it(`32: ${name} is ${status} as JSON of two members`, async () => {
      const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
      const answer = await rawAnswer(
        ca.port,
        path,
        body === undefined ? 'GET' : 'POST',
        text === undefined ? {} : { body: text },
      );
      assert.equal(answer.headers['content-type'], 'application/json');
      assert.ok(answer.bytes.toString().endsWith('}\n'));
      assert.deepEqual([answer.status, JSON.parse(answer.bytes.toString())], [status, { status, message }]);
    });
  }

  it('32: a token that is refused says nothing but the 401 of step-ca', async () => {
    const csr = ca.bench.csr();
    const expired = ca.bench.token({ exp: Math.floor(Date.now() / 1000) - 120 });
    for (const ott of ['x', 'a.b.c', expired, ca.bench.token({ iss: 'nobody' })]) {
      const { status, body } = await sign(ca.port, ca.bench, { csr, ott });
      assert.deepEqual([status, body], [401, { status: 401, message: unauthorized }], ott);
    }
    const missing = await sign(ca.port, ca.bench, { csr, ott: '' });
    assert.deepEqual([missing.status, missing.body.message], [400, malformed('missing ott')]);
  });
});
