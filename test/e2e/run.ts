/**
 * `make e2e`: cluster up, images built and imported, scenarios, cluster gone.
 *
 *   scenarios/shared/  beside each other, on one installation
 *   scenarios/beside/  beside each other, each with an installation of its own
 *   scenarios/alone/   one after the other, each with an installation of its own
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { buildImages } from '../../tools/images/build.ts';
import { down } from './cluster/down.ts';
import { importImages } from './cluster/images.ts';
import { isUp } from './cluster/processes.ts';
import { up } from './cluster/up.ts';
import { buildAppImages } from './harness/app-images.ts';
import { install, remove } from './harness/release.ts';

const root = join(import.meta.dirname, '../..');
const only = process.argv[2] ?? '';
const started = Date.now();
const say = (what: string): void =>
  console.log(`e2e: ${((Date.now() - started) / 1000).toFixed(0).padStart(4)} s  ${what}`);

const scenarios = (folder: string): string[] =>
  globSync(`test/e2e/scenarios/${folder}/*${only}*.test.ts`, { cwd: root }).sort();

/** Runs test files. @returns how many passed and failed */
async function runFiles(files: readonly string[], concurrency: number): Promise<[passed: number, failed: number]> {
  if (files.length === 0) return [0, 0];
  const reporter = `--test-reporter=${join(root, 'tools/test-runner/reporter.ts')}`;
  const args = ['--test', `--test-concurrency=${concurrency}`, '--test-timeout=3600000', reporter, ...files];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    process.stdout.write(chunk);
  });
  await once(child, 'close');
  process.stdout.write('\n');
  const [, passed = '0', failed = '1'] = /(\d+) passed, (\d+) failed\s*$/.exec(output) ?? [];
  return [Number(passed), Number(failed)];
}

const stopSignals = ['SIGINT', 'SIGTERM'] as const;

async function main(): Promise<number> {
  const [shared, beside, alone] = [scenarios('shared'), scenarios('beside'), scenarios('alone')];
  if (shared.length + beside.length + alone.length === 0) throw new Error(`no scenario is named ${only}`);
  const built = await buildImages(() => {});
  for (const { tag, ownBytes } of built)
    say(`image ${tag}, ${(ownBytes / 1e6).toFixed(2)} MB beside the shared layers, compressed`);
  const apps = await buildAppImages(`node:${process.versions.node}-local`, join(root, 'build/images/apps'));
  const startedByUs = !isUp();
  if (startedByUs) await up(say);
  for (const signal of stopSignals) process.once(signal, () => void down().finally(() => process.exit(130)));
  try {
    await importImages([...built.map(({ archive }) => archive), ...apps]);
    say('images are imported');
    const results: [number, number][] = [];
    if (shared.length > 0) {
      await install({ set: { 'autocert.restrictCertificatesToNamespace': 'true' } });
      say('installed');
      results.push(await runFiles(shared, 3));
      await remove();
    }
    results.push(await runFiles(beside, beside.length));
    for (const file of alone) results.push(await runFiles([file], 1));
    const [passed, failed] = results.reduce(([p, f], [q, g]) => [p + q, f + g], [0, 0]);
    say('done');
    console.log(`${passed} passed, ${failed} failed`);
    return failed === 0 && passed > 0 ? 0 : 1;
  } finally {
    if (startedByUs) await down();
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`e2e: ${error instanceof Error ? error.message : String(error)}`);
  console.log('0 passed, 1 failed');
  process.exitCode = 1;
}
