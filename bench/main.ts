/**
 * `make bench`: each comparison against its peer, both in this run. Figures of two runs are not to be compared; ratios
 * of one run are. Nothing is asserted: a table says which goals are met.
 *
 *   node bench/main.ts [NAME…]      BENCH_QUICK=1 for short blocks; tables on standard output, JSON in dist/bench/
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { admissionComparison } from './admission/comparison.ts';
import { caAloneComparison, caComparison, caOnPostgresqlComparison } from './ca/comparison.ts';
import { replicasComparison } from './ca/replicas.ts';
import type { Comparison, Settings } from './comparison.ts';
import { initContainerComparison } from './init-container/comparison.ts';
import { pin } from './measure/pinning.ts';
import { benchFolder } from './programs.ts';
import { renewerComparison } from './renewer/comparison.ts';
import { renderTable } from './report.ts';

const comparisons: readonly Comparison[] = [
  caComparison,
  caAloneComparison,
  caOnPostgresqlComparison,
  replicasComparison,
  admissionComparison,
  initContainerComparison,
  renewerComparison,
];

const quick = Boolean(process.env.BENCH_QUICK);
const settings: Settings = {
  rounds: Number(process.env.BENCH_ROUNDS ?? (quick ? 3 : 5)),
  seconds: Number(process.env.BENCH_SECONDS ?? (quick ? 1 : 4)),
  bulk: Number(process.env.BENCH_BULK ?? (quick ? 3_000 : 100_000)),
  cores: { server: 0, client: 1 },
  progress: (text) => process.stderr.write(`bench: ${text}\n`),
};

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !comparisons.some((comparison) => comparison.name === name));
if (unknown !== undefined) {
  process.stderr.write(`error: bench: no comparison ${unknown}\n`);
  process.stderr.write(`hint: ${comparisons.map(({ name, summary }) => `${name} (${summary})`).join(', ')}\n`);
  process.exit(2);
}
if (availableParallelism() < 2) {
  process.stderr.write('error: bench: one core is not enough, the server needs one of its own\n');
  process.exit(2);
}

pin(process.pid, settings.cores.client);
mkdirSync(benchFolder, { recursive: true });
for (const comparison of comparisons) {
  if (wanted.length > 0 && !wanted.includes(comparison.name)) continue;
  const before = loadavg();
  const tables = await comparison.run(settings);
  for (const table of tables) process.stdout.write(`\n${renderTable(table)}`);
  const machine = {
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    node: process.version,
    loadBefore: before,
    loadAfter: loadavg(),
  };
  process.stdout.write(
    `  load ${before[0]?.toFixed(1)} before, ${loadavg()[0]?.toFixed(1)} after, on ${machine.cpu}\n`,
  );
  const { rounds, seconds, bulk } = settings;
  const record = {
    name: comparison.name,
    measuredAt: new Date().toISOString(),
    machine,
    settings: { rounds, seconds, bulk },
    tables,
  };
  writeFileSync(join(benchFolder, `${comparison.name}.json`), `${JSON.stringify(record, null, 2)}\n`);
}
