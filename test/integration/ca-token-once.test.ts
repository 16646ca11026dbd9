/** A one-time token is good once: under a crowd, over a crash, in whatever spelling. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { generatePrivateKey } from '../../lib/crypto/index.ts';
import { sign, untilLogged, useCa } from './ca-fixture.ts';
import { ask } from './ca-requests.ts';

describe('a one-time token', () => {
  const ca = useCa();

  it('is good once among 200 requests at the same time', async () => {
    const { port } = await ca.start();
    const body = JSON.stringify({ csr: ca.bench.csr(), ott: ca.bench.token() });
    const answers = await Promise.all(Array.from({ length: 200 }, () => ask(port, '/sign', { body })));
    const counts = Map.groupBy(answers, ({ status }) => status);
    assert.deepEqual([counts.get(201)?.length, counts.get(401)?.length], [1, 199]);
  });

  it('is good once over a SIGKILL in the middle of the work and a restart', async () => {
    const first = await ca.start((config) => {
      config.authority.disableIssuedAtCheck = true;
    });
    const bodies = Array.from({ length: 60 }, () => JSON.stringify({ csr: ca.bench.csr(), ott: ca.bench.token() }));
    const answers = bodies.map((body) => ask(first.port, '/sign', { body }));
    await Promise.race(answers); // one is out, the others are under way
    await first.kill();
    const issued = (await Promise.all(answers)).map(({ status }) => status === 201);
    assert.ok(issued.includes(true));

    const { port } = await ca.restart();
    const again = await Promise.all(bodies.map((body) => ask(port, '/sign', { body })));
    for (const [index, { status }] of again.entries()) {
      if (issued[index]) assert.equal(status, 401, 'a token whose certificate was handed out worked again');
      else assert.ok(status === 201 || status === 401);
    }
  });

  it('from before a restart is refused, unless the check is off', async () => {
    const body = () =>
      JSON.stringify({ csr: ca.bench.csr(), ott: ca.bench.token({ iat: Math.floor(Date.now() / 1000) - 3600 }) });
    const strict = await ca.start();
    assert.equal((await ask(strict.port, '/sign', { body: body() })).status, 401);
    await untilLogged(strict, 'ERR_TOKEN_BEFORE_START');
    await strict.kill();
    const { port } = await ca.start((config) => {
      config.authority.disableIssuedAtCheck = true;
    });
    assert.equal((await ask(port, '/sign', { body: body() })).status, 201);
  });

  it('is remembered without a database as long as the process lives', async () => {
    const { port } = await ca.start((config) => {
      delete config.db;
    });
    const body = JSON.stringify({ csr: ca.bench.csr(), ott: ca.bench.token() });
    assert.equal((await ask(port, '/sign', { body })).status, 201);
    assert.equal((await ask(port, '/sign', { body })).status, 401);
  });

  it('with a wrong signature does not use up the id of the right one', async () => {
    const { port } = await ca.start();
    const claims = { jti: 'the-same' };
    const forged = ca.bench.token(claims, {}, await generatePrivateKey());
    assert.equal((await sign(port, ca.bench, { ott: forged })).status, 401);
    assert.equal((await sign(port, ca.bench, { ott: ca.bench.token(claims) })).status, 201);
  });

  it('without an id is not good again in another spelling', async () => {
    const { port } = await ca.start();
    const token = ca.bench.token({ jti: undefined });
    assert.equal((await sign(port, ca.bench, { ott: token })).status, 201);
    const last = token.at(-1) ?? '';
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const strayBits = token.slice(0, -1) + alphabet[alphabet.indexOf(last) ^ 1];
    for (const spelling of [` ${token}`, `${token}=`, `${token.slice(0, 9)}\n${token.slice(9)}`, strayBits]) {
      assert.equal((await sign(port, ca.bench, { ott: spelling })).status, 401, JSON.stringify(spelling.slice(-5)));
    }
  });

  it('without an id is not good again with the other s of its signature', async () => {
    const server = await ca.start();
    const token = ca.bench.token({ jti: undefined });
    assert.equal((await sign(server.port, ca.bench, { ott: token })).status, 201);
    assert.equal((await sign(server.port, ca.bench, { ott: withOtherS(token) })).status, 401);
    await untilLogged(server, 'ERR_TOKEN_REUSED');
  });
});

/** The same token with the signature (r, n - s) in place of (r, s), which is as good (SEC 1, 4.1.4). */
function withOtherS(token: string): string {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const end = token.lastIndexOf('.') + 1;
  const signature = Buffer.from(token.slice(end), 'base64url').toString('hex');
  const s = (order - BigInt(`0x${signature.slice(64)}`)).toString(16).padStart(64, '0');
  return token.slice(0, end) + Buffer.from(signature.slice(0, 64) + s, 'hex').toString('base64url');
}
