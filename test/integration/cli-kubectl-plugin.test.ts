/** `kubectl autocert …`: the real kubectl finds the command as its plugin and hands its arguments on. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { peerPath } from '../../tools/peers/index.ts';

const binFolder = join(import.meta.dirname, '../../bin');

describe('bin/kubectl-autocert', () => {
  const home = mkdtempSync(join(tmpdir(), 'autocert-plugin-'));
  after(() => rmSync(home, { recursive: true }));
  const kubectl = (...args: string[]) =>
    spawnSync(peerPath('kubectl'), args, {
      env: { PATH: [binFolder, process.env.PATH].join(delimiter), HOME: home },
      encoding: 'utf8',
      timeout: 60_000,
    });

  it('is found by kubectl', () => {
    const { stdout, stderr } = kubectl('plugin', 'list');
    assert.ok(stdout.includes(join(binFolder, 'kubectl-autocert')), stdout + stderr);
  });

  it('comes with the package, too', () => {
    const read = (file: string) => JSON.parse(readFileSync(join(binFolder, '..', file), 'utf8'));
    const { bin } = read('package.json');
    assert.equal(bin['kubectl-autocert'], bin.autocert);
    assert.deepEqual(read('package-lock.json').packages[''].bin, bin);
  });

  it('is the whole command', () => {
    const { status, stdout, stderr } = kubectl('autocert', 'version');
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^autocert\/\d/);
  });

  it('takes options and passes its exit code on', () => {
    const { status, stderr } = kubectl('autocert', 'doctor', '--kubeconfig', '/nonexistent', '-n', 'shop');
    assert.equal(status, 2);
    assert.match(stderr, /^error: kubernetes: \/nonexistent cannot be read/);
  });
});
