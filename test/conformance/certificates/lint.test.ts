/** What linters find in our certificates and in those of the real step-ca must be the same, and is written down. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { lint, linters } from './linters.ts';
import { makePairs, type Pair, type StepCa, startStepCa } from './pair.ts';

const documented = readFileSync(join(import.meta.dirname, '../../../docs/divergences/certificates.md'), 'utf8');
const kinds = [
  'root',
  'intermediate',
  'leaf',
  'renewed leaf',
  'rekeyed leaf',
  'leaf with every kind of name',
  'leaf with an RSA key',
  'leaf with an Ed25519 key',
];

/** Lines `| kind | linter | severity | code |` of the document, for one kind and linter. */
function documentedFindings(kind: string, linter: string): string[] {
  const rows = Array.from(documented.matchAll(/^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| `([^`]+)` \|$/gm));
  const isAbout = (named: string): boolean => named === kind || (named === 'every leaf' && kind.includes('leaf'));
  return rows
    .filter(([, named = '', by]) => by === linter && named.split(', ').some(isAbout))
    .map(([, , , severity, code]) => `${severity} ${code}`)
    .sort();
}

describe('certificates under the linters', () => {
  let stepCa: StepCa;
  let pairs: Pair[];
  const folder = mkdtempSync(join(tmpdir(), 'autocert-lint-'));
  before(async () => {
    stepCa = await startStepCa();
    pairs = await makePairs(stepCa);
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    await stepCa?.stop();
  });

  it('are of every kind', () => {
    assert.deepEqual(
      pairs.map(({ kind }) => kind),
      kinds,
    );
  });

  for (const kind of kinds) {
    for (const linter of linters) {
      it(`${kind}: ${linter} finds in ours what it finds in step-ca's, which is documented`, async () => {
        const pair = pairs.find((candidate) => candidate.kind === kind);
        assert.ok(pair);
        const [theirs, ours] = await Promise.all([lint(linter, pair.theirs, folder), lint(linter, pair.ours, folder)]);
        assert.deepEqual(ours, theirs);
        assert.deepEqual(theirs, documentedFindings(kind, linter));
      });
    }
  }
});
