/** What a comparison is: a name on the command line, and rows that set our figure beside the peer's of the same run. */

export type Row = {
  readonly measure: string;
  readonly unit: string;
  readonly ours: number;
  readonly peer: number;
  /** Ours by the peer's, or the other way round: what the goal speaks of. */
  readonly ratio: number;
  /** The goal that issue and docs name, for the ratio; absent where there is none. */
  readonly goal?: Goal;
};

export type Goal = { readonly atLeast: number } | { readonly atMost: number };

export type Table = {
  readonly title: string;
  /** Names of both sides, as headings. */
  readonly ours: string;
  readonly peer: string;
  readonly rows: readonly Row[];
  /** What a reader must know to judge the figures: load, disk, versions. */
  readonly notes?: readonly string[];
};

export type Settings = {
  /** Interleaved rounds of each side. */
  readonly rounds: number;
  /** Length of one block of load. */
  readonly seconds: number;
  /** Certificates issued before memory is looked at, and reviews likewise. */
  readonly bulk: number;
  /** Core of the servers, and of this process. */
  readonly cores: { readonly server: number; readonly client: number };
  /** Says on the terminal what goes on. */
  readonly progress: (text: string) => void;
};

export type Comparison = {
  readonly name: string;
  readonly summary: string;
  run(settings: Settings): Promise<readonly Table[]>;
};

/** More is better: how many times the peer's. */
export const moreIsBetter = (
  measure: string,
  unit: string,
  [ours, peer]: readonly [number, number],
  atLeast?: number,
): Row => ({ measure, unit, ours, peer, ratio: ours / peer, ...(atLeast === undefined ? {} : { goal: { atLeast } }) });

/** Less is better: which part of the peer's. */
export const lessIsBetter = (
  measure: string,
  unit: string,
  [ours, peer]: readonly [number, number],
  atMost?: number,
): Row => ({ measure, unit, ours, peer, ratio: ours / peer, ...(atMost === undefined ? {} : { goal: { atMost } }) });

/** Cost for each operation: how many of ours the peer's would pay for. */
export const cheaperIsBetter = (
  measure: string,
  unit: string,
  [ours, peer]: readonly [number, number],
  atLeast?: number,
): Row => ({ measure, unit, ours, peer, ratio: peer / ours, ...(atLeast === undefined ? {} : { goal: { atLeast } }) });
