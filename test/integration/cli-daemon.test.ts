/** `ca renew --daemon` as a process: SIGHUP renews at once and notifies, SIGTERM ends it. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Authority, startAuthority } from '../scenarios/authority.ts';

const autocert = join(import.meta.dirname, '../../bin/autocert');

describe('renewal as a daemon', () => {
  const folder = mkdtempSync(join(tmpdir(), 'autocert-daemon-'));
  let ca: Authority;
  let env: NodeJS.ProcessEnv;

  before(async () => {
    ca = await startAuthority('step-ca');
    env = {
      ...{ PATH: process.env.PATH, HOME: folder, STEPPATH: join(folder, 'step') },
      ...{ STEP_CA_URL: ca.variables.CA_URL, STEP_ROOT: ca.variables.ROOT },
      ...{ STEP_PROVISIONER_PASSWORD_FILE: ca.variables.PASSWORD_FILE },
    };
    execFileSync(autocert, ['ca', 'certificate', 'web.test', 'web.crt', 'web.key'], {
      cwd: folder,
      env,
      stdio: 'pipe',
    });
  });
  after(async () => {
    await ca.stop();
    rmSync(folder, { recursive: true });
  });

  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

  /** Resolves when the text has appeared on stdout or stderr. */
  function untilPrinted(child: ChildProcess, text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      let output = '';
      const look = (chunk: Buffer): void => {
        output += chunk;
        if (output.includes(text)) resolve();
      };
      child.stdout?.on('data', look);
      child.stderr?.on('data', look);
      child.once('exit', (code) => reject(new Error(`ended with ${code} before "${text}"\n${output}`)));
    });
  }

  for (const verb of ['renew', 'rekey'] as const) {
    it(`${verb}s on SIGHUP, runs --exec, ends with 0 on SIGTERM`, async () => {
      const before = { certificate: read('web.crt'), key: read('web.key') };
      const child = spawn(autocert, ['ca', verb, 'web.crt', 'web.key', '--daemon', '--exec', 'echo it is new'], {
        cwd: folder,
        env,
        timeout: 60_000,
      });
      const ended = new Promise((resolve) => child.once('exit', resolve));
      await untilPrinted(child, 'first renewal in');
      const renewed = Promise.all([
        untilPrinted(child, 'it is new'),
        untilPrinted(child, `web.test certificate ${verb}ed, next in`),
      ]);
      child.kill('SIGHUP');
      await renewed;
      child.kill('SIGTERM');
      assert.equal(await ended, 0);
      assert.notEqual(read('web.crt'), before.certificate);
      assert.equal(read('web.key') !== before.key, verb === 'rekey');
    });
  }
});
