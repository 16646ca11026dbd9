import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { FakeClock } from '../../../lib/time/fake-clock.ts';
import type { DataSource } from '../containers/environment.ts';
import type { Pod, Volume } from '../manifests/objects.ts';
import { planVolume } from './volume-files.ts';
import { createVolumes } from './volume-folders.ts';

const data: DataSource = {
  secret: (_namespace, name) =>
    name === 's'
      ? new Map([
          ['a', Buffer.from([1, 0, 255])],
          ['b', Buffer.from('B')],
        ])
      : undefined,
  configMap: (_namespace, name) => (name === 'c' ? new Map([['x.conf', Buffer.from('X')]]) : undefined),
};
const podWith = (...volumes: Volume[]): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'apps', labels: { app: 'web' } },
  spec: { containers: [{ name: 'web' }], volumes },
});

describe('planVolume', () => {
  const plan = (volume: Omit<Volume, 'name'>) => planVolume('p.yaml', podWith(), { name: 'v', ...volume }, data);

  const rows: { name: string; volume: Omit<Volume, 'name'>; want: unknown }[] = [
    { name: 'an emptyDir is empty', volume: { emptyDir: {} }, want: [] },
    {
      name: 'a Secret is a file a key',
      volume: { secret: { secretName: 's' } },
      want: [
        { path: 'a', content: Buffer.from([1, 0, 255]) },
        { path: 'b', content: Buffer.from('B') },
      ],
    },
    {
      name: 'items pick and rename',
      volume: { secret: { secretName: 's', items: [{ key: 'b', path: 'sub/x' }] } },
      want: [{ path: 'sub/x', content: Buffer.from('B') }],
    },
    { name: 'an optional Secret may be missing', volume: { secret: { secretName: 'none', optional: true } }, want: [] },
    {
      name: 'a ConfigMap is a file a key',
      volume: { configMap: { name: 'c' } },
      want: [{ path: 'x.conf', content: Buffer.from('X') }],
    },
    {
      name: 'the downward API writes fields',
      volume: { downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
      want: [{ path: 'labels', content: Buffer.from('app="web"') }],
    },
    {
      name: 'a projected volume joins its sources',
      volume: {
        projected: {
          sources: [
            { serviceAccountToken: { audience: 'aud', path: 'token', expirationSeconds: 600 } },
            { serviceAccountToken: { path: 'other' } },
            { configMap: { name: 'c', items: [{ key: 'x.conf', path: 'y' }] } },
          ],
        },
      },
      want: [
        { path: 'token', token: { audience: 'aud', expirationSeconds: 600 } },
        { path: 'other', token: { audience: undefined, expirationSeconds: 3600 } },
        { path: 'y', content: Buffer.from('X') },
      ],
    },
  ];
  for (const { name, volume, want } of rows) it(name, () => assert.deepEqual(plan(volume), want));

  it('refuses a Secret that no manifest holds', () =>
    assert.throws(() => plan({ secret: { secretName: 'none' } }), {
      code: 'ERR_LOCAL_REFERENCE',
      message: 'p.yaml: volume v: Secret none is in none of the given manifests',
    }));
  it('refuses a key that is not there', () =>
    assert.throws(() => plan({ configMap: { name: 'c', items: [{ key: 'none', path: 'y' }] } }), {
      code: 'ERR_LOCAL_REFERENCE',
    }));
  for (const path of ['../x', 'a/../../x', '/etc/x']) {
    it(`refuses the path ${path}`, () =>
      assert.throws(() => plan({ configMap: { name: 'c', items: [{ key: 'x.conf', path }] } }), {
        code: 'ERR_LOCAL_MANIFEST',
      }));
  }
});

describe('createVolumes', () => {
  it('writes files that only the user reads, and a new token before the old one expires', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'autocert-volumes-'));
    const clock = new FakeClock();
    const stop = new AbortController();
    try {
      let issued = 0;
      const folders = createVolumes(
        'p.yaml',
        podWith(
          { name: 'secret', secret: { secretName: 's' } },
          { name: 'token', projected: { sources: [{ serviceAccountToken: { path: 't', expirationSeconds: 100 } }] } },
        ),
        folder,
        { data, clock, signal: stop.signal, issueToken: (pod) => `${pod.metadata.name}-${++issued}` },
      );
      assert.equal(statSync(join(folders.get('secret') ?? '', 'b')).mode & 0o777, 0o600);
      assert.equal(statSync(folders.get('secret') ?? '').mode & 0o777, 0o700);
      const token = join(folders.get('token') ?? '', 't');
      assert.equal(readFileSync(token, 'utf8'), 'web-1');
      await clock.advance(79_000);
      assert.equal(readFileSync(token, 'utf8'), 'web-1');
      await clock.advance(2_000);
      assert.equal(readFileSync(token, 'utf8'), 'web-2');
      stop.abort();
      await clock.advance(0);
      assert.equal(clock.sleeping, 0);
    } finally {
      stop.abort();
      rmSync(folder, { recursive: true });
    }
  });
});
