import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathsIn, readCertificateSet, recoverCertificateSet } from '../../../lib/certificate-files/index.ts';

/** Few enough for a busy machine; the unit tests go through every single operation. */
const rounds = 8;

describe('a writer that is killed at any instant', () => {
  for (const mode of ['atomic', 'in-place'] as const) {
    it(`leaves a matching set (${mode})`, async (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'autocert-kill-'));
      t.after(() => rmSync(folder, { recursive: true, force: true }));
      const paths = pathsIn(folder);
      const markOf = (text: string): string => text.slice(text.indexOf(' '));
      for (let round = 0; round < rounds; round++) {
        const writer = spawn(process.execPath, [join(import.meta.dirname, 'endless-writer.ts'), folder, mode]);
        await once(writer.stdout, 'data');
        await sleep(20 + Math.random() * 30);
        writer.kill('SIGKILL');
        await once(writer, 'exit');
        if (mode === 'atomic') {
          const names = [paths.root, paths.certificate, paths.key].map((path) => markOf(readFileSync(path, 'utf8')));
          assert.equal(new Set(names).size, 1, `round ${round}`);
        }
        const seen = readCertificateSet(paths);
        assert.ok(seen);
        assert.equal(new Set([seen.rootPem, seen.chainPem, seen.keyPem].map(markOf)).size, 1, `round ${round}`);
        recoverCertificateSet(paths, { mode, publicMode: 0o644, keyMode: 0o600 });
        assert.equal(readFileSync(paths.certificate, 'utf8'), seen.chainPem);
        assert.equal(readFileSync(paths.key, 'utf8'), seen.keyPem);
      }
    });
  }
});
