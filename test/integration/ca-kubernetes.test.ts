/**
 * The CA's init container as the chart runs it, on a real API server: with the rendered objects, its arguments and the
 * rights of its ServiceAccount. What it writes is then served to the real step CLI.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { render } from '../helm/chart.ts';
import { findObject, type KubernetesObject, valueAt } from '../helm/objects.ts';
import { initCa, startCaProcess } from '../peers/certificate-authority.ts';
import { compileCache } from '../peers/compile-cache.ts';
import { type KubernetesApi, startKubernetesApi } from '../peers/kubernetes-api.ts';
import { step } from '../peers/step.ts';

const prefix = 'autocert-step-certificates';
const caKinds = ['ConfigMap', 'Secret', 'Role', 'RoleBinding', 'ServiceAccount'];
const mainModule = join(import.meta.dirname, '../../ca/main.ts');

describe('autocert-ca init in the namespace of a release', () => {
  let api: KubernetesApi;
  let objects: KubernetesObject[];
  let args: readonly string[];
  let namespace: string;
  let folder: string;
  let count = 0;

  before(async () => {
    api = await startKubernetesApi();
  });
  after(() => api?.stop());

  beforeEach(async (context) => {
    namespace = `step-${++count}`;
    folder = await mkdtemp(join(tmpdir(), 'autocert-pki-'));
    if ('after' in context) context.after(() => rm(folder, { recursive: true, force: true }));
    objects = await render({ namespace });
    const statefulSet = findObject(objects, 'StatefulSet', prefix);
    args = valueAt<string[]>(statefulSet, 'spec.template.spec.initContainers.0.args');
    await api.kubectl(['create', 'namespace', namespace]);
    await apply(objects.filter(({ kind, metadata }) => caKinds.includes(kind) && metadata.name.startsWith(prefix)));
  });

  const apply = (list: readonly object[]): Promise<string> =>
    api.kubectl(['apply', '-n', namespace, '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: list }));

  /** Runs the init container once, with its own rights, into a STEPPATH. */
  async function init(stepPath = folder): Promise<{ code: number | null; output: string }> {
    const token = await api.kubectl(['create', 'token', prefix, '-n', namespace]);
    const kubeconfig = api.kubeconfigFor(token.trim(), `${namespace}-init`);
    const child = spawn(process.execPath, [mainModule, ...args], {
      env: { STEPPATH: stepPath, NAMESPACE: namespace, KUBECONFIG: kubeconfig, HOME: folder, ...compileCache },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
      });
    }
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, output };
  }

  const dataOf = async (kind: 'configmaps' | 'secrets', part: string): Promise<Record<string, string>> => {
    const { body } = await api.call('GET', `/api/v1/namespaces/${namespace}/${kind}/${prefix}-${part}`);
    return valueAt<Record<string, string> | undefined>(body, 'data') ?? {};
  };
  const everything = async (): Promise<unknown> => [
    await dataOf('configmaps', 'config'),
    await dataOf('configmaps', 'certs'),
    await dataOf('secrets', 'secrets'),
    await dataOf('secrets', 'ca-password'),
    await dataOf('secrets', 'provisioner-password'),
    await dataOf('secrets', 'webhook-password'),
  ];

  /** Signs with the webhook's provisioner at a CA that runs from the written files. */
  async function signAtServer(passwordOf: () => Promise<string>): Promise<void> {
    const configPath = join(folder, 'config/ca.json');
    const config = JSON.parse(await readFile(configPath, 'utf8')) as Record<string, unknown>;
    await writeFile(configPath, JSON.stringify({ ...config, address: '127.0.0.1:0', dnsNames: ['localhost'] }));
    const ca = await startCaProcess('autocert-ca', {
      folder,
      configPath,
      passwordPath: join(folder, 'secrets/passwords/password'),
    });
    try {
      const cwd = await mkdtemp(join(folder, 'client-'));
      const root = join(folder, 'certs/root_ca.crt');
      await writeFile(join(cwd, 'password'), await passwordOf());
      const common = ['--ca-url', ca.url, '--root', root];
      const provisioner = ['--provisioner', 'autocert', '--provisioner-password-file', join(cwd, 'password')];
      await step(['ca', 'certificate', 'web.shop.svc', 'web.crt', 'web.key', ...common, ...provisioner], {
        stepPath: cwd,
        cwd,
      });
      const verified = await step(['certificate', 'verify', 'web.crt', '--roots', root], { stepPath: cwd, cwd });
      assert.equal(verified, '');
    } finally {
      await ca.stop();
    }
  }

  it('makes a PKI that the server and the real step CLI use, and a second run changes nothing', async () => {
    const first = await init();
    assert.equal(first.code, 0, first.output);
    const made = await everything();
    const fingerprint = /Root fingerprint: ([0-9a-f]{64})/.exec(first.output)?.[1];
    const defaults = JSON.parse((await dataOf('configmaps', 'config'))['defaults.json'] ?? '{}') as object;
    assert.equal('fingerprint' in defaults && defaults.fingerprint, fingerprint);

    const second = await init();
    assert.equal(second.code, 0, second.output);
    assert.equal(second.output, `✔ Root fingerprint: ${fingerprint}\n`);
    assert.deepEqual(await everything(), made);

    await signAtServer(async () => {
      const { password = '' } = await dataOf('secrets', 'webhook-password');
      return Buffer.from(password, 'base64').toString();
    });
  });

  it('leaves the root key in its Secret and keeps the files from others', async () => {
    const { code, output } = await init();
    assert.equal(code, 0, output);
    assert.deepEqual((await readdir(join(folder, 'secrets'))).sort(), ['intermediate_ca_key', 'passwords']);
    for (const file of ['secrets/intermediate_ca_key', 'secrets/passwords/password', 'config/ca.json']) {
      assert.equal((await stat(join(folder, file))).mode & 0o777, 0o600, file);
    }
  });

  it('says nothing that is secret', async () => {
    const { output } = await init();
    const secrets = await Promise.all(
      ['ca-password', 'provisioner-password', 'webhook-password'].map((part) => dataOf('secrets', part)),
    );
    assert.equal(secrets.length, 3);
    for (const { password = '' } of secrets) {
      const plain = Buffer.from(password, 'base64').toString();
      assert.equal(plain.length, 32);
      assert.ok(!output.includes(plain));
    }
    assert.doesNotMatch(output, /PRIVATE KEY/);
  });

  it('agrees on one PKI when two start at once', async () => {
    const other = join(folder, 'other');
    const [first, second] = await Promise.all([init(), init(other)]);
    assert.deepEqual([first.code, second.code], [0, 0], first.output + second.output);
    for (const file of ['certs/root_ca.crt', 'secrets/intermediate_ca_key', 'secrets/passwords/password']) {
      assert.equal(await readFile(join(folder, file), 'utf8'), await readFile(join(other, file), 'utf8'), file);
    }
  });

  it('takes over the PKI of an upstream release, whose keys are in a ConfigMap', async () => {
    const upstream = await initCa('step-ca');
    try {
      const read = (file: string): Promise<string> => readFile(join(upstream.folder, file), 'utf8');
      const config = (await read('config/ca.json')).replaceAll(upstream.folder, folder);
      const keys = {
        root_ca_key: await read('secrets/root_ca_key'),
        intermediate_ca_key: await read('secrets/intermediate_ca_key'),
      };
      const certs = {
        'root_ca.crt': await read('certs/root_ca.crt'),
        'intermediate_ca.crt': await read('certs/intermediate_ca.crt'),
      };
      const data = (kind: string, part: string, content: object) => ({
        apiVersion: 'v1',
        kind,
        metadata: { name: `${prefix}-${part}`, namespace },
        [kind === 'Secret' ? 'stringData' : 'data']: content,
      });
      await apply([
        data('ConfigMap', 'config', { 'ca.json': config, 'defaults.json': '{}' }),
        data('ConfigMap', 'certs', certs),
        data('ConfigMap', 'secrets', keys),
        data('Secret', 'ca-password', { password: upstream.password }),
        data('Secret', 'provisioner-password', { password: upstream.password }),
      ]);

      const { code, output } = await init();
      assert.equal(code, 0, output);
      assert.deepEqual(await dataOf('configmaps', 'certs'), certs);
      assert.equal(
        Buffer.from((await dataOf('secrets', 'secrets')).intermediate_ca_key ?? '', 'base64').toString(),
        keys.intermediate_ca_key,
      );
      await signAtServer(async () => {
        const { password = '' } = await dataOf('secrets', 'webhook-password');
        return Buffer.from(password, 'base64').toString();
      });
    } finally {
      await upstream.remove();
    }
  });

  it('refuses to make keys beside a PKI that lost its own, and says what to put back', async () => {
    await init();
    await api.kubectl([
      'patch',
      'secret',
      `${prefix}-secrets`,
      '-n',
      namespace,
      '--type=json',
      '-p',
      '[{"op":"remove","path":"/data"}]',
    ]);
    const { code, output } = await init();
    assert.equal(code, 2);
    assert.match(output, new RegExp(`Secret ${prefix}-secrets: holds no intermediate_ca_key`));
    assert.match(output, /hint: put back what was lost from a backup/);
  });

  it('names the object that it may not or cannot read', async () => {
    await api.kubectl(['delete', 'secret', `${prefix}-ca-password`, '-n', namespace]);
    const missing = await init();
    assert.equal(missing.code, 2);
    assert.match(missing.output, new RegExp(`Secret ${prefix}-ca-password: does not exist`));

    await api.kubectl(['delete', 'rolebinding', prefix, '-n', namespace]);
    const forbidden = await init();
    assert.equal(forbidden.code, 2);
    assert.match(forbidden.output, /configmaps|secrets/);
    assert.match(forbidden.output, /forbidden|refused|may not/);
  });
});
