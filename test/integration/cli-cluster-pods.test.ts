/** `autocert pods` against a real API server; a fake kubelet behind it answers for containers that nobody runs. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { parseMetrics, parseOutput } from '../../cli/cluster/pods/held-certificate.ts';
import { type FakeKubelet, startFakeKubelet } from '../fakes/kubelet.ts';
import { type KubernetesApi, startKubernetesApi } from '../peers/kubernetes-api.ts';
import { autocert, manifest, namespaceYaml, podYaml, type Ran } from './cli-cluster-fixture.ts';

const hourMs = 3_600_000;

/** A certificate for a name, begun so many hours ago and ending in so many. */
async function makeCertificate(name: string, begun: number, ends: number): Promise<{ cert: string; key: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '0123456789abcdef',
    name: `CN=${name}`,
    keys,
    notBefore: new Date(Date.now() - begun * hourMs),
    notAfter: new Date(Date.now() + ends * hourMs),
    signingAlgorithm: algorithm,
    extensions: [
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: name },
        { type: 'ip', value: '10.0.0.7' },
      ]),
    ],
  });
  const key = x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  return { cert: `${certificate.toString('pem')}\n`, key };
}

/** A pod as the webhook leaves it, as far as it matters here. */
function injectedPod(name: string, renewerImage = 'autocert-renewer:0.1.0', ports: readonly object[] = []): string {
  const subject = { name: 'COMMON_NAME', value: `${name}.shop` };
  const initContainers = [
    { name: 'autocert-bootstrapper', image: 'autocert-bootstrapper:0.1.0', env: [subject] },
    { name: 'autocert-renewer', image: renewerImage, env: [subject], restartPolicy: 'Always', ports },
  ];
  const annotations = { 'autocert.step.sm/name': `${name}.shop`, 'autocert.step.sm/sans': `${name}.shop, ${name}` };
  return podYaml('shop', name, { annotations, spec: { nodeName: 'node-1', initContainers } });
}

type Item = {
  readonly pod: string;
  readonly state: string;
  readonly note?: string;
  readonly [member: string]: unknown;
};

describe('autocert pods', () => {
  let api: KubernetesApi;
  let kubelet: FakeKubelet;
  const held = new Map<string, string>();
  let renewedAt: number;

  before(async () => {
    renewedAt = Date.now() - 3 * hourMs;
    held.set('fresh', (await makeCertificate('fresh.shop', 3, 21)).cert);
    held.set('late', (await makeCertificate('late.shop', 23, 1)).cert);
    held.set('gone', (await makeCertificate('gone.shop', 25, -1)).cert);
    held.set('upstream', (await makeCertificate('upstream.shop', 1, 23)).cert);
    held.set('odd', 'no certificate');
    api = await startKubernetesApi();
    kubelet = await startFakeKubelet(await makeCertificate('node-1', 1, 1), ({ pod, command }) => {
      const file = held.get(pod);
      if (pod === 'upstream' && command[0] !== 'cat') return undefined; // upstream's image has no Node
      if (file === undefined) return { stderr: 'node: …\nError: ENOENT: no such file', exitCode: 1 };
      return { stdout: command[0] === 'cat' ? file : `${renewedAt}.25\n${file}`, exitCode: 0 };
    });
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1' } };
    const names = ['fresh', 'late', 'gone', 'odd', 'nothing', 'waiting'];
    const pods = [
      ...names.map((name) => injectedPod(name)),
      injectedPod('upstream', 'smallstep/autocert-renewer:0.21.0'),
      podYaml('shop', 'bare', { annotations: { 'autocert.step.sm/name': 'bare.shop' } }),
      podYaml('shop', 'plain'),
    ];
    const objects = [`${JSON.stringify(node)}\n`, namespaceYaml('shop'), namespaceYaml('empty'), ...pods].join('');
    await api.kubectl(['apply', '-f', '-'], objects);
    await api.kubectl(['apply', '--server-side', '-f', '-'], manifest());
    const addresses = [{ type: 'InternalIP', address: '127.0.0.1' }];
    const daemonEndpoints = { kubeletEndpoint: { Port: kubelet.port } };
    await api.call('PATCH', '/api/v1/nodes/node-1/status', { status: { addresses, daemonEndpoints } });
    for (const name of [...names, 'upstream']) {
      const running = { state: { running: {} }, ready: true };
      const bootstrapper =
        name === 'waiting'
          ? {
              state: { waiting: { reason: 'CrashLoopBackOff' } },
              lastState: { terminated: { exitCode: 1, message: 'token: refused by https://ca (401)\n' } },
            }
          : { state: { terminated: { exitCode: 0 } }, ready: true };
      const common = { image: '', imageID: '', ready: false, restartCount: 0 };
      const initContainerStatuses = [
        { ...common, name: 'autocert-bootstrapper', ...bootstrapper },
        ...(name === 'waiting' ? [] : [{ ...common, name: 'autocert-renewer', ...running }]),
      ];
      await api.call('PATCH', `/api/v1/namespaces/shop/pods/${name}/status`, { status: { initContainerStatuses } });
    }
  });
  after(async () => {
    await kubelet?.stop();
    await api?.stop();
  });

  const pods = (...args: string[]): Promise<Ran> => autocert(api.kubeconfigPath, 'pods', ...args);
  const items = async (...args: string[]): Promise<readonly Item[]> =>
    JSON.parse((await pods('-o', 'json', ...args)).out).items;
  const find = async (name: string): Promise<Item | undefined> =>
    (await items('-n', 'shop')).find(({ pod }) => pod === name);

  it('reads names, end and renewal out of the certificate that the pod holds', async () => {
    const item = await find('fresh');
    assert.deepEqual([item?.subject, item?.sans, item?.state], ['fresh.shop', ['fresh.shop', '10.0.0.7'], 'valid']);
    assert.equal(item?.renewed, new Date(renewedAt).toISOString());
    const inHours = (time: unknown): number => (Date.parse(String(time)) - Date.now()) / hourMs;
    assert.ok(Math.abs(inHours(item?.expires) - 21) < 0.1, String(item?.expires));
    // Two thirds of 24 h, less up to a twentieth, from three hours ago
    assert.ok(inHours(item?.renewsNext) > 11.7 && inHours(item?.renewsNext) < 13.1, String(item?.renewsNext));
  });

  const states: readonly (readonly [pod: string, state: string, note: RegExp])[] = [
    ['late', 'overdue', /should have been renewed/],
    ['gone', 'expired', /log of its renewer/],
    ['odd', 'unknown', /its file cannot be read as a certificate/],
    ['nothing', 'unknown', /Error: ENOENT: no such file/],
    ['waiting', 'waiting', /^token: refused by https:\/\/ca \(401\)$/],
    ['bare', 'not injected', /^autocert explain pod\/bare -n shop$/],
  ];
  for (const [name, state, note] of states) {
    it(`tells ${state}: ${name}`, async () => {
      const item = await find(name);
      assert.equal(item?.state, state, item?.note);
      assert.match(item?.note ?? '', note);
    });
  }

  it("reads upstream's renewer with cat, whose file has no time", async () => {
    const item = await find('upstream');
    assert.deepEqual([item?.state, item?.subject, item?.renewed], ['valid', 'upstream.shop', undefined]);
  });

  it('prints a table, and ends with 1 when a certificate has expired', async () => {
    const { code, out } = await pods('--all-namespaces');
    assert.equal(code, 1);
    assert.match(out, /^NAMESPACE +POD +NAME +SANS +EXPIRES +RENEWED +NEXT +STATE\n/);
    assert.match(out, /\nshop +fresh +fresh\.shop +10\.0\.0\.7 +in (20|21)h +3h ago +in 1[123]h +valid\n/);
    assert.match(out, /\nshop +gone +gone\.shop +10\.0\.0\.7 +(1h|60m) ago .*expired/);
    assert.doesNotMatch(out, / plain /);
  });

  it('reads nothing but the public file, in the container of the renewer', async () => {
    await pods('-n', 'shop');
    const [{ container, command } = assert.fail('nothing was asked')] = kubelet.calls;
    assert.equal(container, 'autocert-renewer');
    assert.deepEqual(
      [command[0], command[1], command.at(-1)],
      ['/usr/local/bin/node', '-e', '/var/run/autocert.step.sm/site.crt'],
    );
    assert.ok(kubelet.calls.every(({ command: words }) => !words.join(' ').includes('site.key')));
  });

  it('runs nothing in any pod when it is told so', async () => {
    const before = kubelet.calls.length;
    const [item] = (await items('-n', 'shop', '--no-exec')).filter(({ pod }) => pod === 'fresh');
    assert.deepEqual([item?.state, item?.note], ['unknown', 'its renewer serves no metrics']);
    assert.equal(kubelet.calls.length, before);
  });

  it('says so when nobody asks for a certificate', async () => {
    assert.deepEqual(await pods('-n', 'empty'), {
      code: 0,
      out: '',
      err: 'no pod of namespace empty asks for a certificate\n',
    });
  });

  it('tells somebody who may list pods and not run anything in them', async () => {
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'dev', namespace: 'default' } };
    await api.kubectl(
      ['apply', '-f', '-'],
      `${JSON.stringify(account)}\n${podYaml('default', 'dev', { spec: { serviceAccountName: 'dev' } })}`,
    );
    const uid = await api.kubectl(['get', 'pod', 'dev', '-o', 'jsonpath={.metadata.uid}']);
    const pod = { namespace: 'default', name: 'dev', serviceAccount: 'dev', uid };
    const kubeconfig = api.kubeconfigFor(
      await api.podToken(pod, 'https://kubernetes.default.svc.cluster.local'),
      'dev',
    );
    const refused = await autocert(kubeconfig, 'pods', '-n', 'shop');
    assert.equal(refused.code, 1);
    assert.match(
      refused.err,
      /^error: pods: cannot be read: pods is forbidden: User "system:serviceaccount:default:dev"/,
    );
    await api.kubectl(['-n', 'shop', 'create', 'role', 'reader', '--verb=list', '--resource=pods']);
    await api.kubectl([
      '-n',
      'shop',
      'create',
      'rolebinding',
      'reader',
      '--role=reader',
      '--serviceaccount=default:dev',
    ]);
    const { code, out } = await autocert(kubeconfig, 'pods', '-n', 'shop');
    assert.equal(code, 0);
    assert.match(out, /fresh .*unknown: pods "fresh" is forbidden: User .* cannot \w+ resource "pods\/exec"/);
  });
});

describe('what a pod says of its certificate', () => {
  it('is read from the metrics of its renewer', () => {
    const metrics = [
      'autocert_renewer_certificate_not_after_seconds 1700003600',
      'autocert_renewer_next_renewal_seconds 1700002400.5',
      'autocert_renewer_last_renewal_seconds 0',
    ];
    assert.deepEqual(parseMetrics(metrics.join('\n')), {
      notAfter: 1_700_003_600_000,
      due: 1_700_002_400_500,
      source: 'metrics',
    });
  });
  it('is nothing while there is no certificate, and when something else listens there', () => {
    assert.equal(parseMetrics('autocert_renewer_certificate_not_after_seconds 0\n'), undefined);
    assert.equal(parseMetrics('<html>'), undefined);
  });
  it('is a sentence when the file is cut short', () =>
    assert.equal(
      parseOutput('1700000000000\n-----BEGIN CERTIFICATE-----\nMIIB'),
      'its file cannot be read as a certificate',
    ));
});
