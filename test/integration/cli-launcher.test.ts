/** bin/autocert finds its checkout and a Node that is new enough, or says what to do. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';

const launcher = join(import.meta.dirname, '../../bin/autocert');

describe('bin/autocert', () => {
  const folder = mkdtempSync(join(tmpdir(), 'autocert-launcher-'));
  after(() => rmSync(folder, { recursive: true }));

  function launch(
    program: string,
    path = process.env.PATH ?? '',
  ): { status: number | null; stdout: string; stderr: string } {
    return spawnSync(program, ['version'], {
      cwd: folder,
      env: { PATH: path, HOME: folder },
      encoding: 'utf8',
      timeout: 30_000,
    });
  }

  /** A checkout with the launcher only; `files` are made executable. */
  function checkout(name: string, files: Readonly<Record<string, string>>): string {
    const root = join(folder, name);
    const all = { ...files, 'bin/autocert': '' };
    for (const [file, text] of Object.entries(all)) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), text);
      chmodSync(join(root, file), 0o755);
    }
    copyFileSync(launcher, join(root, 'bin/autocert'));
    return join(root, 'bin/autocert');
  }
  const tools = '/usr/bin:/bin'; // readlink, dirname and sh, but no Node of ours

  it('works from another folder and through symbolic links, relative ones too', () => {
    symlinkSync(launcher, join(folder, 'absolute'));
    mkdirSync(join(folder, 'deep'));
    symlinkSync('../absolute', join(folder, 'deep/relative'));
    const { status, stdout, stderr } = launch(join(folder, 'deep/relative'));
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^autocert\/\d.* node\/24\./);
  });

  it('says what to do before anything is installed', () => {
    const { status, stderr } = launch(checkout('bare', {}));
    assert.equal(status, 1);
    assert.match(
      stderr,
      /^error: autocert: npm packages are not installed in .*\/bare\nhint: run: make -C .*\/bare install\n$/,
    );
  });

  const nodes: { name: string; answers: string; status: number; output: RegExp }[] = [
    { name: 'takes a Node 24 of the machine', answers: '24', status: 0, output: /^ran .*\/cli\/main\.ts version/ },
    {
      name: 'refuses an older one',
      answers: '20',
      status: 1,
      output: /^error: autocert: needs Node 24, found .*\/node\n/,
    },
  ];
  for (const { name, answers, status, output } of nodes) {
    it(`${name} where the pinned one is missing`, () => {
      const program = checkout(`node-${answers}`, {
        'node_modules/some-package/index.js': '',
        'path/node': `#!/bin/sh\n[ "$1" = -p ] && echo ${answers} || echo "ran $*"\n`,
      });
      const result = launch(program, `${join(dirname(program), '../path')}:${tools}`);
      assert.equal(result.status, status, result.stderr);
      assert.match(status === 0 ? result.stdout : result.stderr, output);
    });
  }
});
