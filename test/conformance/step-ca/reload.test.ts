/** Item 30: SIGHUP takes the new file, and never takes the service away. Item 8 is about tokens as well. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { it } from 'node:test';
import { leafOf, sign } from '../../integration/ca-fixture.ts';
import { ask } from '../../integration/ca-requests.ts';
import type { CaProcess } from '../../peers/certificate-authority.ts';
import { freePort } from '../../peers/ports.ts';
import { onEachPeer, reload } from './peers.ts';

onEachPeer('reload', (ca) => {
  const serves = async (port: number): Promise<boolean> => (await ask(port, '/health')).status === 200;
  const withLife = (life: string) =>
    ca.files.configure((config) => {
      config.authority.claims = { defaultTLSCertDuration: life };
    });
  /** Minutes that a leaf lives; 0 while no leaf is to be had. */
  const minutes = async (port: number): Promise<number> => {
    const answer = await sign(port, ca.bench, { ott: ca.bench.token({ iat: undefined }) });
    if (answer.status !== 201) return 0;
    const { notBefore, notAfter } = leafOf(answer);
    return (notAfter - notBefore) / 60_000;
  };

  it('30: a token that was used before is still used up', async () => {
    const process = await ca.start();
    const ott = ca.bench.token({ iat: undefined });
    assert.equal((await sign(process.port, ca.bench, { ott })).status, 201);
    await withLife('1h');
    await reload(process, async () => (await minutes(process.port)) === 61);
    assert.equal((await sign(process.port, ca.bench, { ott })).status, 401);
  });

  it('30: another address is listened on, and the old one no longer', async () => {
    const process = await ca.start();
    const port = await freePort();
    await ca.files.configure((config) => {
      config.address = `127.0.0.1:${port}`;
    });
    await reload(process, () => serves(port));
    assert.equal((await sign(port, ca.bench)).status, 201);
    await untilTrue(process, async () => !(await serves(process.port)));
  });

  it('30: a file that cannot be read, or is wrong, keeps the old one in service; a good one is taken then', async () => {
    const process = await ca.start();
    const good = await readFile(ca.files.configPath, 'utf8');
    const noIssuer = JSON.stringify({ ...JSON.parse(good), crt: '/nowhere/intermediate.crt' });
    for (const text of ['{ no JSON', noIssuer, '']) {
      await writeFile(ca.files.configPath, text);
      const from = process.output().length;
      process.signal('SIGHUP');
      await untilTrue(process, async () => process.output().length > from);
      assert.ok(await serves(process.port));
    }
    await writeFile(ca.files.configPath, good);
    await withLife('2h');
    await reload(process, async () => (await minutes(process.port)) === 121);
  });

  it('30: another database is refused', async () => {
    const process = await ca.start();
    await ca.files.configure((config) => {
      config.authority.claims = { defaultTLSCertDuration: '1h' };
      if (config.db) config.db.dataSource += '-other';
    });
    const from = process.output().length;
    process.signal('SIGHUP');
    await untilTrue(process, async () => /db|database/i.test(process.output().slice(from)));
    assert.equal(await minutes(process.port), 24 * 60 + 1);
  });
});

/** Waits for what a signal has brought about. */
async function untilTrue(ca: CaProcess, probe: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await probe()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`it did not come about\n${ca.output()}`);
}
