import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CertificateSet, openCertificateSet, pathsIn } from '../lib/certificate-files/index.ts';
import { AppError, isAppError } from '../lib/errors/index.ts';
import { createLogger } from '../lib/log/index.ts';
import { caError, FakeAuthority, type Script } from '../lib/pod/fake-authority.ts';
import { MemoryStore, volumeFull } from '../lib/pod/fake-store.ts';
import type { Credential, PodSettings } from '../lib/pod/index.ts';
import { FakeClock } from '../lib/time/fake-clock.ts';
import { bootstrap } from './bootstrap.ts';
import type { BootstrapPorts } from './ports.ts';

const hour = 3_600_000;
const minute = 60_000;
const down = () => caError('unavailable', 'ERR_CA_UNREACHABLE');
const token: Credential = { kind: 'token', ott: 'secret-token' };
const serviceAccount: Credential = {
  kind: 'service-account',
  bootstrapUrl: new URL('https://webhook/v1/bootstrap'),
  tokenFile: '/token',
};

function arrange(script: Script = {}, credential: Credential = token, change: Partial<PodSettings> = {}) {
  const clock = new FakeClock();
  const authority = new FakeAuthority(clock, script);
  const store = new MemoryStore();
  const lines: string[] = [];
  const log = createLogger({ name: 'test', level: 'debug', write: (line) => lines.push(line) });
  const ports: BootstrapPorts = { enroller: authority, store, clock, random: () => 0.5, log };
  const settings: PodSettings = {
    caUrl: new URL('https://ca'),
    rootFingerprint: authority.issuer.rootFingerprint,
    commonName: 'web',
    sans: ['web'],
    notAfter: undefined,
    credential,
    paths: pathsIn('/certs'),
    write: { mode: 'atomic', publicMode: 0o644, keyMode: 0o600 },
    ...change,
  };
  /** Runs to the end, moving time whenever it sleeps. */
  const run = async (deadlineMs = 5 * minute) => {
    let done = false;
    const result = bootstrap(ports, settings, deadlineMs).then(
      (outcome) => ({ outcome, error: undefined }),
      (error: AppError) => ({ outcome: undefined, error }),
    );
    void result.then(() => {
      done = true;
    });
    while (!done) {
      await clock.advance(clock.nextInMs ?? 0);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return result;
  };
  const existing = (left: number, total = 3 * hour): CertificateSet => {
    const notAfter = clock.now() + left;
    return authority.issuer.issueSet({ notBefore: notAfter - total, notAfter });
  };
  return { authority, store, clock, lines, run, existing };
}

describe('bootstrap', () => {
  it('gets root, certificate and the other roots, and writes one matching set', async () => {
    const { authority, store, run } = arrange();
    assert.equal((await run()).outcome, 'issued');
    assert.deepEqual(authority.calls, ['fetchPinnedRoot', 'sign', 'fetchRoots']);
    assert.deepEqual(authority.requests, [{ commonName: 'web', sans: ['web'], ott: 'secret-token' }]);
    assert.ok(store.set && openCertificateSet(store.set).leaf);
  });

  it('asks the webhook for a token with the CSR in service-account mode', async () => {
    const { authority, run } = arrange({}, serviceAccount);
    assert.equal((await run()).outcome, 'issued');
    assert.deepEqual(authority.calls, ['fetchPinnedRoot', 'requestGrant', 'sign', 'fetchRoots']);
  });

  it('takes in every root of the CA, and starts with the pinned one when they cannot be had', async () => {
    const first = arrange();
    const other = new FakeAuthority(first.clock).issuer.rootPem;
    first.authority.roots = [other, first.authority.issuer.rootPem];
    await first.run();
    assert.equal(first.store.set?.rootPem, first.authority.issuer.rootPem + other);

    const second = arrange({ fetchRoots: [down()] });
    await second.run();
    assert.equal(second.store.set?.rootPem, second.authority.issuer.rootPem);
  });
});

describe('a set that is there', () => {
  it('is kept when it is fresh, without asking anybody', async () => {
    const { authority, store, run, existing } = arrange();
    store.set = existing(2 * hour);
    assert.equal((await run()).outcome, 'kept');
    assert.deepEqual([authority.calls, store.writes], [[], 0]);
  });

  it('is kept when it is fresh although the Secret with the token is gone', async () => {
    const { store, run, existing } = arrange({}, { kind: 'none' });
    store.set = existing(2 * hour);
    assert.equal((await run()).outcome, 'kept');
  });

  it('is replaced when it is ageing', async () => {
    const { store, run, existing } = arrange();
    store.set = existing(30 * minute);
    assert.equal((await run()).outcome, 'issued');
    assert.equal(store.writes, 1);
  });

  const failures: [string, Script, Credential][] = [
    ['the CA is down', { fetchPinnedRoot: [down()] }, token],
    ['the token is refused', { sign: [caError('unauthenticated')] }, token],
    ['the Secret is gone', {}, { kind: 'none' }],
  ];
  for (const [name, script, credential] of failures) {
    it(`is kept when it is ageing and ${name}, at once`, async () => {
      const { clock, store, run, existing } = arrange(script, credential);
      const set = existing(30 * minute);
      store.set = set;
      const start = clock.now();
      assert.equal((await run()).outcome, 'kept');
      assert.equal(store.set, set);
      assert.equal(clock.now(), start);
    });
  }

  it('is not kept when it has expired', async () => {
    const { store, run, existing } = arrange({}, { kind: 'none' });
    store.set = existing(-minute);
    assert.equal((await run()).error?.code, 'ERR_TOKEN_MISSING');
  });

  it('is replaced when it is of another CA, has another name or another key', async () => {
    for (const spoil of ['root', 'name', 'key'] as const) {
      const { store, run, existing, authority, clock } = arrange();
      const set = existing(2 * hour);
      const stranger = new FakeAuthority(clock).issuer;
      const times = { notBefore: clock.now() - hour, notAfter: clock.now() + 2 * hour };
      store.set = {
        root: stranger.issueSet(times),
        name: authority.issuer.issueSet({ ...times, commonName: 'db', sans: ['db'] }),
        key: { ...set, keyPem: existing(hour).keyPem },
      }[spoil];
      assert.equal((await run()).outcome, 'issued', spoil);
    }
  });
});

describe('failures that may pass', () => {
  it('are waited out with a growing pause', async () => {
    const { authority, clock, run } = arrange({ fetchPinnedRoot: [down(), down(), caError('rate-limited')] });
    const start = clock.now();
    assert.equal((await run()).outcome, 'issued');
    assert.equal(clock.now() - start, 550 + 1100 + 2200);
    assert.equal(authority.calls.filter((call) => call === 'fetchPinnedRoot').length, 4);
  });

  it('end at the deadline, with the last failure as the reason', async () => {
    const { clock, run } = arrange({ fetchPinnedRoot: Array.from({ length: 99 }, down) });
    const start = clock.now();
    const { error } = await run();
    assert.equal(error?.code, 'ERR_BOOTSTRAP_DEADLINE');
    assert.equal(error?.kind, 'unavailable');
    assert.ok(isAppError(error?.cause, 'ERR_CA_UNREACHABLE'));
    assert.ok(clock.now() - start <= 5 * minute);
  });

  it('are tried once when there is no time to wait', async () => {
    const { authority, run } = arrange({ fetchPinnedRoot: [down()] });
    assert.equal((await run(0)).error?.code, 'ERR_CA_UNREACHABLE');
    assert.equal(authority.calls.length, 1);
  });

  it('make a new token each time in service-account mode', async () => {
    const { authority, run } = arrange({ sign: [down(), caError('unauthenticated')] }, serviceAccount);
    assert.equal((await run()).outcome, 'issued');
    assert.equal(authority.calls.filter((call) => call === 'requestGrant').length, 3);
  });

  it('include an out of date certificate of the CA, but no other distrust', async () => {
    const untrusted = (reason: string) => new AppError('ERR_CA_UNTRUSTED', 'forbidden', 'ca', { context: { reason } });
    const expired = arrange({ sign: [untrusted('CERT_HAS_EXPIRED')] });
    assert.equal((await expired.run()).outcome, 'issued');
    const wrong = arrange({ sign: [untrusted('SELF_SIGNED_CERT_IN_CHAIN')] });
    assert.equal((await wrong.run()).error?.code, 'ERR_CA_UNTRUSTED');
  });
});

describe('failures that are final', () => {
  it('a refused token says why it may be and what to do', async () => {
    const { run, authority } = arrange({ sign: [caError('unauthenticated')] });
    const { error } = await run();
    assert.equal(error?.code, 'ERR_TOKEN_REFUSED');
    assert.match(error?.hint ?? '', /used before.*five minutes.*restarted.*delete the pod/);
    assert.equal(authority.calls.filter((call) => call === 'sign').length, 1);
  });

  it('a token that an earlier attempt of ours has spent says so', async () => {
    const { run } = arrange({ sign: [down(), caError('unauthenticated')] });
    assert.match((await run()).error?.hint ?? '', /an earlier attempt used it/);
  });

  it('a token that is refused each time although it is new is not asked for for ever', async () => {
    const refusals = Array.from({ length: 99 }, () => caError('unauthenticated'));
    const { run, authority } = arrange({ sign: refusals }, serviceAccount);
    assert.equal((await run()).error?.code, 'ERR_TOKEN_REFUSED');
    assert.equal(authority.calls.filter((call) => call === 'sign').length, 5);
  });

  const kinds = ['forbidden', 'invalid', 'not-found'] as const;
  for (const kind of kinds) {
    it(`${kind} from the webhook`, async () => {
      const { run, authority } = arrange({ requestGrant: [caError(kind, 'ERR_BOOTSTRAP_REFUSED')] }, serviceAccount);
      assert.equal((await run()).error?.code, 'ERR_BOOTSTRAP_REFUSED');
      assert.ok(!authority.calls.includes('sign'));
    });
  }

  it('a certificate that does not lead to the pinned root is not written', async () => {
    const { run, authority, store, clock } = arrange();
    const stranger = new FakeAuthority(clock).issuer;
    authority.fetchPinnedRoot = () => Promise.resolve(stranger.rootPem);
    authority.fetchRoots = () => Promise.resolve([stranger.rootPem]);
    assert.equal((await run()).error?.code, 'ERR_ISSUED_CERTIFICATE');
    assert.equal(store.writes, 0);
  });
});

describe('the volume', () => {
  it('is tried before the token is used', async () => {
    const { run, store, authority } = arrange();
    store.probes = [volumeFull(), volumeFull()];
    assert.equal((await run()).outcome, 'issued');
    assert.equal(authority.calls.filter((call) => call === 'sign').length, 1);
  });

  it('that fails after the token is used is tried again with the same certificate', async () => {
    const { run, store, authority } = arrange();
    store.failures = [volumeFull(), volumeFull()];
    assert.equal((await run()).outcome, 'issued');
    assert.equal(authority.calls.filter((call) => call === 'sign').length, 1);
    assert.equal(store.writes, 1);
  });
});

describe('the log', () => {
  it('names serial and end, and holds no token and no key', async () => {
    const { run, store, lines } = arrange({ fetchPinnedRoot: [down()] });
    await run();
    const text = lines.join('');
    assert.match(text, /"serial":"\d+","notAfter":"2026-/);
    assert.doesNotMatch(text, /secret-token/);
    assert.ok(!text.includes(store.set?.keyPem.split('\n')[1] ?? 'missing'));
  });
});
