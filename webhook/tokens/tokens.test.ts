import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AppError } from '../../lib/errors/index.ts';
import type { ObjectMetadata } from '../../lib/kubernetes/index.ts';
import { silentLogger } from '../../lib/log/index.ts';
import { FakeClock } from '../../lib/time/fake-clock.ts';
import type { SecretStore } from '../ports.ts';
import { SecretBudget } from './secret-budget.ts';
import { type RoundReport, runSweeper, sweepTokenSecrets } from './sweeper.ts';
import { buildTokenSecret, dryRunSecretName, tokenSecretExpiry, tokenSecretPrefix } from './token-secret.ts';
import { findWaitingPods } from './waiting-pods.ts';

describe('tokenSecretPrefix', () => {
  const rows: [name: string, given: string, want: string][] = [
    ['a service name as upstream', 'app.default.svc.cluster.local', 'app.default.svc.cluster.local-'],
    ['upper case', 'App', 'app-'],
    ['a wildcard', '*.example.com', 'example.com-'],
    ['an e-mail address', 'jane@example.com', 'jane-example.com-'],
    ['a URI', 'spiffe://example.org/ns/a/sa/b', 'spiffe-example.org-ns-a-sa-b-'],
    ['labels that end in a dash', 'a-.-b', 'a.b-'],
    ['dots around and between', '.a..b.', 'a.b-'],
    ['nothing usable', '***', 'autocert-'],
    ['a long name', 'x'.repeat(300), `${'x'.repeat(57)}-`],
    ['a cut that would end in a dot', `${'x'.repeat(56)}.yz`, `${'x'.repeat(56)}-`],
  ];
  for (const [name, given, want] of rows) it(`takes ${name}`, () => assert.equal(tokenSecretPrefix(given), want));

  it('is the beginning of a DNS name whatever the certificate is called', () => {
    const subdomain = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (name) => {
        const full = `${tokenSecretPrefix(name)}abcde`;
        assert.match(full, subdomain);
        assert.ok(full.length <= 63, full);
      }),
    );
  });
});

describe('buildTokenSecret', () => {
  it('is labelled, typed and keyed as upstream, and says when it expires', () => {
    const expiresAt = Date.UTC(2026, 0, 1);
    assert.deepEqual(buildTokenSecret({ certificateName: 'app', token: 'a.b.c', expiresAt }), {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        generateName: 'app-',
        labels: { 'autocert.step.sm/token': 'true' },
        annotations: { 'autocert.step.sm/expires': '2026-01-01T00:00:00.000Z' },
      },
      type: 'Opaque',
      data: { token: Buffer.from('a.b.c').toString('base64') },
    });
  });
  it('has a stand-in for dry runs', () => assert.equal(dryRunSecretName('App'), 'app-dryrun'));
});

describe('tokenSecretExpiry', () => {
  it('is what the annotation says', () => {
    const annotations = { 'autocert.step.sm/expires': '1970-01-01T00:00:01.000Z' };
    assert.equal(tokenSecretExpiry({ createdAt: 5, annotations }), 1000);
  });
  for (const [name, annotations] of [
    ['none', {}],
    ['a broken one', { 'autocert.step.sm/expires': 'tomorrow' }],
  ] as const) {
    it(`is five minutes after creation with ${name}, as upstream`, () =>
      assert.equal(tokenSecretExpiry({ createdAt: 5, annotations }), 300_005));
  }
});

/** Secrets in memory, two to a page; `fail` makes deletions fail. */
function memoryStore(names: Record<string, number>, fail: Record<string, AppError> = {}) {
  const secrets = new Map(
    Object.entries(names).map(([name, expires]): [string, ObjectMetadata] => [
      name,
      {
        namespace: 'default',
        name,
        uid: name,
        createdAt: 0,
        annotations: { 'autocert.step.sm/expires': new Date(expires).toISOString() },
      },
    ]),
  );
  const store: SecretStore = {
    createSecret: () => Promise.reject(new TypeError('not used')),
    async listSecrets(selector, continueToken) {
      assert.equal(selector, 'autocert.step.sm/token=true');
      const from = Number(continueToken ?? 0);
      const all = [...secrets.values()];
      return { items: all.slice(from, from + 2), continueToken: from + 2 < all.length ? String(from + 2) : undefined };
    },
    async deleteSecret({ name }) {
      if (fail[name]) throw fail[name];
      return secrets.delete(name);
    },
  };
  return { store, names: () => [...secrets.keys()] };
}

const refusal = (kind: 'conflict' | 'forbidden'): AppError => new AppError('ERR_KUBERNETES_REFUSED', kind, 'no');

describe('sweepTokenSecrets', () => {
  it('deletes what has expired, on every page, and nothing else', async () => {
    const { store, names } = memoryStore({ a: 1000, b: 3000, c: 2000, d: 2001, e: 1 });
    // Pages are cut before deletions, as the API server does from one snapshot.
    const pages = [
      await store.listSecrets('autocert.step.sm/token=true'),
      await store.listSecrets('autocert.step.sm/token=true', '2'),
      await store.listSecrets('autocert.step.sm/token=true', '4'),
    ];
    const snapshot = {
      ...store,
      listSecrets: async (_: string, at?: string) =>
        pages[Number(at ?? 0) / 2] ?? { items: [], continueToken: undefined },
    };
    assert.deepEqual(await sweepTokenSecrets(snapshot, 2000), { seen: 5, deleted: 3, failed: 0 });
    assert.deepEqual(names(), ['b', 'd']);
  });

  it('goes on after one that another replica took, and counts one that it may not delete', async () => {
    const { store, names } = memoryStore({ a: 1, b: 1 }, { a: refusal('conflict'), b: refusal('forbidden') });
    assert.deepEqual(await sweepTokenSecrets(store, 2000), { seen: 2, deleted: 0, failed: 1 });
    assert.deepEqual(names(), ['a', 'b']);
  });
});

describe('runSweeper', () => {
  it('sweeps at start, again each minute, and survives a round that fails', async () => {
    const clock = new FakeClock(0);
    const { store, names } = memoryStore({ a: 30_000 });
    let broken = true;
    const flaky: SecretStore = {
      ...store,
      listSecrets: (...args) => (broken ? Promise.reject(refusal('forbidden')) : store.listSecrets(...args)),
    };
    const abort = new AbortController();
    const rounds: number[] = [];
    const deps = { clock, random: () => 0.5, log: silentLogger };
    const running = runSweeper(flaky, deps, ({ deleted }) => void rounds.push(deleted), abort.signal);
    await clock.advance(0);
    assert.deepEqual(rounds, []);
    broken = false;
    await clock.advance(60_000);
    await clock.advance(60_000);
    assert.deepEqual([rounds, names()], [[1, 0], []]);
    abort.abort();
    await running;
    assert.equal(clock.sleeping, 0);
  });
});

describe('runSweeper and its listener', () => {
  it('reports what is still good and what it took away', async () => {
    const clock = new FakeClock(1_000);
    const { store } = memoryStore({ a: 1, b: 500_000 });
    const abort = new AbortController();
    const reports: RoundReport[] = [];
    const deps = { clock, random: () => 0.5, log: silentLogger };
    const running = runSweeper(store, deps, (report) => void reports.push(report), abort.signal);
    await clock.advance(0);
    abort.abort();
    await running;
    const [{ startedAt, live, deletedSecrets } = {}] = reports;
    assert.deepEqual([startedAt, live], [1_000, [{ namespace: 'default', expiresAt: 500_000 }]]);
    assert.deepEqual(
      deletedSecrets?.map(({ name }) => name),
      ['a'],
    );
  });
});

describe('SecretBudget', () => {
  it('counts by namespace, until a token expires', () => {
    const budget = new SecretBudget(2);
    budget.add('shop', 0, 300);
    budget.add('shop', 10, 310);
    assert.deepEqual(
      [budget.hasRoom('shop', 20), budget.hasRoom('bank', 20), budget.hasRoom('shop', 300)],
      [false, true, true],
    );
  });
  it('counts what other replicas made, and none of its own twice', () => {
    const budget = new SecretBudget(3);
    budget.add('shop', 0, 300);
    budget.add('shop', 60, 360);
    // The sweep began at 50: it saw the first of ours and one of another replica.
    budget.observe(
      [
        { namespace: 'shop', expiresAt: 300 },
        { namespace: 'shop', expiresAt: 320 },
      ],
      50,
    );
    assert.equal(budget.hasRoom('shop', 70), false);
    budget.observe([{ namespace: 'shop', expiresAt: 360 }], 110);
    assert.equal(budget.hasRoom('shop', 120), true);
  });
  it('has no limit when it is 0', () => {
    const budget = new SecretBudget(0);
    for (let time = 0; time < 10; time++) budget.add('shop', 0, 300);
    assert.equal(budget.hasRoom('shop', 1), true);
  });
});

describe('findWaitingPods', () => {
  const pod = (state?: object, changes: object = {}) => ({
    metadata: { namespace: 'shop', name: 'web', uid: 'w-1', ...changes },
    spec: {
      containers: [],
      initContainers: [
        { name: 'first' },
        {
          name: 'autocert-bootstrapper',
          env: [
            { name: 'COMMON_NAME', value: 'web' },
            { name: 'STEP_TOKEN', valueFrom: { secretKeyRef: { name: 'web-abcde', key: 'token' } } },
          ],
        },
      ],
    },
    status: state ? { initContainerStatuses: [{ name: 'autocert-bootstrapper', state } as never] } : {},
  });
  const gone = new Set(['web-abcde']);
  const waiting = [{ namespace: 'shop', name: 'web', uid: 'w-1' }];

  const rows: [name: string, pod: ReturnType<typeof pod>, want: object[]][] = [
    ['one that is on no node yet', pod(), waiting],
    ['one whose image is being pulled', pod({ waiting: { reason: 'PodInitializing' } }), waiting],
    ['one whose init container has failed', pod({ terminated: { exitCode: 2 } }), waiting],
    ['one that holds the token already', pod({ running: {} }), []],
    ['one that has its certificate', pod({ terminated: { exitCode: 0 } }), []],
    ['one that is going', pod(undefined, { deletionTimestamp: new Date(0) }), []],
  ];
  for (const [name, given, want] of rows) {
    it(`looks at ${name}`, () => assert.deepEqual(findWaitingPods([given], gone), want));
  }
  it('leaves pods of other Secrets alone', () => assert.deepEqual(findWaitingPods([pod()], new Set(['x'])), []));
});
