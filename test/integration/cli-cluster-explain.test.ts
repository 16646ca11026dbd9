/** `autocert explain` against a real API server that holds the manifests, and without any cluster. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type KubernetesApi, startKubernetesApi } from '../peers/kubernetes-api.ts';
import {
  autocert,
  manifest,
  manifestPath,
  namespaceYaml,
  nextSecond,
  podYaml,
  type Ran,
} from './cli-cluster-fixture.ts';

const name = 'autocert.step.sm/name';
const wants = (subject: string) => ({ annotations: { [name]: subject } });
const workload = (kind: string, metadata: object, spec: object): string =>
  `---\n${JSON.stringify({ apiVersion: 'apps/v1', kind, metadata, spec })}\n`;
const template = (annotations: object) => ({
  metadata: { labels: { app: 'web' }, annotations },
  spec: { containers: [{ name: 'app', image: 'app' }] },
});
const selector = { matchLabels: { app: 'web' } };

describe('autocert explain', () => {
  let api: KubernetesApi;
  const folder = mkdtempSync(join(tmpdir(), 'autocert-explain-'));
  before(async () => {
    api = await startKubernetesApi();
    const before = [
      namespaceYaml('shop', { 'autocert.step.sm': 'enabled' }),
      namespaceYaml('dark', { 'autocert.step.sn': 'enabled' }),
      podYaml('shop', 'early', wants('early.shop')),
      podYaml('dark', 'unlit', wants('unlit.dark')),
      workload(
        'Deployment',
        { name: 'web', namespace: 'shop' },
        { selector, template: template({ [name]: 'web.shop' }) },
      ),
    ];
    await api.kubectl(['apply', '-f', '-'], before.join(''));
    await nextSecond(); // the times of objects are whole seconds
    await api.kubectl(['apply', '--server-side', '-f', '-'], manifest());
  });
  after(async () => {
    rmSync(folder, { recursive: true, force: true });
    await api?.stop();
  });

  const explain = (...args: string[]): Promise<Ran> => autocert(api.kubeconfigPath, 'explain', ...args);
  const file = (text: string): string => {
    const path = join(folder, 'manifest.yaml');
    writeFileSync(path, text);
    return path;
  };

  it('tells what a Deployment of the cluster will get', async () => {
    const { code, out } = await explain('deploy/web', '-n', 'shop');
    assert.equal(code, 0, out);
    assert.match(out, /^Deployment shop\/web gets a certificate\n/);
    assert.match(out, /names +web\.shop\n/);
    assert.match(out, /lifetime +24h\n/);
    assert.match(out, /adds +init container autocert-bootstrapper \(autocert-bootstrapper:/);
    assert.match(out, /adds +native sidecar autocert-renewer/);
  });

  it('prints the patch that the webhook would answer, for a program', async () => {
    const { out } = await explain('deploy/web', '-n', 'shop', '-o', 'json');
    const [item] = JSON.parse(out).items;
    assert.deepEqual([item.kind, item.verdict, item.certificate.subject], ['Deployment', 'inject', 'web.shop']);
    const paths = item.patch.map(({ path }: { path: string }) => path);
    assert.ok(paths.includes('/spec/initContainers') && paths.includes('/spec/volumes'), paths.join());
  });

  it('tells why a live pod has no certificate, and that a new one would', async () => {
    const { code, out } = await explain('pod/early', '-n', 'shop');
    assert.equal(code, 1);
    assert.match(out, /^Pod shop\/early has no certificate\n/);
    assert.match(out, /why +it was created .*, before the webhook was installed/);
    assert.match(out, /remedy +kubectl -n shop delete pod early, and create it again/);
    assert.match(out, /then +created anew it gets a certificate/);
  });

  it('sees a label of the namespace that is misspelled', async () => {
    const { code, out } = await explain('po/unlit', '--namespace=dark');
    assert.equal(code, 1);
    assert.match(out, /gets no certificate: the API server does not ask the webhook about it\n/);
    assert.match(out, /its namespace has the label autocert\.step\.sn, and autocert\.step\.sm is meant/);
    assert.match(
      out,
      /remedy +kubectl label namespace dark autocert\.step\.sm=enabled --overwrite; then kubectl -n dark delete pod unlit/,
    );
  });

  it('explains a manifest before it is applied, with the namespace that stands in it', async () => {
    const text = namespaceYaml('new', { 'autocert.step.sm': 'enabled' }) + podYaml('new', 'a', wants('a.new'));
    assert.match((await explain(file(text))).out, /^Pod new\/a gets a certificate/);
    const unlabelled = namespaceYaml('new') + podYaml('new', 'a', wants('a.new'));
    assert.match((await explain(file(unlabelled))).out, /^Pod new\/a gets no certificate/);
  });

  it('quotes the rule that refuses a pod, with remedy and code', async () => {
    const annotations = { [name]: 'a.shop', 'autocert.step.sm/duration': '1 day' };
    const { code, out } = await explain(file(podYaml('shop', 'a', { annotations })));
    assert.equal(code, 1);
    assert.match(out, /^Pod shop\/a is refused\n/);
    assert.match(out, /code +ERR_ANNOTATION_INVALID\n/);
  });

  it('finds the annotation in the wrong place', async () => {
    const metadata = { name: 'web', namespace: 'shop', annotations: { [name]: 'web.shop' } };
    const { code, out } = await explain(file(workload('Rollout', metadata, { template: template({}) })));
    assert.equal(code, 1);
    assert.match(out, /the annotation stands at the Rollout itself/);
  });

  it('is content with a pod that asks for nothing', async () => {
    const { code, out } = await explain(file(podYaml('shop', 'plain')));
    assert.equal(code, 0);
    assert.match(out, /^Pod shop\/plain asks for no certificate/);
  });

  it('needs no cluster when it is given the configuration', async () => {
    const { code, out, err } = await autocert(
      '/nonexistent',
      'explain',
      file(podYaml('shop', 'a', wants('a.shop'))),
      '--config',
      manifestPath,
      '-o',
      'yaml',
    );
    assert.equal(code, 0, err);
    assert.match(out, /verdict: inject/);
    assert.match(err, /^note: without a cluster/);
  });

  const wrong: readonly (readonly [args: readonly string[], code: number, says: RegExp])[] = [
    [['pod/nobody', '-n', 'shop'], 1, /error: Pod shop\/nobody: not found\nhint: name its namespace/],
    [['service/web'], 2, /"service" is no kind with pods/],
    [['pod/web', '--config', manifestPath], 2, /--config goes with a manifest file/],
    [['/nonexistent.yaml'], 1, /cannot be read/],
    [['deploy/web', '--context', 'other'], 1, /has no context "other", but test/],
  ];
  for (const [args, code, says] of wrong) {
    it(`says what is wrong: explain ${args.map((arg) => arg.split('/').at(-1)).join(' ')}`, async () => {
      const ran = await explain(...args);
      assert.equal(ran.code, code, ran.err);
      assert.match(ran.err, says);
      assert.equal(ran.out, '');
    });
  }
});
