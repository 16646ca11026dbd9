/** Results of the parts of one run, put together. Pure. */
import type { FileCoverage, Result } from './reporter.ts';

/** A line counts as run when it ran in any part; a file that only one part has loaded counts as that part saw it. */
export function uniteResults(parts: readonly Result[]): Result {
  return {
    passed: parts.reduce((sum, { passed }) => sum + passed, 0),
    failed: parts.reduce((sum, { failed }) => sum + failed, 0),
    failures: parts.flatMap(({ failures }) => failures),
    coverage: uniteCoverage(parts.flatMap(({ coverage }) => coverage)),
  };
}

function uniteCoverage(files: readonly FileCoverage[]): FileCoverage[] {
  const counts = new Map<string, Map<number, number>>();
  for (const { path, lines } of files) {
    const known = counts.get(path) ?? new Map<number, number>();
    counts.set(path, known);
    for (const { line, count } of lines) known.set(line, (known.get(line) ?? 0) + count);
  }
  return [...counts].map(([path, lines]) => ({
    path,
    lines: [...lines].map(([line, count]) => ({ line, count })),
  }));
}

/** Deals the files out in turn: neighbours are alike in what they cost. */
export function splitFiles(files: readonly string[], parts: number): string[][] {
  const split = Array.from({ length: Math.max(1, Math.min(parts, files.length)) }, (): string[] => []);
  for (const [index, file] of files.entries()) split[index % split.length]?.push(file);
  return split;
}
