/**
 * The checklist of what clients of step-ca rely on, put to each CA in turn: the real step-ca and ours, or the one that
 * PEER names (`make test-conformance PEER=step-ca`). A test carries the number of its item; what ours does otherwise on
 * purpose is written in the test with both answers, and in docs/divergences/step-ca.md.
 */
import { describe } from 'node:test';
import { type CaFixture, useCa } from '../../integration/ca-fixture.ts';
import type { CaProcess, CaProgram } from '../../peers/certificate-authority.ts';

const all = ['step-ca', 'autocert-ca'] as const satisfies readonly CaProgram[];
export type Peer = (typeof all)[number];

const wanted = process.env.PEER || undefined;
if (wanted !== undefined && !all.some((peer) => peer === wanted)) throw new Error(`PEER is one of ${all.join(', ')}`);
export const peers = all.filter((peer) => wanted === undefined || peer === wanted);

export type PeerContext = CaFixture & {
  readonly peer: Peer;
  /** The first value for the real step-ca, the second for ours: a deliberate difference. */
  differs<Value>(theirs: Value, ours: Value): Value;
};

/** One `describe` for each CA. */
export function onEachPeer(title: string, tests: (context: PeerContext) => void): void {
  for (const peer of peers) {
    describe(`${title}: ${peer}`, () => {
      const ca = useCa(peer);
      tests({
        peer,
        get files() {
          return ca.files;
        },
        get bench() {
          return ca.bench;
        },
        start: ca.start,
        restart: ca.restart,
        differs: (theirs, ours) => (peer === 'step-ca' ? theirs : ours),
      });
    });
  }
}

/**
 * SIGHUP, and the new generation serves. `probe` is true when it does; it may fail before, since step-ca answers some
 * requests with an error, and some not at all, while one generation follows the other.
 */
export async function reload(ca: CaProcess, probe: () => Promise<boolean>): Promise<void> {
  ca.signal('SIGHUP');
  let problem: unknown;
  for (let tries = 0; tries < 200; tries++) {
    try {
      if (await probe()) return;
      problem = undefined;
    } catch (error) {
      problem = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the reload had no effect\n${ca.output()}`, { cause: problem });
}
