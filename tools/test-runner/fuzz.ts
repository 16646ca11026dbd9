/**
 * Runs the property tests that lie beside the code with a seed of its own for each round, until one fails or the rounds
 * are over. The argument is their number.
 */
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';

const rounds = Number(process.argv[2] ?? 10);
if (!Number.isInteger(rounds) || rounds < 1) {
  console.error(`fuzz: ROUNDS is ${JSON.stringify(process.argv[2])}; a whole number from 1 is needed`);
  process.exit(2);
}
const files = globSync('{lib,ca,webhook,init-container,renewer,cli}/**/*.test.ts').filter((file) =>
  readFileSync(file, 'utf8').includes("from 'fast-check'"),
);
const flags = ['--test', '--test-isolation=none', '--test-reporter', './tools/test-runner/reporter.ts'];
const imports = ['hygiene', 'properties'].flatMap((name) => ['--import', `./tools/test-runner/${name}.ts`]);

for (let round = 1; round <= rounds; round++) {
  const seed = String(randomInt(2 ** 31));
  console.log(`fuzz: round ${round} of ${rounds}, ${files.length} files, AUTOCERT_TEST_SEED=${seed}`);
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, ...imports, ...files], {
    env: { ...process.env, AUTOCERT_TEST_SEED: seed },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status === 0) continue;
  process.stdout.write(stdout + stderr);
  process.exit(1);
}
