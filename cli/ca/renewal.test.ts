import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FakeClock } from '../../lib/time/fake-clock.ts';
import { createFakeTerminal } from '../terminal/fake-terminal.ts';
import { runRenewalDaemon } from './renewal-daemon.ts';
import { isTooEarly, type Pace, type Validity, waitBeforeRenewal } from './renewal-schedule.ts';

const hour = 3_600_000;
const validity: Validity = { notBefore: 0, notAfter: 24 * hour };
const aThird: Pace = { expiresInMs: undefined, periodMs: undefined };

describe('waitBeforeRenewal', () => {
  const rows: { name: string; pace?: Partial<Pace>; now?: number; chance?: number; want: number }[] = [
    { name: 'until a third of the life is left', want: 16 * hour },
    { name: 'up to a twentieth of the life less by chance', chance: 1, want: 14.8 * hour },
    { name: 'until --expires-in is left', pace: { expiresInMs: hour }, want: 23 * hour },
    { name: 'not at all when less is left', now: 20 * hour, want: 0 },
    { name: 'a part of what is left when that is short', now: 15.5 * hour, chance: 0.5, want: 0.25 * hour },
    { name: 'for the period', pace: { periodMs: 2 * hour }, want: 2 * hour },
    { name: 'not at all when less than the period is left', pace: { periodMs: 2 * hour }, now: 23 * hour, want: 0 },
    { name: 'not at all after the end', now: 30 * hour, want: 0 },
  ];
  for (const { name, pace = {}, now = 0, chance = 0, want } of rows) {
    it(`waits ${name}`, () => assert.equal(waitBeforeRenewal(validity, { ...aThird, ...pace }, now, chance), want));
  }
  it('never waits past the end of the certificate', () => {
    const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.nat(24 * hour), fc.nat(24 * hour), chance, (now, expiresInMs, drawn) => {
        const wait = waitBeforeRenewal(validity, { expiresInMs, periodMs: undefined }, now, drawn);
        assert.ok(wait >= 0 && now + wait <= validity.notAfter);
      }),
    );
  });
});

describe('isTooEarly', () => {
  it('compares what is left with --expires-in and a twentieth of it by chance', () => {
    assert.equal(isTooEarly(validity, 20 * hour, 3.5 * hour, 0), true);
    assert.equal(isTooEarly(validity, 20 * hour, 3.5 * hour, 0.99), false);
    assert.equal(isTooEarly(validity, 20 * hour, 4 * hour, 0), false);
  });
});

describe('runRenewalDaemon', () => {
  function start(act: (now: number) => Promise<Validity>): {
    clock: FakeClock;
    renewNow: () => void;
    stop: () => void;
    ended: Promise<void>;
    err: () => string;
  } {
    const clock = new FakeClock(0);
    const terminal = createFakeTerminal();
    let renewNow = (): void => assert.fail('no listener');
    let stop = renewNow;
    const ended = runRenewalDaemon(
      { name: 'web', verb: 'renewed', validity, pace: aThird, act: () => act(clock.now()) },
      {
        clock,
        terminal,
        chance: () => 0,
        signals: { onRenew: (listener) => (renewNow = listener), onStop: (listener) => (stop = listener) },
      },
    );
    return { clock, renewNow: () => renewNow(), stop: () => stop(), ended, err: terminal.err };
  }

  it('renews at two thirds of each life and ends on a signal', async () => {
    const acted: number[] = [];
    const { clock, stop, ended, err } = start(async (now) => {
      acted.push(now);
      return { notBefore: now, notAfter: now + 24 * hour };
    });
    await clock.advance(33 * hour);
    stop();
    await ended;
    assert.deepEqual(acted, [16 * hour, 32 * hour]);
    assert.match(err(), /^first renewal in 16h0m0s\nweb certificate renewed, next in 16h0m0s\n/);
    assert.equal(clock.sleeping, 0);
  });

  it('renews at once on SIGHUP', async () => {
    const acted: number[] = [];
    const { clock, renewNow, stop, ended } = start(async (now) => {
      acted.push(now);
      return validity;
    });
    await clock.advance(hour);
    renewNow();
    await clock.advance(0);
    stop();
    await ended;
    assert.deepEqual(acted, [hour]);
  });

  it('tries again in a minute after a failure', async () => {
    let tries = 0;
    const { clock, stop, ended, err } = start(async (now) => {
      if (++tries < 3) throw new Error('ca: unreachable');
      return { notBefore: now, notAfter: now + 24 * hour };
    });
    await clock.advance(16 * hour + 2 * 60_000);
    stop();
    await ended;
    assert.equal(tries, 3);
    assert.match(err(), /error: ca: unreachable, next try in 1m0s/);
  });
});
