/** The linters a certificate is put to, each reduced to a sorted list of `severity code`. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { encodePem } from '../../../lib/encoding/index.ts';
import { type Certificate, serialHex } from '../../../lib/x509/index.ts';
import { peerPath } from '../../../tools/peers/index.ts';

/** RFC 5280 by pkilint, the rules of the CA/Browser Forum by pkilint, and zlint as the step CLI carries it. */
export const linters = ['pkilint pkix', 'pkilint serverauth', 'zlint'] as const;
export type Linter = (typeof linters)[number];

/** @param folder for the file that is linted */
export async function lint(linter: Linter, certificate: Certificate, folder: string): Promise<string[]> {
  const path = join(folder, `${serialHex(certificate)}.crt`);
  writeFileSync(path, encodePem('CERTIFICATE', certificate.der));
  const findings = linter === 'zlint' ? await runZlint(path) : await runPkilint(linter, path);
  return [...new Set(findings)].sort();
}

type PkilintReport = { results: { finding_descriptions: { severity: string; code: string }[] }[] };

async function runPkilint(linter: Linter, path: string): Promise<string[]> {
  const pkix = peerPath('lint_pkix_cert');
  const serverauth = linter === 'pkilint serverauth';
  const program = serverauth ? join(dirname(pkix), 'lint_cabf_serverauth_cert') : pkix;
  const args = ['lint', ...(serverauth ? ['--detect'] : []), '-s', 'INFO', '-f', 'JSON', path];
  const { results } = JSON.parse(await run(program, args)) as PkilintReport;
  return results.flatMap(({ finding_descriptions }) =>
    finding_descriptions.map(({ severity, code }) => `${severity.toLowerCase()} ${code}`),
  );
}

async function runZlint(path: string): Promise<string[]> {
  const { lints } = JSON.parse(await run(peerPath('step'), ['certificate', 'lint', path])) as {
    lints: Record<string, { result: string }>;
  };
  return Object.entries(lints)
    .filter(([, { result }]) => !['pass', 'NA', 'NE'].includes(result))
    .map(([code, { result }]) => `${result} ${code}`);
}

/** Linters end with the number of findings as their status, so the status says nothing here. */
function run(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { encoding: 'utf8' }, (error, stdout) => {
      if (error && stdout === '') reject(error);
      else resolve(stdout);
    });
  });
}
