import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createFakeIssuer } from '../../certificate-files/fake-issuer.ts';
import { createLogger } from '../../log/index.ts';
import { FakeClock } from '../../time/fake-clock.ts';
import { enrolIdentity } from './enrol.ts';
import { caError, FakeSdkAuthority, type Script } from './fake-authority.ts';
import type { RenewMethod } from './request-credential.ts';

const hour = 3_600_000;
const minute = 60_000;
const down = () => caError('unavailable', 'ERR_CA_UNREACHABLE');
const refused = () => caError('unauthenticated');
const many = <Value>(value: () => Value): Value[] => Array.from({ length: 99 }, value);

/** An identity on a fake clock, closed when the test ends. Certificates live for three hours. */
async function start(
  t: TestContext,
  options: { script?: Script; method?: RenewMethod; newToken?: () => Promise<string> } = {},
) {
  const clock = new FakeClock();
  const authority = new FakeSdkAuthority(clock, options.script);
  const lines: string[] = [];
  const identity = await enrolIdentity(
    {
      authority,
      clock,
      random: () => 0.5,
      logger: createLogger({ name: 'test', level: 'debug', clock, write: (line) => void lines.push(line) }),
      newToken: options.newToken,
      stop: new AbortController(),
    },
    'the-token',
    {
      caUrl: new URL('https://ca'),
      rootFingerprint: authority.issuer.rootFingerprint,
      subject: 'web',
      sans: ['web', 'web.example'],
    },
    options.method ?? 'rekey',
  );
  t.after(() => identity.close());
  const events: string[] = [];
  identity.on('renewed', () => events.push('renewed'));
  identity.on('trust-changed', ({ added, removed }) => events.push(`trust +${added.length} -${removed.length}`));
  identity.on('renewal-failed', (_error, { attempt }) => events.push(`failed ${attempt}`));
  identity.on('expired', () => events.push('expired'));
  /** Keys are made in another thread: time may only move on when the identity sleeps. */
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
  const enrolment = authority.calls.splice(0);
  return { identity, authority, clock, events, lines, advance, enrolment };
}

describe('enrolling', () => {
  it('fetches everything that may fail before it uses the token', async (t) => {
    const { enrolment, authority, identity } = await start(t);
    assert.deepEqual(enrolment, ['fetchPinnedRoot', 'fetchRoots', 'sign']);
    assert.deepEqual(authority.tokens, ['the-token']);
    assert.equal(identity.certificate.commonName, 'web');
  });

  it('says no secret to the log', async (t) => {
    const { identity, lines, advance } = await start(t);
    await advance(6 * hour);
    assert.ok(lines.length > 2);
    const key = identity.tlsMaterial('roots').key.split('\n')[1] ?? '';
    assert.ok(!lines.join().includes('the-token') && !lines.join().includes(key));
  });
});

describe('an identity', () => {
  it('renews at two thirds of the life, less the jitter, with a new key', async (t) => {
    const { identity, authority, advance, events } = await start(t);
    const before = identity.tlsMaterial('roots').key;
    await advance(1.84 * hour); // 2 h less the largest jitter of 9 min, less a minute
    assert.deepEqual(authority.calls, []);
    await advance(0.17 * hour);
    assert.deepEqual(authority.calls, ['rekey', 'fetchRoots']);
    assert.deepEqual(events, ['renewed']);
    assert.notEqual(identity.tlsMaterial('roots').key, before);
  });

  it('keeps its key by method renew', async (t) => {
    const { identity, authority, advance } = await start(t, { method: 'renew' });
    const before = identity.tlsMaterial('roots').key;
    await advance(2 * hour);
    assert.deepEqual(authority.calls, ['renew', 'fetchRoots']);
    assert.equal(identity.tlsMaterial('roots').key, before);
  });

  it('renews again and again', async (t) => {
    const { events, advance } = await start(t);
    await advance(24 * hour);
    assert.ok(events.length >= 12 && events.length <= 13, `${events.length} renewals`);
  });

  it('renews when told to, and counts the next one from there', async (t) => {
    const { identity, authority, advance } = await start(t);
    await advance(hour);
    await Promise.all([identity.renew(), identity.renew()]); // one renewal for both
    assert.deepEqual(authority.calls, ['rekey', 'fetchRoots']);
    await advance(1.84 * hour);
    assert.equal(authority.calls.length, 2);
    await advance(0.17 * hour);
    assert.equal(authority.calls.length, 4);
  });

  it('notices a machine that slept', async (t) => {
    const { authority, clock, advance } = await start(t);
    await advance(minute);
    clock.jump(clock.now() + 2.5 * hour);
    await advance(30_000);
    assert.deepEqual(authority.calls, ['rekey', 'fetchRoots']);
  });

  it('tells whoever follows before it tells listeners', async (t) => {
    const { identity, events, advance } = await start(t);
    const unfollow = identity.follow((removed) => events.push(`followed ${removed.length}`));
    await advance(2 * hour);
    assert.deepEqual(events, ['followed 0', 'renewed']);
    unfollow();
    await advance(2 * hour);
    assert.deepEqual(events, ['followed 0', 'renewed', 'renewed']);
  });

  it('ends with close, in the middle of a sleep or of a renewal', async (t) => {
    const { identity, clock } = await start(t);
    const renewal = identity.renew();
    await identity.close();
    await assert.rejects(renewal, { code: 'ERR_SDK_CLOSED' });
    await assert.rejects(identity.renew(), { code: 'ERR_SDK_CLOSED' });
    assert.throws(() => identity.follow(() => {}), { code: 'ERR_SDK_CLOSED' });
    assert.equal(clock.sleeping, 0);
  });
});

describe('trust', () => {
  const other = createFakeIssuer(new FakeClock().now());

  it('follows the CA at each renewal: roots come and go', async (t) => {
    const { identity, authority, advance, events } = await start(t);
    const own = authority.issuer.rootPem;
    authority.listed = { roots: [own], federation: [own, other.rootPem] };
    await advance(2 * hour);
    assert.deepEqual([identity.roots('roots').length, identity.roots('federation').length], [1, 2]);
    authority.listed = undefined;
    await advance(2 * hour);
    assert.deepEqual(identity.roots('federation'), [own]);
    assert.deepEqual(events, ['renewed', 'trust +1 -0', 'renewed', 'trust +0 -1']);
  });

  it('is fetched again alone when only that failed', async (t) => {
    const { authority, advance, events } = await start(t, { script: { fetchRoots: ['ok', down(), down()] } });
    await advance(2 * hour);
    assert.deepEqual(authority.calls, ['rekey', 'fetchRoots', 'fetchRoots', 'fetchRoots']);
    assert.deepEqual(events, ['renewed', 'failed 1', 'failed 2']);
  });

  it('fetched alone does not stand in for a renewal that somebody asks for', async (t) => {
    const { identity, authority, clock, advance } = await start(t, { script: { fetchRoots: ['ok', down()] } });
    await advance(identity.nextRenewal - clock.now());
    await clock.advance(550); // the roots are being fetched again
    await identity.renew();
    assert.equal(authority.calls.filter((call) => call === 'rekey').length, 2, authority.calls.join());
  });

  it('keeps the root that our own certificate needs, and says so', async (t) => {
    const { identity, authority, advance, lines } = await start(t);
    authority.listed = { roots: [other.rootPem], federation: [other.rootPem] };
    await advance(2 * hour);
    assert.deepEqual(identity.roots('roots'), [other.rootPem, authority.issuer.rootPem]);
    assert.ok(lines.some((line) => line.includes('keeping the one of before')));
  });

  it('leaves out what cannot be read', async (t) => {
    const { identity, authority, advance, lines } = await start(t);
    const own = authority.issuer.rootPem;
    const broken = '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n';
    authority.listed = { roots: [own], federation: [own, broken] };
    await advance(2 * hour);
    assert.deepEqual(identity.roots('federation'), [own]);
    assert.ok(lines.some((line) => line.includes('"unreadable":1')));
  });
});

describe('a renewed certificate', () => {
  it('of an unknown root is not installed', async (t) => {
    const { identity, authority, advance, clock, events } = await start(t);
    const { serial } = identity.certificate;
    authority.issuer = createFakeIssuer(clock.now());
    await advance(2.1 * hour);
    assert.equal(identity.certificate.serial, serial);
    assert.ok(events.length > 0 && events.every((event) => event.startsWith('failed')), events.join());
  });
});

describe('a CA that fails', () => {
  it('is asked again after growing pauses, while the certificate stays', async (t) => {
    const { identity, authority, clock, advance, events } = await start(t, { script: { rekey: many(down) } });
    const { serial } = identity.certificate;
    await advance(identity.nextRenewal - clock.now() + 20_000);
    assert.equal(authority.calls.length, 6); // after 0, 0.55, 1.65, 3.85, 8.25 and 17.05 s
    assert.equal(identity.certificate.serial, serial);
    assert.equal(events.at(-1), 'failed 6');
  });

  it('costs the certificate when it stays away, which is told once, and is recovered from', async (t) => {
    const script = { rekey: many(down), renewExpired: [down(), down(), 'ok' as const] };
    const { events, authority, advance } = await start(t, { script });
    await advance(3.2 * hour);
    assert.equal(events.filter((event) => event === 'expired').length, 1);
    assert.deepEqual(authority.calls.slice(-2), ['renewExpired', 'fetchRoots']);
    assert.equal(events.at(-1), 'renewed');
  });

  it('is asked on after it refused an expired certificate for good', async (t) => {
    const script = { rekey: many(down), renewExpired: many(refused) };
    const { identity, advance, clock } = await start(t, { script });
    const errors: unknown[] = [];
    identity.on('renewal-failed', (error) => errors.push(error));
    await advance(3.5 * hour);
    assert.match(String(errors.at(-1)), /has expired and the CA does not renew it/);
    const before = errors.length;
    await advance(10 * minute);
    assert.ok(errors.length - before >= 9 && errors.length - before <= 40, `${errors.length - before} attempts`);
    await assert.rejects(identity.renew(), { code: 'ERR_SDK_EXPIRED', kind: 'unauthenticated' });
    assert.ok(clock.sleeping > 0);
  });
});

describe('a service that can get new tokens', () => {
  const newToken = () => {
    let tokens = 0;
    return () => Promise.resolve(`token ${++tokens}`);
  };

  it('enrols again when its certificate has expired', async (t) => {
    const { authority, advance, events } = await start(t, { script: { rekey: many(down) }, newToken: newToken() });
    await advance(3.2 * hour);
    assert.deepEqual(authority.calls.slice(-2), ['sign', 'fetchRoots']);
    assert.equal(authority.tokens.at(-1), 'token 1');
    assert.equal(events.at(-1), 'renewed');
  });

  it('enrols again when the CA refuses to renew, and not before', async (t) => {
    const { authority, advance } = await start(t, { script: { rekey: [refused()] }, newToken: newToken() });
    await advance(2 * hour);
    assert.deepEqual(authority.calls, ['rekey', 'sign', 'fetchRoots']);
    await advance(2 * hour);
    assert.deepEqual(authority.calls.slice(3), ['rekey', 'fetchRoots']);
  });

  it('goes on trying when no token can be had', async (t) => {
    let asked = 0;
    const { authority, advance } = await start(t, {
      script: { rekey: many(down) },
      newToken: () => (++asked < 4 ? Promise.reject(new Error('vault is sealed')) : Promise.resolve('late')),
    });
    await advance(3.5 * hour);
    assert.deepEqual(authority.tokens, ['the-token', 'late']);
  });
});
