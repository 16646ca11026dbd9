import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Container, Pod } from '../manifests/objects.ts';
import { buildEnvironment, type DataSource } from './environment.ts';
import { expandVariables } from './expand-variables.ts';
import { findOnDisk, mapMounts, rewriteMountPaths } from './mount-paths.ts';
import { chooseProgram, findProgram, parseImageCommands } from './program.ts';
import { splitWords } from './split-words.ts';

describe('expandVariables', () => {
  const variables: Record<string, string> = { A: '1', B: '$(A)' };
  const rows = [
    { text: 'x-$(A)-y', want: 'x-1-y' },
    { text: '$(A)$(A)', want: '11' },
    { text: '$(MISSING)', want: '$(MISSING)' },
    { text: '$$(A)', want: '$(A)' },
    { text: '$$$(A)', want: '$1' },
    { text: '$(B)', want: '$(A)' },
    { text: '$A $', want: '$A $' },
    { text: '$(A', want: '$(A' },
    { text: '$()', want: '$()' },
  ];
  for (const { text, want } of rows) {
    it(`makes ${want} of ${text}`, () =>
      assert.equal(
        expandVariables(text, (name) => variables[name]),
        want,
      ));
  }
});

const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'web-1',
    namespace: 'apps',
    uid: 'u1',
    labels: { app: 'web', a: 'x"y' },
    annotations: { 'a/b': 'c' },
  },
  spec: { containers: [{ name: 'web' }] },
};
const buffers = (values: Record<string, string>): Map<string, Buffer> =>
  new Map(Object.entries(values).map(([key, value]) => [key, Buffer.from(value)]));
const data: DataSource = {
  secret: (namespace, name) =>
    namespace === 'apps' && name === 's' ? buffers({ token: 't0k', other: '/data' }) : undefined,
  configMap: (namespace, name) => (namespace === 'apps' && name === 'c' ? buffers({ dir: '/data/x' }) : undefined),
};

describe('buildEnvironment', () => {
  const build = (container: Partial<Container>): Record<string, string> =>
    Object.fromEntries(
      buildEnvironment('p.yaml', pod, { name: 'web', ...container }, data, (text) => text.replace('/data', '/tmp/v')),
    );

  it('reads literals, fields, Secrets and ConfigMaps', () =>
    assert.deepEqual(
      build({
        env: [
          { name: 'EMPTY' },
          { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          { name: 'UID', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } },
          { name: 'LABEL', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
          { name: 'ANNOTATION', valueFrom: { fieldRef: { fieldPath: "metadata.annotations['a/b']" } } },
          { name: 'LABELS', valueFrom: { fieldRef: { fieldPath: 'metadata.labels' } } },
          { name: 'ACCOUNT', valueFrom: { fieldRef: { fieldPath: 'spec.serviceAccountName' } } },
          { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
          { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 's', key: 'token' } } },
          { name: 'GREETING', value: '$(NAME) has $(TOKEN), not $(LATER)' },
          { name: 'LATER', value: 'x' },
        ],
      }),
      {
        EMPTY: '',
        NAME: 'web-1',
        UID: 'u1',
        LABEL: 'web',
        ANNOTATION: 'c',
        LABELS: 'a="x\\"y"\napp="web"',
        ACCOUNT: 'default',
        IP: '127.0.0.1',
        TOKEN: 't0k',
        GREETING: 'web-1 has t0k, not $(LATER)',
        LATER: 'x',
      },
    ));

  it('puts envFrom before env, with its prefix', () =>
    assert.deepEqual(
      build({ envFrom: [{ prefix: 'S_', secretRef: { name: 's' } }], env: [{ name: 'S_token', value: 'own' }] }),
      {
        S_token: 'own',
        S_other: '/data',
      },
    ));

  it('maps mount paths in literals and ConfigMaps and leaves Secrets alone', () =>
    assert.deepEqual(
      build({
        env: [
          { name: 'A', value: '/data/a' },
          { name: 'B', valueFrom: { configMapKeyRef: { name: 'c', key: 'dir' } } },
          { name: 'C', valueFrom: { secretKeyRef: { name: 's', key: 'other' } } },
        ],
      }),
      { A: '/tmp/v/a', B: '/tmp/v/x', C: '/data' },
    ));

  it('leaves out what is optional and not there', () =>
    assert.deepEqual(
      build({
        envFrom: [{ configMapRef: { name: 'none', optional: true } }],
        env: [
          { name: 'A', valueFrom: { secretKeyRef: { name: 'none', key: 'k', optional: true } } },
          { name: 'B', valueFrom: { secretKeyRef: { name: 's', key: 'none', optional: true } } },
        ],
      }),
      {},
    ));

  const refused: { name: string; container: Partial<Container>; code: string }[] = [
    {
      name: 'a missing Secret',
      container: { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'none', key: 'k' } } }] },
      code: 'ERR_LOCAL_REFERENCE',
    },
    {
      name: 'a missing key',
      container: { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] },
      code: 'ERR_LOCAL_REFERENCE',
    },
    {
      name: 'a missing whole ConfigMap',
      container: { envFrom: [{ configMapRef: { name: 'none' } }] },
      code: 'ERR_LOCAL_REFERENCE',
    },
    {
      name: 'an unknown field',
      container: { env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.x' } } }] },
      code: 'ERR_LOCAL_MANIFEST',
    },
    {
      name: 'an inherited field',
      container: { env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'toString' } } }] },
      code: 'ERR_LOCAL_MANIFEST',
    },
  ];
  for (const { name, container, code } of refused)
    it(`refuses ${name}`, () => assert.throws(() => build(container), { code }));
});

describe('rewriteMountPaths', () => {
  const mounts = mapMounts(
    {
      name: 'web',
      volumeMounts: [
        { name: 'a', mountPath: '/var/run/app' },
        { name: 'b', mountPath: '/var/run/app/inner/' },
        { name: 'c', mountPath: '/etc/x.d', subPath: 'sub' },
      ],
    },
    (volume) => `/tmp/${volume}`,
  );
  const rows = [
    { text: '/var/run/app', want: '/tmp/a' },
    { text: '/var/run/app/site.crt', want: '/tmp/a/site.crt' },
    { text: '/var/run/app/inner/x', want: '/tmp/b/x' },
    { text: '--cert=/var/run/app/site.crt', want: '--cert=/tmp/a/site.crt' },
    { text: 'PATH=/bin:/var/run/app:/usr/bin', want: 'PATH=/bin:/tmp/a:/usr/bin' },
    { text: 'file:///var/run/app/x', want: 'file:///tmp/a/x' },
    { text: "cat '/var/run/app' /etc/x.d/f", want: "cat '/tmp/a' /tmp/c/sub/f" },
    { text: '/var/run/apple', want: '/var/run/apple' },
    { text: '/var/run/app-2', want: '/var/run/app-2' },
    { text: '/srv/var/run/app', want: '/srv/var/run/app' },
    { text: 'https://host/var/run/app', want: 'https://host/var/run/app' },
    { text: '/etc/xyd', want: '/etc/xyd' },
  ];
  for (const { text, want } of rows)
    it(`makes ${want} of ${text}`, () => assert.equal(rewriteMountPaths(text, mounts), want));

  it('finds where a path of the container is', () => {
    assert.equal(findOnDisk('/var/run/app/inner', mounts), '/tmp/b');
    assert.equal(findOnDisk('/etc/x.d/f', mounts), '/tmp/c/sub/f');
    assert.equal(findOnDisk('/etc', mounts), undefined);
  });
});

describe('splitWords', () => {
  const rows = [
    { text: ' node  a.js ', want: ['node', 'a.js'] },
    { text: `sh -c 'echo "x y"'`, want: ['sh', '-c', 'echo "x y"'] },
    { text: 'a "b\\"c" d\\ e', want: ['a', 'b"c', 'd e'] },
    { text: `x''`, want: ['x'] },
    { text: `''`, want: [''] },
    { text: '', want: [] },
  ];
  for (const { text, want } of rows)
    it(`reads ${JSON.stringify(text)}`, () => assert.deepEqual(splitWords(text), want));
  it('refuses a quote that is not closed', () =>
    assert.throws(() => splitWords(`sh -c 'x`), { code: 'ERR_CLI_USAGE' }));
  it('ends on any text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          splitWords(text);
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'ERR_CLI_USAGE');
        }
      }),
    );
  });
});

describe('chooseProgram', () => {
  const images = parseImageCommands(['web=node web.js', 'ghcr.io/acme/api:1=api --serve']);
  const choose = (container: Partial<Container>) => chooseProgram('p.yaml', { name: 'web', ...container }, images);

  const rows: { name: string; container: Partial<Container>; want: unknown }[] = [
    {
      name: 'our image',
      container: { image: 'ghcr.io/x/autocert-renewer:1.2' },
      want: { kind: 'ours', program: 'renewer' },
    },
    {
      name: 'a mapped image with any tag',
      container: { image: 'web:3' },
      want: { kind: 'command', words: ['node', 'web.js'] },
    },
    {
      name: 'a mapped image of any registry',
      container: { image: 'localhost:5000/web@sha256:ab' },
      want: { kind: 'command', words: ['node', 'web.js'] },
    },
    {
      name: 'a full image name, with args',
      container: { image: 'ghcr.io/acme/api:1', args: ['-v'] },
      want: { kind: 'command', words: ['api', '--serve', '-v'] },
    },
    {
      name: 'command before image',
      container: { image: 'web', command: ['sleep'], args: ['1'] },
      want: { kind: 'command', words: ['sleep', '1'] },
    },
  ];
  for (const { name, container, want } of rows) it(`takes ${name}`, () => assert.deepEqual(choose(container), want));

  it('names image and remedy when nothing stands for it', () =>
    assert.throws(() => choose({ image: 'nginx:1.29' }), {
      code: 'ERR_LOCAL_PROGRAM',
      hint: "say what stands for it: --image 'nginx=COMMAND'",
    }));
  it('refuses a mapping without command', () =>
    assert.throws(() => parseImageCommands(['web=']), { code: 'ERR_CLI_USAGE' }));
  it('refuses a command that is not on this machine', () =>
    assert.throws(() => findProgram('p.yaml', { name: 'web', image: 'web:1' }, 'nginx', () => undefined), {
      code: 'ERR_LOCAL_PROGRAM',
      message: 'p.yaml: container web: command nginx is not on this machine',
    }));
});
