import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { type CertificateSet, openCertificateSet, pathsIn } from '../lib/certificate-files/index.ts';
import { AppError } from '../lib/errors/index.ts';
import { createLogger } from '../lib/log/index.ts';
import { caError, FakeAuthority, type Script } from '../lib/pod/fake-authority.ts';
import { MemoryStore, volumeFull } from '../lib/pod/fake-store.ts';
import type { Credential } from '../lib/pod/index.ts';
import { FakeClock } from '../lib/time/fake-clock.ts';
import type { RenewMethod } from './decide.ts';
import { keepFresh } from './keep-fresh.ts';
import { RenewerMetrics } from './metrics.ts';
import { Signals } from './signals.ts';

const hour = 3_600_000;
const minute = 60_000;
const down = (): AppError => caError('unavailable', 'ERR_CA_UNREACHABLE');
const refused = (): AppError => caError('unauthenticated');
const serviceAccount: Credential = {
  kind: 'service-account',
  bootstrapUrl: new URL('https://webhook/v1/bootstrap'),
  tokenFile: '/token',
};

type Line = { readonly level: string; readonly msg: string; readonly [field: string]: unknown };

/** A renewer that runs on a fake clock until the test ends. The certificates live for three hours. */
function start(
  t: TestContext,
  options: {
    readonly script?: Script;
    readonly credential?: Credential;
    readonly method?: RenewMethod;
    /** Age of the certificate that is there; none is there when null. */
    readonly age?: number | null;
    readonly arrange?: (store: MemoryStore, authority: FakeAuthority) => void;
  } = {},
) {
  const clock = new FakeClock();
  const authority = new FakeAuthority(clock, options.script);
  const store = new MemoryStore();
  const lines: Line[] = [];
  const log = createLogger({ name: 'test', level: 'info', clock, write: (line) => lines.push(JSON.parse(line)) });
  const signals = new Signals();
  const age = options.age === undefined ? hour : options.age;
  if (age !== null) {
    store.set = authority.issuer.issueSet({ notBefore: clock.now() - age, notAfter: clock.now() - age + 3 * hour });
  }
  options.arrange?.(store, authority);
  const metrics = new RenewerMetrics();
  const ended = keepFresh(
    {
      authority,
      store,
      clock,
      log,
      signals,
      observer: metrics,
      random: () => 0.5,
      handOver: () => Promise.resolve(),
    },
    {
      caUrl: new URL('https://ca'),
      rootFingerprint: authority.issuer.rootFingerprint,
      commonName: 'web',
      sans: ['web'],
      notAfter: undefined,
      credential: options.credential ?? { kind: 'none' },
      paths: pathsIn('/certs'),
      write: { mode: 'atomic', publicMode: 0o644, keyMode: 0o600 },
      method: options.method ?? 'rekey',
    },
  );
  t.after(async () => {
    signals.requestStop();
    await ended;
  });
  const messages = (): string[] => lines.map(({ msg }) => msg);
  /** Keys are made in another thread: time may only move on when the renewer sleeps. */
  const asleep = async (): Promise<void> => {
    const deadline = performance.now() + 5000;
    while (clock.sleeping === 0 && performance.now() < deadline) await new Promise((turn) => setImmediate(turn));
  };
  const advance = async (ms: number): Promise<void> => {
    const end = clock.now() + ms;
    await asleep();
    for (let next = clock.nextInMs; next !== undefined && clock.now() + next <= end; next = clock.nextInMs) {
      await clock.advance(next);
      await asleep();
    }
    await clock.advance(end - clock.now());
    await asleep();
  };
  return { metrics, advance, clock, authority, store, lines, messages, signals, ended };
}

const keyOf = (set: CertificateSet | undefined): string => set?.keyPem ?? '';

describe('a renewer beside a good certificate', () => {
  it('waits until two thirds of its life, less the jitter', async (t) => {
    const { advance, authority, store } = start(t, { age: 0 });
    await advance(1.84 * hour); // 2 h less the largest jitter of 9 min, less a minute
    assert.deepEqual(authority.calls, []);
    await advance(0.17 * hour);
    assert.deepEqual(authority.calls, ['rekey', 'fetchRoots']);
    assert.equal(store.writes, 1);
  });

  it('renews again and again', async (t) => {
    const { advance, store, messages } = start(t, { age: 0 });
    await advance(24 * hour);
    assert.ok(store.writes >= 12 && store.writes <= 13, `${store.writes} renewals`);
    assert.deepEqual([...new Set(messages())], ['certificate is good', 'certificate renewed']);
  });

  it('makes a new key by rekey and keeps it by renew', async (t) => {
    for (const method of ['rekey', 'renew'] as const) {
      const { advance, store, authority } = start(t, { method });
      const before = keyOf(store.set);
      await advance(hour);
      assert.ok(authority.calls.includes(method));
      assert.equal(keyOf(store.set) === before, method === 'renew');
      if (store.set) openCertificateSet(store.set);
    }
  });

  it('says serial, end and next renewal once, and no secret', async (t) => {
    const { advance, lines, store } = start(t);
    await advance(hour);
    const renewed = lines.find(({ msg }) => msg === 'certificate renewed');
    assert.match(JSON.stringify(renewed), /"method":"rekey".*"serial":"\d+","notAfter":"2026.*"nextRenewal":"2026/);
    assert.ok(!JSON.stringify(lines).includes(keyOf(store.set).split('\n')[1] ?? 'missing'));
  });
});

describe('what the renewer shows of itself', () => {
  it('follows the certificate on the volume', async (t) => {
    const { advance, metrics, clock } = start(t, { age: 0 });
    const begin = clock.now() / 1000;
    await advance(0);
    assert.match(
      metrics.render(),
      new RegExp(`^autocert_renewer_certificate_not_after_seconds ${begin + 3 * 3600}$`, 'm'),
    );
    await advance(2 * hour);
    const text = metrics.render();
    assert.match(text, /^autocert_renewer_renewals_total\{method="rekey"\} 1$/m);
    const [, at = ''] = /^autocert_renewer_last_renewal_seconds (\d+)/m.exec(text) ?? [];
    assert.ok(Number(at) > begin + 1.8 * 3600 && Number(at) <= begin + 2 * 3600, at);
    assert.doesNotMatch(text, new RegExp(`not_after_seconds ${begin + 3 * 3600}$`, 'm'));
  });

  it('counts failures by class and code', async (t) => {
    const { advance, metrics } = start(t, { age: 2.5 * hour, script: { rekey: [down(), refused()] } });
    await advance(minute);
    const text = metrics.render();
    assert.match(text, /failures_total\{class="unavailable",code="ERR_CA_UNREACHABLE"\} 1/);
    assert.match(text, /failures_total\{class="unauthenticated",code="ERR_CA_REFUSED"\} 1/);
  });

  it('shows an absent certificate as 0', async (t) => {
    const { advance, metrics } = start(t, { age: null });
    await advance(minute);
    assert.match(metrics.render(), /^autocert_renewer_certificate_not_after_seconds 0$/m);
  });
});

describe('SIGHUP', () => {
  it('renews now', async (t) => {
    const { advance, signals, store } = start(t);
    await advance(0);
    signals.requestRenewal();
    await advance(0);
    assert.equal(store.writes, 1);
  });

  it('is not forgotten when the CA is down at that moment', async (t) => {
    const { advance, signals, store } = start(t, { script: { rekey: [down(), down()] } });
    await advance(0);
    signals.requestRenewal();
    await advance(10_000);
    assert.equal(store.writes, 1);
  });

  it('ends a pause between two attempts', async (t) => {
    const { advance, signals, store } = start(t, {
      age: 2.5 * hour,
      script: { rekey: Array.from({ length: 4 }, down) },
    });
    await advance(4000);
    assert.equal(store.writes, 0);
    signals.requestRenewal();
    await advance(0);
    assert.equal(store.writes, 1);
  });
});

describe('SIGTERM', () => {
  it('ends a wait at once', async (t) => {
    const { advance, clock, signals, ended } = start(t);
    await advance(0);
    signals.requestStop();
    await ended;
    assert.equal(clock.sleeping, 0);
  });

  it('ends a request, without a complaint and without a write', async (t) => {
    let ask = (): void => {};
    const asked = new Promise<void>((resolve) => {
      ask = resolve;
    });
    const { signals, ended, store, lines } = start(t, {
      age: 2.5 * hour,
      arrange: (_store, authority) => {
        authority.rekey = () =>
          new Promise((_resolve, reject) => {
            ask();
            signals.stop.addEventListener('abort', () => reject(new AppError('ERR_CANCELLED', 'unavailable', 'ca')));
          });
      },
    });
    await asked;
    signals.requestStop();
    await ended;
    assert.equal(store.writes, 0);
    assert.deepEqual(lines, []);
  });
});

describe('a CA that fails', () => {
  it('is asked again after growing pauses, while the certificate stays', async (t) => {
    const { advance, authority, store, lines } = start(t, {
      age: 2.5 * hour,
      script: { rekey: Array.from({ length: 99 }, down) },
    });
    const before = store.set;
    await advance(20_000);
    assert.equal(authority.calls.length, 6); // after 0, 0.55, 1.65, 3.85, 8.25 and 17.05 s
    assert.equal(store.set, before);
    assert.ok(lines.every(({ level }) => level === 'warn'));
  });

  it('is complained about as an error once the certificate has ended', async (t) => {
    const { advance, lines } = start(t, {
      age: 2.9 * hour,
      script: { rekey: Array.from({ length: 99 }, down), renewExpired: Array.from({ length: 99 }, down) },
    });
    await advance(0.2 * hour);
    assert.equal(lines.at(-1)?.level, 'error');
    assert.match(lines.at(-1)?.msg ?? '', /no valid certificate/);
  });

  it('is not asked in a loop when its clock is far behind', async (t) => {
    const { advance, authority } = start(t, {
      age: 2.5 * hour,
      arrange: (_store, ca) => {
        ca.datedBackMs = 2.5 * hour; // certificates come with a sixth of their life left
      },
    });
    await advance(hour);
    assert.ok(authority.calls.filter((call) => call === 'rekey').length < 10, authority.calls.join());
  });
});

describe('a CA that refuses to renew', () => {
  it('is left aside for a new bootstrap where the pod can prove who it is', async (t) => {
    const { advance, authority, store } = start(t, {
      age: 2.5 * hour,
      script: { rekey: [refused()] },
      credential: serviceAccount,
    });
    await advance(1000);
    assert.deepEqual(authority.calls, ['rekey', 'requestGrant', 'sign', 'fetchRoots']);
    assert.equal(store.writes, 1);
  });

  it('is asked on, slowly and loudly, where it cannot', async (t) => {
    const { advance, authority, lines } = start(t, {
      script: { rekey: Array.from({ length: 99 }, refused) },
      age: 2.01 * hour,
    });
    await advance(0.5 * hour);
    assert.ok(authority.calls.length >= 15 && authority.calls.length < 25, `${authority.calls.length} calls`);
    assert.ok(lines.every(({ level }) => level === 'error'));
  });
});

describe('a certificate that has expired', () => {
  it('is replaced by a new bootstrap where the pod can prove who it is', async (t) => {
    const { advance, authority } = start(t, { age: 4 * hour, credential: serviceAccount });
    await advance(0);
    assert.deepEqual(authority.calls, ['requestGrant', 'sign', 'fetchRoots']);
  });

  it('is renewed by a token signed with its key where it cannot', async (t) => {
    const { advance, authority, store } = start(t, { age: 4 * hour });
    await advance(0);
    assert.deepEqual(authority.calls, ['renewExpired', 'fetchRoots']);
    assert.equal(store.writes, 1);
  });

  it('is noticed within half a minute after a machine that slept', async (t) => {
    const { advance, clock, authority } = start(t, { age: 0 });
    await advance(minute);
    clock.jump(clock.now() + 100 * hour);
    await advance(30_000);
    assert.deepEqual(authority.calls, ['renewExpired', 'fetchRoots']);
  });
});

describe('a clock that is set back', () => {
  it('starts no renewal, and the next one is in time', async (t) => {
    const { advance, clock, authority } = start(t, { age: 0 });
    await advance(minute);
    clock.jump(clock.now() - 10 * hour);
    await advance(10 * hour);
    assert.deepEqual(authority.calls, []);
    await advance(2 * hour);
    assert.deepEqual(authority.calls, ['rekey', 'fetchRoots']);
  });
});

describe('a volume without a usable set', () => {
  it('is looked at until somebody writes one, with one complaint', async (t) => {
    const { advance, clock, authority, store, lines } = start(t, { age: null });
    await advance(minute);
    assert.deepEqual(
      lines.map(({ level, msg }) => [level, msg]),
      [['error', 'waiting for a certificate to renew']],
    );
    store.set = authority.issuer.issueSet({ notBefore: clock.now(), notAfter: clock.now() + 3 * hour });
    await advance(2000);
    assert.equal(lines.at(-1)?.msg, 'certificate is good');
    assert.deepEqual(authority.calls, []);
  });

  it('gets a set where the pod can prove who it is', async (t) => {
    const { advance, authority, store } = start(t, { age: null, credential: serviceAccount });
    await advance(0);
    assert.deepEqual(authority.calls, ['fetchPinnedRoot', 'requestGrant', 'sign', 'fetchRoots']);
    assert.equal(store.writes, 1);
  });

  it('is not renewed with a key that is not the certificate’s', async (t) => {
    const { advance, authority, lines } = start(t, {
      arrange: (store, ca) => {
        const other = ca.issuer.issueSet({ notBefore: 0, notAfter: 1 });
        if (store.set) store.set = { ...store.set, keyPem: other.keyPem };
      },
    });
    await advance(minute);
    assert.deepEqual(authority.calls, []);
    assert.equal(lines[0]?.problem, 'the key is not that of the certificate');
  });
});

describe('a full disk', () => {
  it('is reported before the CA is asked, survived, and tried again', async (t) => {
    const { advance, authority, store, lines } = start(t, {
      age: 2.5 * hour,
      arrange: (store) => void store.probes.push(volumeFull(), volumeFull()),
    });
    const before = store.set;
    await advance(600);
    assert.equal(store.set, before);
    assert.deepEqual(authority.calls, []);
    assert.match(JSON.stringify(lines[0]), /ERR_VOLUME_FULL/);
    await advance(2000);
    assert.equal(store.writes, 1);
  });

  it('that shows only when writing costs another renewal, not the old set', async (t) => {
    const { advance, store, authority } = start(t, {
      age: 2.5 * hour,
      arrange: (store) => void store.failures.push(volumeFull()),
    });
    await advance(1000);
    assert.equal(authority.calls.filter((call) => call === 'rekey').length, 2);
    assert.equal(store.writes, 1);
  });
});

describe('the roots', () => {
  it('are replaced by those of the CA, the new one added and the gone one dropped', async (t) => {
    const { advance, store, authority } = start(t, {
      age: 2.5 * hour,
      arrange: (store, ca) => {
        const gone = new FakeAuthority({ now: () => Date.UTC(2026, 0, 1) }).issuer.rootPem;
        const added = new FakeAuthority({ now: () => Date.UTC(2026, 0, 1) }).issuer.rootPem;
        if (store.set) store.set = { ...store.set, rootPem: store.set.rootPem + gone };
        ca.roots = [ca.issuer.rootPem, added];
      },
    });
    await advance(0);
    assert.equal(store.set?.rootPem, authority.roots?.join(''));
  });

  it('never lose the one that our own chain leads to', async (t) => {
    const { advance, store, authority } = start(t, {
      age: 2.5 * hour,
      arrange: (_store, ca) => {
        ca.roots = [new FakeAuthority({ now: () => Date.UTC(2026, 0, 1) }).issuer.rootPem];
      },
    });
    await advance(0);
    assert.equal(store.set?.rootPem, `${authority.roots?.join('')}${authority.issuer.rootPem}`);
  });

  it('stay when the CA does not tell them', async (t) => {
    const { advance, store, authority } = start(t, { age: 2.5 * hour, script: { fetchRoots: [down()] } });
    await advance(0);
    assert.equal(store.writes, 1);
    assert.equal(store.set?.rootPem, authority.issuer.rootPem);
  });

  it('a renewed certificate that leads to none of them is not written', async (t) => {
    const { advance, store, lines } = start(t, {
      age: 2.5 * hour,
      arrange: (_store, ca) => {
        ca.issuer = new FakeAuthority({ now: () => Date.UTC(2026, 0, 1) }).issuer;
        ca.roots = [];
      },
    });
    await advance(0);
    assert.equal(store.writes, 0);
    assert.match(JSON.stringify(lines[0]), /ERR_RENEWED_CERTIFICATE/);
  });
});
