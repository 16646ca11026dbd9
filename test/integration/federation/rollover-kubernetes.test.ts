/**
 * The section "In Kubernetes" of docs/guides/rollover.md: its commands as they stand, by the real kubectl on a real API
 * server, with the objects of the chart. After each of them the CA's init container runs as in a pod that starts, and
 * the CA serves what it wrote.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { CaClient, fetchRootByFingerprint } from '../../../lib/ca-client/index.ts';
import { fingerprint, parseCertificateChainPem } from '../../../lib/x509/index.ts';
import { peerPath } from '../../../tools/peers/index.ts';
import { render } from '../../helm/chart.ts';
import { findObject, valueAt } from '../../helm/objects.ts';
import { startCaProcess } from '../../peers/certificate-authority.ts';
import { compileCache } from '../../peers/compile-cache.ts';
import { type KubernetesApi, startKubernetesApi } from '../../peers/kubernetes-api.ts';

const root = join(import.meta.dirname, '../../..');
const prefix = 'autocert-step-certificates';
const run = promisify(execFile);
const wanted = (kind: string, name: string): boolean =>
  name.startsWith(prefix) ? ['ConfigMap', 'Secret', 'StatefulSet'].includes(kind) : kind === 'Deployment';

describe('docs/guides/rollover.md, in Kubernetes', () => {
  let api: KubernetesApi;
  let folder: string;
  let blocks: string[];
  before(async () => {
    api = await startKubernetesApi();
    folder = await mkdtemp(join(tmpdir(), 'autocert-rollover-'));
    const guide = await readFile(join(root, 'docs/guides/rollover.md'), 'utf8');
    const section = guide.split('## In Kubernetes')[1] ?? '';
    blocks = Array.from(section.matchAll(/^```sh\n([\s\S]*?)^```$/gm), ([, block = '']) => block);
    assert.equal(blocks.length, 5);
    const objects = (await render({ namespace: 'step' })).filter(({ kind, metadata }) => wanted(kind, metadata.name));
    await api.kubectl(['create', 'namespace', 'step']);
    await api.kubectl(
      ['apply', '-n', 'step', '-f', '-'],
      JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }),
    );
  });
  after(async () => {
    await api?.stop();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  const env = (): Record<string, string> => ({
    PATH: [dirname(peerPath('kubectl')), join(root, 'bin'), process.env.PATH].join(delimiter),
    HOME: folder,
    KUBECONFIG: api.kubeconfigPath,
    P: prefix, // the first block exports it to the shell of the reader
  });
  const shell = (script = ''): Promise<{ stdout: string }> => run('sh', ['-euc', script], { cwd: folder, env: env() });

  /** What a pod of the CA does when it starts; then whom it tells clients to trust, and who issues. */
  async function restartCa(): Promise<{ roots: string[]; issuer: string }> {
    const objects = await render({ namespace: 'step' });
    const args = valueAt<string[]>(
      findObject(objects, 'StatefulSet', prefix),
      'spec.template.spec.initContainers.0.args',
    );
    const stepPath = join(folder, 'pod');
    await run(process.execPath, [join(root, 'ca/main.ts'), ...args], {
      env: { ...env(), ...compileCache, STEPPATH: stepPath, NAMESPACE: 'step' },
    });
    const configPath = join(stepPath, 'config/ca.json');
    const config = JSON.parse(await readFile(configPath, 'utf8')) as Record<string, unknown>;
    await writeFile(configPath, JSON.stringify({ ...config, address: '127.0.0.1:0', dnsNames: ['localhost'] }));
    const ca = await startCaProcess('autocert-ca', {
      folder: stepPath,
      configPath,
      passwordPath: join(stepPath, 'secrets/passwords/password'),
    });
    try {
      const [first = ''] = parseCertificateChainPem(await readFile(join(stepPath, 'certs/root_ca.crt'), 'utf8')).map(
        ({ der }) => fingerprint(der),
      );
      const client = new CaClient({ url: ca.url, roots: [await fetchRootByFingerprint(ca.url, first)] });
      const roots = (await client.roots()).flatMap(parseCertificateChainPem).map(({ der }) => fingerprint(der));
      const [issuer] = (await client.intermediates()).flatMap(parseCertificateChainPem);
      return { roots, issuer: issuer ? fingerprint(issuer.der) : '' };
    } finally {
      await ca.stop();
    }
  }

  it('brings the new root in and the old one out, command by command', { timeout: 180_000 }, async () => {
    const [fetchAll, addRoot, bring, switchRoot = '', removeRoot = ''] = blocks;
    const begin = await restartCa();
    assert.equal(begin.roots.length, 1);

    await shell(fetchAll);
    await shell(addRoot);
    await shell(bring);
    const both = await restartCa();
    assert.deepEqual([both.roots[0], both.roots.length, both.issuer], [begin.roots[0], 2, begin.issuer]);

    await assert.rejects(shell(switchRoot), { stderr: /too early/ });
    await shell(switchRoot.replace('rollover switch-root', '$& --force'));
    const switched = await restartCa();
    assert.deepEqual(switched.roots, both.roots.toReversed());
    assert.notEqual(switched.issuer, begin.issuer);

    await assert.rejects(shell(removeRoot), { stderr: /too early/ });
    await shell(removeRoot.replace('rollover remove-root', '$& --force'));
    assert.deepEqual(await restartCa(), { roots: [both.roots[1]], issuer: switched.issuer });

    const { body } = await api.call('GET', `/api/v1/namespaces/step/secrets/${prefix}-secrets`);
    const names = Object.keys(valueAt<Record<string, string>>(body, 'data'));
    assert.ok(names.includes('intermediate_ca_2_key') && !names.includes('root_ca_2_key'), names.join());
  });
});
