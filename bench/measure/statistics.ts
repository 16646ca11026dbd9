/** Figures of many samples. Pure; the order of the samples does not matter. */

/** The value that this part of the samples does not exceed, by the nearest rank; NaN for none. */
export function quantile(samples: readonly number[], part: number): number {
  if (samples.length === 0) return Number.NaN;
  const sorted = samples.toSorted((a, b) => a - b);
  const rank = Math.min(sorted.length, Math.max(1, Math.ceil(part * sorted.length)));
  return sorted[rank - 1] ?? Number.NaN;
}

/** Mean of the two in the middle when their number is even. */
export function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  return (lower + upper) / 2;
}
