/** Items 5 to 9: what makes a one-time token good, and good once. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { leafOf, sign } from '../../integration/ca-fixture.ts';
import { onOneCa } from './one-ca.ts';
import { onEachPeer, reload } from './peers.ts';

const seconds = () => Math.floor(Date.now() / 1000);

onOneCa('one-time tokens', (ca) => {
  /** Status of a sign request with such a token. */
  const statusOf = async (ott: string): Promise<number> => (await sign(ca.port, ca.bench, { ott })).status;
  const claims = (members: Record<string, unknown>) => statusOf(ca.bench.token(members));

  it('5: is for any port of a name of the CA, on both paths', async () => {
    for (const aud of [
      'https://localhost/sign',
      'https://localhost/1.0/sign',
      'https://localhost:9000/1.0/sign',
      'https://127.0.0.1:1/sign',
      'https://localhost/1.0/ssh/sign',
      'HTTPS://localhost/1.0/sign',
    ]) {
      assert.equal(await claims({ aud }), 201, aud);
    }
  });

  it('5: is for the literal of old versions, and for a list with one that fits', async () => {
    assert.equal(await claims({ aud: 'step-certificate-authority' }), 201);
    assert.equal(await claims({ aud: ['https://other.test/sign', 'https://localhost:1/sign'] }), 201);
    assert.equal(await claims({ aud: ['https://other.test/sign'] }), 401);
    assert.equal(await claims({ aud: [] }), 401);
  });

  it('5: is refused with another case or name of the host, scheme, path, query or fragment', async () => {
    for (const aud of [
      'https://LOCALHOST/1.0/sign',
      'http://localhost/1.0/sign',
      'https://other.test/1.0/sign',
      'https://localhost/1.0/revoke',
      'https://localhost/1.0/sign/',
      'https://localhost/1.0/sign?x=1',
      'https://localhost/1.0/sign#admin',
      'https://localhost',
      '/1.0/sign',
      'Step-Certificate-Authority',
    ]) {
      assert.equal(await claims({ aud }), 401, aud);
    }
  });

  it('6: without an id it is good once', async () => {
    const ott = ca.bench.token({ jti: undefined });
    assert.deepEqual([await statusOf(ott), await statusOf(ott)], [201, 401]);
    const empty = ca.bench.token({ jti: '' });
    assert.deepEqual([await statusOf(empty), await statusOf(empty)], [201, 401]);
    assert.equal(await claims({ jti: '' }), 201, 'two tokens without an id are two');
  });

  it('6: two with the same id count as one', async () => {
    const jti = 'the same for both';
    const [first, second] = [ca.bench.token({ jti }), ca.bench.token({ jti, sub: 'web.test', exp: seconds() + 200 })];
    assert.deepEqual([await statusOf(first), await statusOf(second)], [201, 401]);
  });

  it('6: is used up by a request that it does not allow', async () => {
    const ott = ca.bench.token();
    const other = ca.bench.csr({ commonName: 'other.test' });
    assert.equal((await sign(ca.port, ca.bench, { csr: other, ott })).status, 403);
    assert.equal(await statusOf(ott), 401);
  });

  it('6: is not used up by a request that cannot be read', async () => {
    const ott = ca.bench.token();
    assert.equal((await sign(ca.port, ca.bench, { csr: 'x', ott })).status, 400);
    assert.equal((await sign(ca.port, ca.bench, { ott, notAfter: 'x' })).status, 400);
    assert.equal(await statusOf(ott), 201);
  });

  it('7: a forged one with the same id burns the good one in step-ca, and not here', async () => {
    const jti = 'guessed';
    const good = ca.bench.token({ jti });
    const forged = ca.bench.token({ jti }, {}, await ca.bench.keyOf('EC-P256'));
    assert.deepEqual([await statusOf(forged), await statusOf(good)], [401, ca.differs(401, 201)]);
  });

  it('8: is refused when it was made before the start', async () => {
    assert.equal(await claims({ iat: seconds() - 3600 }), 401);
    assert.equal(await claims({ iat: undefined }), 201, 'who does not say when is not refused');
  });

  it('9: has a minute of leeway in both directions', async () => {
    const cases: [Record<string, unknown>, number][] = [
      [{ exp: seconds() - 50 }, 201],
      [{ exp: seconds() - 70 }, 401],
      [{ nbf: seconds() + 50 }, 201],
      [{ nbf: seconds() + 75 }, 401],
      [{ iat: seconds() + 50 }, 201],
      [{ iat: seconds() + 75 }, 401],
    ];
    for (const [members, status] of cases) assert.equal(await claims(members), status, JSON.stringify(members));
  });

  it('9: has times with fractions', async () => {
    assert.equal(await claims({ exp: seconds() + 60.5, nbf: seconds() - 0.25, iat: seconds() + 0.75 }), 201);
    assert.equal(await claims({ exp: seconds() - 120.5 }), 401);
  });

  it('9: need not say any time', async () => {
    for (const name of ['exp', 'nbf', 'iat']) assert.equal(await claims({ [name]: undefined }), 201, name);
    assert.equal(await claims({ exp: undefined, nbf: undefined, iat: undefined }), 201);
    assert.equal(await claims({ exp: seconds() + 7 * 86_400 }), 201, 'and any length of life');
  });
});

onEachPeer('one-time tokens and the time of the start', (ca) => {
  it('8: one made before the start is good with disableIssuedAtCheck', async () => {
    const { port } = await ca.start((config) => {
      config.authority.disableIssuedAtCheck = true;
    });
    assert.equal((await sign(port, ca.bench, { ott: ca.bench.token({ iat: seconds() - 3600 }) })).status, 201);
  });

  it('8: one made before a reload is refused by step-ca, and good here', async () => {
    const process = await ca.start();
    const before = () => ca.bench.token({ iat: madeAt });
    const madeAt = seconds();
    assert.equal((await sign(process.port, ca.bench, { ott: before() })).status, 201);
    while (seconds() <= madeAt + 1) await new Promise((resolve) => setTimeout(resolve, 50)); // times are whole seconds
    await ca.files.configure((config) => {
      config.authority.claims = { defaultTLSCertDuration: '1h' };
    });
    await reload(process, async () => {
      const answer = await sign(process.port, ca.bench, { ott: ca.bench.token({ iat: undefined }) });
      if (answer.status !== 201) return false;
      const { notBefore, notAfter } = leafOf(answer);
      return notAfter - notBefore === 3_660_000;
    });
    assert.equal((await sign(process.port, ca.bench, { ott: before() })).status, ca.differs(401, 201));
  });
});
