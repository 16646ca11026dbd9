/** The examples as they are handed out: their manifests and programs, unchanged, through a local run and the demo. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { exampleFolder, processesMentioning, withCommand } from './command.ts';

const manifests = ['hello-mtls.server.yaml', 'hello-mtls.client.yaml'];
const images = ['server', 'client'].flatMap((role) => ['--image', `hello-mtls-${role}-node=node ${role}.mjs`]);
const greeting = /Hello, hello-mtls-client\.default\.pod\.cluster\.local!/;

describe('examples/hello-mtls/node', () => {
  for (const mode of ['service-account', 'secret']) {
    it(`talks over kept and new connections through rotations, in token mode ${mode}`, () =>
      withCommand(
        ['local', 'run', ...manifests, ...images, '--token-mode', mode, '--lifetime', '6s'],
        async (command) => {
          await command.untilOutput(/\/hello-mtls-client \| \S+: certificate renewed/, 2);
          await command.untilOutput(/\/hello-mtls \| \S+: certificate renewed/, 2);
          const before = command.out.match(new RegExp(greeting, 'g'))?.length ?? 0;
          await command.untilOutput(new RegExp(`${greeting.source} \\(kept connection\\)`), 1 + before / 2);
          await command.untilOutput(new RegExp(`${greeting.source} \\(new connection\\)`), 1 + before / 2);
          command.signal('SIGINT');
          const { code, out } = await command.result();
          assert.equal(code, 130);
          const first = out.search(greeting);
          assert.doesNotMatch(out.slice(first), /: error: /, 'no request fails once there was an answer');
          assert.deepEqual(command.left(), []);
        },
        { cwd: exampleFolder },
      ));
  }

  it('follows files that are written in place', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'autocert-manifest-'));
    try {
      const paths = manifests.map((name) => {
        const path = join(folder, name);
        const text = readFileSync(join(exampleFolder, name), 'utf8');
        writeFileSync(
          path,
          text.replace(/^( *)autocert\.step\.sm\/name:/m, '$1autocert.step.sm/write-mode: in-place\n$&'),
        );
        return path;
      });
      await withCommand(
        ['local', 'run', ...paths, ...images, '--lifetime', '6s'],
        async (command) => {
          await command.untilOutput(/\/hello-mtls-client \| \S+: certificate renewed/);
          await command.untilOutput(/\/hello-mtls \| \S+: certificate renewed/);
          await command.untilOutput(greeting, 4);
          command.signal('SIGINT');
          await command.result();
        },
        { cwd: exampleFolder },
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('examples/hello-mtls/curl', () => {
  it('calls the server of another example through the variables of its Service', () =>
    withCommand(
      ['local', 'run', 'hello-mtls.server.yaml', '../curl/hello-mtls.client.yaml', ...images],
      async (command) => {
        await command.untilOutput(/\/hello-mtls-curl \| Hello, hello-mtls-curl\.default\.pod\.cluster\.local!$/, 2);
        command.signal('SIGINT');
        await command.result();
        assert.deepEqual(command.left(), []);
      },
      { cwd: exampleFolder },
    ));
});

describe('autocert demo', () => {
  it('ends with 0 when every certificate was rotated and no request failed, and leaves nothing', () =>
    withCommand(['demo', '--lifetime', '6s', '--rotations', '1'], async (command) => {
      const { code, out, err } = await command.result();
      assert.equal(code, 0, err);
      assert.match(out, /^✔ hello-mtls\.default\.svc\.cluster\.local: rotated /m);
      assert.match(out, /^✔ hello-mtls-client\.default\.pod\.cluster\.local: rotated /m);
      assert.match(out, /^✔ requests +\d+ answered \(\d+ on a kept connection, \d+ on new ones\), 0 failed/m);
      assert.deepEqual(command.left(), []);
    }));

  it('fails when requests failed', () =>
    withCommand(['demo', '--lifetime', '8s', '--rotations', '1'], async (command) => {
      await command.untilOutput(/hello-mtls-client\.default\.pod\.cluster\.local: first certificate/);
      const server = processesMentioning(command.folder).find(({ commandLine }) => /server\.mjs$/.test(commandLine));
      assert.ok(server);
      process.kill(server.pid, 'SIGKILL');
      const { code, out, err } = await command.result();
      assert.equal(code, 1);
      assert.match(out, /container hello-mtls ended and starts again$/m);
      assert.match(err, /^error: demo: \d+ of \d+ requests failed$/m);
      assert.deepEqual(command.left(), []);
    }));

  it('stays up with --keep, and every line it prints works', () =>
    withCommand(['demo', '--lifetime', '20s', '--rotations', '1', '--keep'], async (command) => {
      await command.untilOutput(/ca health /);
      const lines = command.out.split('\n').map((line) => line.trim());
      const setting = lines.find((line) => line.startsWith('export CERTS=')) ?? '';
      const run = promisify(execFile);
      const shell = (line: string) =>
        run('sh', ['-c', `${setting}; ${line.replace(/^curl/, 'curl -s --max-time 20')}`]);
      const [withCertificate = '', without = ''] = lines.filter((line) => line.startsWith('curl '));
      assert.match((await shell(withCertificate)).stdout, greeting);
      await assert.rejects(shell(without), 'the server answers nobody without a certificate');
      const [inspect = '', health = ''] = lines.filter((line) => line.startsWith('bin/autocert '));
      assert.match((await shell(inspect)).stdout, /hello-mtls-client\.default\.pod\.cluster\.local/);
      assert.equal((await shell(health)).stdout, 'ok\n');
      command.signal('SIGINT');
      const { code, err } = await command.result();
      assert.equal(code, 0, err);
      assert.deepEqual(command.left(), []);
    }));
});
