/**
 * Three CA processes on one real PostgreSQL: one memory. Tokens, revocations and migrations are decided once for all of
 * them, a crash of a replica or of the database loses nothing that was answered.
 */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { schemaVersion } from '../../ca/store/migrations.ts';
import { serialDecimal } from '../../lib/x509/index.ts';
import { type CaFiles, type CaJson, type CaProcess, initCa, startCaProcess } from '../peers/certificate-authority.ts';
import { freePort } from '../peers/ports.ts';
import { type PostgresServer, startPostgres } from '../peers/postgresql.ts';
import { createWorkbench, type Leaf, type Workbench } from './ca-beside/workbench.ts';
import { leafOf, renewOverTls, sign } from './ca-fixture.ts';
import { ask } from './ca-requests.ts';

const replicas = [0, 1, 2] as const;
const dayMs = 24 * 60 * 60 * 1000;
const database = 'replicas';

describe('three replicas on one PostgreSQL', () => {
  let server: PostgresServer;
  let files: CaFiles;
  let bench: Workbench;
  let running: CaProcess[] = [];

  /** ca.json of one replica: its own port, everything else in common. */
  const configPath = (replica: number): string => join(files.folder, 'config', `replica-${replica}.json`);
  const start = (replica: number): Promise<CaProcess> =>
    startCaProcess('autocert-ca', { ...files, configPath: configPath(replica) });
  const replica = (index: number): CaProcess => {
    const ca = running[index];
    assert.ok(ca);
    return ca;
  };
  const certificatesKept = async (): Promise<Set<string>> =>
    new Set((await server.query('select serial from certificates', database)).map(({ serial }) => String(serial)));

  before(async () => {
    [server, files] = await Promise.all([startPostgres(), initCa('autocert-ca')]);
    await files.makeOlder(dayMs);
    bench = await createWorkbench(files);
    const config = JSON.parse(await readFile(files.configPath, 'utf8')) as CaJson;
    for (const each of replicas) {
      config.address = `127.0.0.1:${await freePort()}`;
      config.db = { type: 'postgresql', dataSource: server.address(), database } as NonNullable<CaJson['db']>;
      config.authority.disableIssuedAtCheck = true; // one that starts again takes tokens from before, as the others do
      await writeFile(configPath(each), JSON.stringify(config));
    }
  });
  beforeEach(async () => {
    if (running.length === 0) running = await Promise.all(replicas.map(start));
  });
  after(async () => {
    await Promise.all(running.map((ca) => ca.kill()));
    await server?.remove();
    await files?.remove();
  });

  it('make the database and its tables once when they start at the same time', async () => {
    const versions = await server.query('select version from schema_versions', database);
    assert.equal(versions.length, schemaVersion);
    for (const each of replicas) assert.equal((await ask(replica(each).port, '/readyz')).status, 200);
  });

  it('take a token once, however many want it at the same time', async () => {
    const bodies = Array.from({ length: 20 }, () => JSON.stringify({ csr: bench.csr(), ott: bench.token() }));
    const before = (await certificatesKept()).size;
    const answers = await Promise.all(
      bodies.flatMap((body, token) =>
        replicas.flatMap((each) =>
          [1, 2].map(async () => ({ token, ...(await ask(replica(each).port, '/sign', { body })) })),
        ),
      ),
    );
    for (const [token] of bodies.entries()) {
      const statuses = answers.filter((answer) => answer.token === token).map(({ status }) => status);
      assert.deepEqual(statuses.sort(), [201, 401, 401, 401, 401, 401]);
    }
    assert.equal((await certificatesKept()).size, before + bodies.length);
  });

  it('refuse each other’s used tokens long after', async () => {
    const ott = bench.token();
    assert.equal((await sign(replica(0).port, bench, { ott })).status, 201);
    for (const each of replicas) assert.equal((await sign(replica(each).port, bench, { ott })).status, 401);
  });

  it('see a revocation at once, and renew each other’s certificates until then', async () => {
    const leaf = await signedLeaf(replica(0), bench);
    for (const each of replicas) assert.equal((await renewOverTls(replica(each).port, leaf)).status, 201);
    const serial = serialDecimal(leaf.certificate);
    const ott = bench.token({ aud: 'https://localhost/1.0/revoke', sub: serial, sans: undefined });
    const body = JSON.stringify({ serial, ott, passive: true });
    assert.equal((await ask(replica(1).port, '/revoke', { body })).status, 200);
    const answers = await Promise.all(replicas.map((each) => renewOverTls(replica(each).port, leaf)));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [401, 401, 401],
    );
    const again = bench.token({ aud: 'https://localhost/1.0/revoke', sub: serial, sans: undefined });
    const second = await ask(replica(2).port, '/revoke', {
      body: JSON.stringify({ serial, ott: again, passive: true }),
    });
    assert.notEqual(second.status, 200);
  });

  it('lose no answered certificate when one is killed under load, and take it back', async () => {
    const load = startLoad(() => running.map(({ port }) => port), bench);
    await load.untilIssued(40);
    await replica(1).kill();
    await load.untilIssued(load.issued.length + 40); // the others go on
    const { port } = replica(1);
    running[1] = await start(1);
    assert.equal(replica(1).port, port);
    await load.untilIssued(load.issued.length + 40);
    await load.stop();

    const kept = await certificatesKept();
    assert.deepEqual(
      load.issued.filter(({ serial }) => !kept.has(serial)),
      [],
      'answered and lost',
    );
    // whoever was answered cannot use the token again, at the one that came back neither
    for (const { ott } of load.issued.slice(-10)) assert.equal((await sign(port, bench, { ott })).status, 401);
  });

  it('outlive a crash of the database: 503 meanwhile, the same processes after', async () => {
    const pids = running.map(({ pid }) => pid);
    const load = startLoad(() => running.map(({ port }) => port), bench);
    await load.untilIssued(30);
    await server.stop('immediate');
    await until('readiness tells', async () => {
      const answers = await Promise.all(running.map(({ port }) => ask(port, '/readyz')));
      return answers.every(({ status }) => status === 503);
    });
    for (const { port } of running) {
      assert.equal((await ask(port, '/health')).status, 200);
      assert.equal((await ask(port, '/roots')).status, 201);
      const { status, body } = await sign(port, bench);
      assert.equal(status, 503);
      assert.doesNotMatch(JSON.stringify(body), /ECONN|postgres|socket/i); // no internal detail
    }
    await server.start();
    const before = load.issued.length;
    await load.untilIssued(before + 40);
    await until('every replica serves', async () => {
      const answers = await Promise.all(running.map(({ port }) => ask(port, '/readyz')));
      return answers.every(({ status }) => status === 200);
    });
    await load.stop();
    assert.deepEqual(
      running.map(({ pid }) => pid),
      pids,
    );
    const kept = await certificatesKept();
    assert.deepEqual(
      load.issued.filter(({ serial }) => !kept.has(serial)),
      [],
      'answered and lost',
    );
    assert.deepEqual(
      [...load.statuses].filter((status) => ![201, 503].includes(status)),
      [],
    );
  });

  it('end cleanly on SIGTERM, also while the database is away', async () => {
    const leaving = running;
    running = [];
    await leaving[0]?.stop();
    await server.stop('fast');
    assert.deepEqual(await Promise.all(leaving.map((ca) => ca.stop())), [0, 0, 0]);
    await server.start();
  });
});

/** A certificate of one replica, with the key that the workbench signs requests with. */
async function signedLeaf({ port }: CaProcess, bench: Workbench): Promise<Leaf> {
  const key = await bench.keyOf('EC-P256');
  const answer = await sign(port, bench, { csr: bench.csr({ key }) });
  assert.equal(answer.status, 201);
  return { certificate: leafOf(answer), key, chainPem: `${answer.body.crt}${answer.body.ca}` };
}

type Load = {
  /** What was answered with a certificate. */
  readonly issued: { readonly serial: string; readonly ott: string }[];
  readonly statuses: ReadonlySet<number>;
  /** Waits for the load to get so far; how long it takes does not matter. */
  untilIssued(count: number): Promise<void>;
  stop(): Promise<void>;
};

/** A few clients that ask for certificates one after the other, at one replica after the other. */
function startLoad(ports: () => number[], bench: Workbench): Load {
  const issued: { serial: string; ott: string }[] = [];
  const statuses = new Set<number>();
  let going = true;
  let turn = 0;
  const client = async (): Promise<void> => {
    while (going) {
      const all = ports();
      const ott = bench.token();
      const answer = await sign(all[turn++ % all.length] ?? 0, bench, { ott });
      if (answer.status === 201) issued.push({ serial: serialDecimal(leafOf(answer)), ott });
      else await delay(20); // away: do not spin
      if (answer.status !== 0) statuses.add(answer.status);
    }
  };
  const clients = Array.from({ length: 6 }, client);
  return {
    issued,
    statuses,
    untilIssued: (count) => until(`${count} certificates`, () => issued.length >= count),
    async stop() {
      going = false;
      await Promise.all(clients);
    },
  };
}

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let waited = 0; !(await condition()); waited += 20) {
    assert.ok(waited < 60_000, `${what}: it did not come to pass`);
    await delay(20);
  }
}
