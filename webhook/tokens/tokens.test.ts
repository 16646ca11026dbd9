import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AppError } from '../../lib/errors/index.ts';
import type { ObjectMetadata } from '../../lib/kubernetes/index.ts';
import { silentLogger } from '../../lib/log/index.ts';
import { FakeClock } from '../../lib/time/fake-clock.ts';
import type { SecretStore } from '../ports.ts';
import { runSweeper, sweepTokenSecrets } from './sweeper.ts';
import { buildTokenSecret, dryRunSecretName, tokenSecretExpiry, tokenSecretPrefix } from './token-secret.ts';

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
    const running = runSweeper(flaky, deps, ({ deleted }) => rounds.push(deleted), abort.signal);
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
