import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { describe, it } from 'node:test';
import { parseImageCommands } from '../containers/program.ts';
import type { Container, Pod } from '../manifests/objects.ts';
import { buildContainerRequest } from './container-request.ts';

const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web-1', namespace: 'apps' },
  spec: { containers: [{ name: 'web' }] },
};
const build = (container: Partial<Container>) =>
  buildContainerRequest(
    'p.yaml',
    pod,
    { name: 'web', ...container },
    {
      data: { secret: () => new Map([['token', Buffer.from('s3cret')]]), configMap: () => undefined },
      images: parseImageCommands(['web=sh /etc/app/start']),
      volumes: new Map([
        ['certs', '/tmp/v/certs'],
        ['app', '/tmp/v/app'],
      ]),
      network: { NODE_OPTIONS: '--import=file:///preload.ts', WEB_SERVICE_HOST: '127.0.0.1' },
      workingFolder: '/tmp',
      scratchFolder: '/tmp/scratch',
    },
  );
const certs = { name: 'certs', mountPath: '/var/run/autocert.step.sm' };

describe('buildContainerRequest', () => {
  it('runs the command that stands for an image, with mount paths mapped and variables expanded', () => {
    const request = build({
      image: 'web:1',
      args: ['--name=$(NAME)', '--cert=/var/run/autocert.step.sm/site.crt'],
      env: [{ name: 'NAME', value: 'ada' }],
      volumeMounts: [certs, { name: 'app', mountPath: '/etc/app' }],
    });
    assert.match(request.file, /\/sh$/);
    assert.deepEqual(request.args, ['/tmp/v/app/start', '--name=ada', '--cert=/tmp/v/certs/site.crt']);
    assert.equal(request.cwd, '/tmp');
  });

  it('gives a container its own environment and nothing of the user but PATH', () => {
    const { env } = build({ command: ['sh'], env: [{ name: 'A', value: '1' }] });
    const names = ['A', 'HOME', 'HOSTNAME', 'NODE_OPTIONS', 'PATH', 'TMPDIR', 'WEB_SERVICE_HOST'];
    assert.deepEqual(Object.keys(env).sort(), names);
    assert.equal(env.HOSTNAME, 'web-1');
    assert.ok(env.PATH?.startsWith(`${dirname(process.execPath)}:`), 'node is the one that runs this');
  });

  it('keeps the NODE_OPTIONS of a container and adds the network to them', () =>
    assert.equal(
      build({ command: ['node'], env: [{ name: 'NODE_OPTIONS', value: '--no-warnings' }] }).env.NODE_OPTIONS,
      '--no-warnings --import=file:///preload.ts',
    ));

  it('runs our programs for our images, with the paths that the images set', () => {
    const { file, args, env } = build({ image: 'ghcr.io/x/autocert-renewer:1', volumeMounts: [certs] });
    assert.equal(file, process.execPath);
    assert.match(args[0] ?? '', /renewer\/main\.ts$/);
    assert.equal(env.CRT, '/tmp/v/certs/site.crt');
    assert.equal(env.KEY, '/tmp/v/certs/site.key');
    assert.equal(env.STEP_ROOT, '/tmp/v/certs/root.crt');
  });

  it('works in a folder of a volume, else in a folder of this machine, else where the user is', () => {
    const cwd = (workingDir: string) =>
      build({ command: ['sh'], workingDir, volumeMounts: [{ name: 'app', mountPath: '/srv/app' }] }).cwd;
    assert.equal(cwd('/srv/app/sub'), '/tmp/v/app/sub');
    assert.equal(cwd('/'), '/');
    assert.equal(cwd('/no/such/folder'), '/tmp');
  });

  it('never puts a Secret into the arguments unless the manifest does', () => {
    const secret = { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 's', key: 'token' } } };
    assert.doesNotMatch(build({ command: ['sh', '-c', 'echo $TOKEN'], env: [secret] }).args.join(' '), /s3cret/);
  });

  it('finds a command at its absolute path only where it is', () => {
    assert.equal(build({ command: ['/bin/sh'] }).file, '/bin/sh');
    assert.throws(() => build({ command: ['/no/such/sh'] }), { code: 'ERR_LOCAL_PROGRAM' });
  });
});
