/** Writes sets over one another until it is killed: `endless-writer.ts FOLDER MODE`. A process of its own for a test. */
import { pathsIn, type WriteMode, writeCertificateSet } from '../../../lib/certificate-files/index.ts';

const [folder = '', mode = 'atomic'] = process.argv.slice(2);
process.stdout.write('ready\n');
for (let round = 0; ; round++) {
  const mark = `${round}\n`.repeat(1 + (round % 300));
  const set = { rootPem: `root ${mark}`, chainPem: `chain ${mark}`, keyPem: `key ${mark}` };
  writeCertificateSet(pathsIn(folder), set, { mode: mode as WriteMode, publicMode: 0o644, keyMode: 0o600 });
}
