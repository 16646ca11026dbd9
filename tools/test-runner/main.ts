/**
 * Runs test files in as many processes at a time as there are processors, two at most: the tests of one part share a
 * process, and most of them wait for programs that they have started. There are more parts than processes, so that no
 * process is idle for long in the end. Arguments are globs; `--coverage` prints what ran.
 */
import { spawn } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Result, renderResult } from './reporter.ts';
import { splitFiles, uniteResults } from './results.ts';

const coverageFlags = [
  '--experimental-test-coverage',
  ...['--test-coverage-exclude=**/*.test.ts', '--test-coverage-exclude=test/**'],
];

/** Few: each part loads the modules and starts the peers that its tests share once more. */
const partsPerProcess = 4;

const globs = process.argv.slice(2).filter((argument) => argument !== '--coverage');
const flags = [
  ...['--test', '--test-isolation=none', '--import', './tools/test-runner/hygiene.ts'],
  ...['--import', './tools/test-runner/properties.ts'],
  ...['--test-reporter', './tools/test-runner/reporter.ts'],
  ...(globs.length < process.argv.length - 2 ? coverageFlags : []),
];
const files = [...new Set(globs.flatMap((glob) => globSync(glob)))].sort();
if (files.length === 0) {
  console.error(`no test file is named ${globs.join(' or ')}`);
  process.exit(1);
}

const folder = mkdtempSync(join(tmpdir(), 'autocert-results-'));
try {
  const processes = Math.min(2, availableParallelism());
  const waiting = splitFiles(files, processes === 1 ? 1 : processes * partsPerProcess).entries();
  const results: Result[] = [];
  const runWaiting = async (): Promise<void> => {
    for (const [index, part] of waiting) results.push(await runPart(part, join(folder, `${index}.json`)));
  };
  await Promise.all(Array.from({ length: processes }, runWaiting));
  const united = uniteResults(results);
  for (const text of renderResult(united)) process.stdout.write(text);
  process.exitCode = united.failed === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function runPart(part: readonly string[], resultFile: string): Promise<Result> {
  const env = {
    ...process.env,
    AUTOCERT_TEST_RESULT: resultFile,
    AUTOCERT_TEST_STARTED: String(performance.timeOrigin),
  };
  const child = spawn(process.execPath, [...flags, ...part], { env, stdio: 'inherit' });
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (...end) => resolve(end));
  });
  const result = readResult(resultFile);
  if (result && (code === 0 || result.failed > 0)) return result;
  const problem = `\n✖ a process of the tests ended with ${signal ?? code}, see above\n`;
  return { passed: 0, coverage: [], ...result, failed: 1, failures: [problem] };
}

function readResult(path: string): Result | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Result;
  } catch {
    return undefined; // it ended before its tests did
  }
}
