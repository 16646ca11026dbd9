/**
 * Reporter for `node --test`: a line per test file while it runs, every failure in full at the end, coverage as a
 * table by folder, and the last line `N passed, N failed` that continuous integration reads. A part of a run in several
 * processes leaves what comes at the end to its runner, in the file that AUTOCERT_TEST_RESULT names, and counts from the
 * time of AUTOCERT_TEST_STARTED.
 */
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';
import { styleText } from 'node:util';

type Failure = { readonly place: string; readonly names: readonly string[]; readonly error: unknown };
type Place = { readonly file: string; readonly line: number };
type FileCount = { passed: number; failed: number };
type Folder = { covered: number; total: number };

/** Lines of one source file, and which of them ran. */
export type FileCoverage = {
  readonly path: string;
  readonly lines: readonly { readonly line: number; readonly count: number }[];
};

/** What there is to say when all tests have run. */
export type Result = {
  readonly passed: number;
  readonly failed: number;
  /** In full, to be shown. */
  readonly failures: readonly string[];
  readonly coverage: readonly FileCoverage[];
};

/** When the run began, whose part this may be; milliseconds of the epoch. */
const started = Number(process.env.AUTOCERT_TEST_STARTED ?? performance.timeOrigin);

/** Turns the events of a run into text. */
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const files = new Map<string, FileCount>();
  const failures: Failure[] = [];
  const path: string[] = [];
  let outermost: Place | undefined;
  let passed = 0;
  let failed = 0;
  let current: string | undefined;
  let coverage: readonly FileCoverage[] = [];

  for await (const event of events) {
    switch (event.type) {
      case 'test:start':
        path.length = event.data.nesting;
        path.push(event.data.name);
        if (event.data.nesting === 0) outermost = placeOf(event.data);
        break;
      case 'test:pass':
      case 'test:fail': {
        if (event.data.details.type === 'suite' && !isOwnFailure(event)) break;
        // a test may be written down by a function of another file: it counts where its suite is
        const place = placeOf(event.data);
        const file = outermost?.file ?? place.file;
        if (file !== current) {
          yield* finish(current, files);
          current = file;
        }
        const count = files.get(file) ?? { passed: 0, failed: 0 };
        files.set(file, count);
        if (event.type === 'test:pass') {
          if (event.data.skip !== undefined || event.data.todo !== undefined) {
            failures.push({
              place: file,
              names: [event.data.name],
              error: new Error('skipped: a test that does not run fails'),
            });
            count.failed++;
            failed++;
            break;
          }
          count.passed++;
          passed++;
        } else {
          count.failed++;
          failed++;
          const names = [...path.slice(0, event.data.nesting), event.data.name];
          const { line } = place.file === file ? place : (outermost ?? place);
          failures.push({ place: `${file}:${line}`, names, error: event.data.details.error });
        }
        break;
      }
      case 'test:stderr':
      case 'test:stdout':
        yield event.data.message;
        break;
      case 'test:coverage':
        coverage = event.data.summary.files.map(({ path: file, lines }) => ({ path: file, lines }));
        break;
    }
  }
  yield* finish(current, files);
  const result = { passed, failed, failures: failures.map(describeFailure), coverage };
  const resultFile = process.env.AUTOCERT_TEST_RESULT;
  if (resultFile === undefined) yield* renderResult(result);
  else writeFileSync(resultFile, JSON.stringify(result));
}

export function* renderResult({ passed, failed, failures, coverage }: Result): Generator<string> {
  if (coverage.length > 0) yield* renderCoverage(coverage);
  yield* failures;
  yield `\n${passed} passed, ${failed} failed\n`;
}

const placeOf = ({ file, line = 0 }: { file?: string; line?: number }): Place => ({
  file: file ? relative(process.cwd(), file) : '(no file)',
  line,
});

/** A suite fails by itself when a hook fails; when only a test in it failed, that test has been counted. */
function isOwnFailure(event: Extract<TestEvent, { type: 'test:pass' | 'test:fail' }>): boolean {
  if (event.type === 'test:pass') return false;
  const type = (event.data.details.error as { failureType?: string } | undefined)?.failureType;
  return type !== 'subtestsFailed';
}

function* finish(file: string | undefined, files: ReadonlyMap<string, FileCount>): Generator<string> {
  const count = file === undefined ? undefined : files.get(file);
  if (!file || !count) return;
  const mark = count.failed > 0 ? styleText('red', '✖') : styleText('green', '✔');
  const text = count.failed > 0 ? `${count.passed} passed, ${count.failed} failed` : `${count.passed}`;
  yield `${mark} ${file}  ${styleText('dim', `${text}, at ${Math.round((Date.now() - started) / 1000)} s`)}\n`;
}

function describeFailure({ place, names, error }: Failure): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  return `\n${styleText('red', '✖')} ${names.join(' › ')}\n  ${place}\n${text.replace(/^/gm, '  ')}\n`;
}

function* renderCoverage(files: readonly FileCoverage[]): Generator<string> {
  const folders = new Map<string, Folder>();
  for (const { path, lines } of files) {
    const parts = relative(process.cwd(), path).split('/');
    const name = parts.slice(0, parts[0] === 'lib' ? 2 : 1).join('/');
    const folder = folders.get(name) ?? { covered: 0, total: 0 };
    const covered = lines.filter(({ count }) => count > 0).length;
    folders.set(name, { covered: folder.covered + covered, total: folder.total + lines.length });
  }
  yield '\nlines run in this process (programs started as processes of their own are not counted):\n';
  for (const [name, { covered, total }] of [...folders].sort()) {
    const share = total === 0 ? 1 : covered / total;
    yield `  ${'█'.repeat(Math.round(share * 20)).padEnd(20, '░')} ${`${Math.round(share * 100)} %`.padStart(5)}  ${name}\n`;
  }
}
