/** What a user of the published package has: it is packed, installed into an empty folder, and used there. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';

const root = join(import.meta.dirname, '../..');

describe('the published package', () => {
  let folder = '';
  let home = '';
  const env = (): NodeJS.ProcessEnv => ({
    PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}`,
    HOME: home,
    STEPPATH: join(home, 'step'),
  });
  const autocert = (...args: string[]): string =>
    execFileSync(join(folder, 'node_modules/.bin/autocert'), args, {
      cwd: folder,
      env: env(),
      stdio: 'pipe',
    }).toString();

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'autocert-package-'));
    home = join(folder, 'home');
    mkdirSync(home);
    const npm = (cwd: string, ...args: string[]): string =>
      execFileSync('npm', [...args, '--loglevel=error'], {
        cwd,
        env: { ...env(), HOME: process.env.HOME },
        stdio: 'pipe',
      }).toString();
    npm(root, 'pack', '--pack-destination', folder);
    const [archive] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
    writeFileSync(join(folder, 'package.json'), '{}');
    npm(folder, 'install', '--offline', '--no-audit', '--no-fund', `./${archive}`);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('installs without any other package', () => {
    const installed = readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'));
    assert.deepEqual(installed, ['@autocert']);
  });

  it('has the command, which knows its version', () => assert.match(autocert('version'), /^autocert\/\d+\.\d+\.\d+ /));

  it('has the programs that the command runs', () => {
    writeFileSync(join(folder, 'password'), 'of a test');
    const names = ['--name', 'Package', '--dns', 'localhost', '--address', '127.0.0.1:0', '--provisioner', 'admin'];
    autocert('ca', 'init', ...names, '--password-file', join(folder, 'password'), '--deployment-type', 'standalone');
    assert.ok(existsSync(join(home, 'step/certs/root_ca.crt')));
    assert.match(autocert('certificate', 'fingerprint', join(home, 'step/certs/root_ca.crt')), /^[0-9a-f]{64}\n$/);
  });

  it('runs pods on a laptop', () => {
    const manifest = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'once', annotations: { 'autocert.step.sm/name': 'once.default.svc.cluster.local' } },
      spec: {
        restartPolicy: 'Never',
        containers: [
          {
            name: 'once',
            image: 'once',
            command: ['openssl', 'x509', '-noout', '-subject', '-in', '/var/run/autocert.step.sm/site.crt'],
          },
        ],
      },
    };
    writeFileSync(join(folder, 'pod.yaml'), JSON.stringify(manifest));
    assert.match(autocert('local', 'run', 'pod.yaml'), /CN ?= ?once\.default\.svc\.cluster\.local/);
  });
});
