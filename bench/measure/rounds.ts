/** Interleaved rounds: ours, the peer, the peer, ours, … so that whatever else the machine does hits both alike. */
import { median } from './statistics.ts';

/** A figure for ours, then one for the peer. */
export type Pair<Value> = readonly [ours: Value, peer: Value];

/** Runs both sides in each round, the first one taking turns; the samples of each side. */
export async function interleave<Side, Sample>(
  sides: Pair<Side>,
  rounds: number,
  run: (side: Side) => Promise<Sample>,
): Promise<Pair<Sample[]>> {
  const samples: Pair<Sample[]> = [[], []];
  for (let round = 0; round < rounds; round++) {
    for (const index of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      samples[index].push(await run(sides[index]));
    }
  }
  return samples;
}

/** The median of one figure of the samples, for both sides. */
export const medians = <Sample>([ours, peer]: Pair<Sample[]>, pick: (sample: Sample) => number): Pair<number> => [
  median(ours.map(pick)),
  median(peer.map(pick)),
];
