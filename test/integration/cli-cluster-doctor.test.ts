/** `autocert doctor` against a real API server with the real webhook behind it; what it finds is really wrong there. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { CheckResult, Finding } from '../../cli/cluster/doctor/check.ts';
import { type AdmissionCluster, startAdmissionCluster } from './api-server/admission-cluster.ts';
import { autocert, namespaceYaml, nextSecond, podYaml, type Ran, reportReplicas } from './cli-cluster-fixture.ts';
import { until } from './webhook-harness.ts';

const registration = 'mutatingwebhookconfiguration/autocert-autocert-webhook-config';
const wants = (subject: string) => ({ annotations: { 'autocert.step.sm/name': subject } });

const guide = readFileSync(join(import.meta.dirname, '../../docs/guides/doctor.md'), 'utf8');

const deployment = (namespace: string, name: string, { annotations }: { annotations: object }): string => {
  const labels = { app: name };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'app', image: 'app' }] } };
  const spec = { selector: { matchLabels: labels }, template };
  return `---\n${JSON.stringify({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace, annotations }, spec })}\n`;
};

type Report = {
  readonly exitCode: number;
  readonly checks: readonly CheckResult[];
  readonly findings: readonly Finding[];
};

describe('autocert doctor', () => {
  let cluster: AdmissionCluster;
  let kubectl: AdmissionCluster['api']['kubectl'];
  before(async () => {
    cluster = await startAdmissionCluster('service-account');
    ({ kubectl } = cluster.api);
    const root = readFileSync(cluster.authority.rootPath, 'utf8');
    const patch = JSON.stringify({ data: { 'root_ca.crt': root } });
    await kubectl(['-n', 'step', 'patch', 'configmap', 'autocert-step-certificates-certs', '--patch', patch]);
    await cluster.createNamespace('shop', { 'autocert.step.sm': 'enabled' });
    await reportReplicas(cluster.api, 'deployments/autocert');
    await reportReplicas(cluster.api, 'statefulsets/autocert-step-certificates');
  });
  after(() => cluster?.stop());

  const doctor = (...args: string[]): Promise<Ran> => autocert(cluster.api.kubeconfigPath, 'doctor', ...args);
  async function examine(
    ...args: string[]
  ): Promise<Report & { check(id: string): CheckResult | undefined; ids: string[] }> {
    const { code, out, err } = await doctor('-o', 'json', ...args);
    assert.equal(err, '');
    const report = JSON.parse(out) as Report;
    assert.equal(report.exitCode, code);
    for (const { id } of report.findings) assert.ok(guide.includes(`\`${id}\``), `docs/guides/doctor.md lacks ${id}`);
    return {
      ...report,
      check: (id) => report.checks.find((one) => one.id === id),
      ids: report.findings.map(({ id }) => id),
    };
  }

  it('sees what is in order, and a pod get its containers over the connection that every pod takes', async () => {
    const { checks, check } = await examine();
    const fine = checks.filter(({ status }) => status === 'ok').map(({ id }) => id);
    const expected = [
      'version',
      'access',
      'registration',
      'deployment',
      'service',
      'config',
      'rights',
      'ca',
      'root',
      'ca-bundle',
    ];
    assert.deepEqual(fine, [...expected, 'admission', 'namespaces', 'annotations', 'pods']);
    assert.match(check('admission')?.detail ?? '', /a pod in namespace probe gets its containers/);
    assert.match(check('ca-bundle')?.detail ?? '', /the root of the CA$/);
    assert.deepEqual(JSON.parse(await kubectl(['-n', 'probe', 'get', 'pods', '-o', 'json'])).items, []);
  });

  it('says what it could not look at', async () => {
    const { check } = await examine();
    assert.deepEqual(
      [check('webhook')?.status, check('webhook')?.detail],
      ['unknown', 'its Service leads out of the cluster'],
    );
    assert.equal(check('intermediate')?.status, 'unknown');
  });

  it('prints a report that a person can read, without colours where there is no terminal', async () => {
    const { code, out } = await doctor();
    assert.equal(code, 1);
    assert.match(out, /^https:\/\/127\.0\.0\.1:\d+ \(context test\)\n\n✔ {2}Kubernetes +v1\.37\.\d+\n/);
    assert.match(
      out,
      /\nerror Service step\/autocert-step-certificates \[ca-no-endpoints\]\n {2}why +no pod behind it is ready/,
    );
    assert.match(out, /\n1 finding; 2 of 17 checks could not be made\n$/);
    assert.ok(!out.includes('\x1b'));
  });

  it('finds pods that were not injected, each with its own reason and remedy', async () => {
    const pods = [
      namespaceYaml('dark'),
      podYaml('dark', 'unlit', wants('unlit.dark')),
      namespaceYaml('typo', { 'autocert.step.sn': 'enabled' }),
      namespaceYaml('wrong', { 'autocert.step.sm': 'true' }),
      namespaceYaml('off', { 'autocert.step.sm': 'disabled' }),
      podYaml('shop', 'own', { ...wants('own.shop'), labels: { 'autocert.step.sm/control-plane': 'x' } }),
      podYaml('shop', 'plain'),
      deployment('shop', 'lost', wants('lost.shop')),
    ];
    // The policy would refuse what the webhook leaves alone
    await kubectl(['delete', 'validatingadmissionpolicybinding', 'autocert-injected', 'autocert-annotations']);
    // The API server takes the change up in its own time
    await until(
      'pods are admitted',
      () => kubectl(['apply', '-f', '-'], pods.join('')),
      () => true,
    );
    await nextSecond(); // the times of objects are whole seconds
    await kubectl(['-n', 'shop', 'annotate', 'pod', 'plain', 'autocert.step.sm/name=plain.shop']);
    const { findings, ids } = await examine();
    const seen = Object.fromEntries(findings.map(({ id, what, remedy }) => [id, [what, remedy]]));
    assert.deepEqual(seen['pod-in-namespace-without-label'], [
      'pod dark/unlit',
      'kubectl label namespace dark autocert.step.sm=enabled --overwrite; then kubectl -n dark delete pod unlit, and create it again from its manifest',
    ]);
    assert.deepEqual(seen['annotation-misplaced'], [
      'Deployment shop/lost',
      'move it to the template: spec.template.metadata.annotations',
    ]);
    assert.deepEqual(seen['pod-opted-out']?.[0], 'pod shop/own');
    assert.deepEqual(seen['pod-annotated-later']?.[0], 'pod shop/plain');
    assert.deepEqual(seen['namespace-label-misspelled'], [
      'namespace typo',
      'kubectl label namespace typo autocert.step.sn- autocert.step.sm=enabled',
    ]);
    assert.deepEqual(seen['namespace-label-value']?.[0], 'namespace wrong');
    assert.deepEqual(seen['fails-open']?.[0], 'MutatingWebhookConfiguration autocert-autocert-webhook-config');
    assert.ok(!findings.some(({ what }) => what === 'namespace off'), ids.join());
  });

  it('looks at one namespace when it is told so', async () => {
    const { findings } = await examine('-n', 'typo');
    const named = findings.filter(({ what }) => /^(pod|namespace) /.test(what)).map(({ what }) => what);
    assert.deepEqual(named, ['namespace typo']);
  });

  it('lets explain --server tell what the API server makes of a pod, with every webhook and policy', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'autocert-explain-'));
    const path = join(folder, 'pods.yaml');
    const spec = { serviceAccountName: 'default' };
    const bad = { annotations: { 'autocert.step.sm/name': 'bad.shop', 'autocert.step.sm/duration': 'x' } };
    const pods = [
      podYaml('shop', 'new', { ...wants('new.shop'), spec }),
      podYaml('shop', 'bad', { ...bad, spec }),
      podYaml('dark', 'other', { ...wants('other.dark'), spec }),
    ];
    writeFileSync(path, pods.join(''));
    try {
      const { code, out } = await autocert(cluster.api.kubeconfigPath, 'explain', path, '--server');
      assert.equal(code, 1);
      const [fresh = '', refused = '', dark = ''] = out.split('\n\n');
      assert.match(
        fresh,
        /^Pod shop\/new gets a certificate\n {2}why +the API server adds autocert-bootstrapper, autocert-renewer/,
      );
      assert.match(
        refused,
        /^Pod shop\/bad is refused\n {2}why +admission webhook "autocert\.step\.sm" denied the request: .*ERR_ANNOTATION/,
      );
      assert.match(dark, /^Pod dark\/other gets no certificate: .*\n {2}why +the API server takes it as it is/);
    } finally {
      rmSync(folder, { recursive: true });
    }
    await assert.rejects(kubectl(['-n', 'shop', 'get', 'pod', 'new']), /not found/);
  });

  it('finds a caBundle that is not of the CA, and that pods go without', async () => {
    const other = Buffer.from(cluster.api.caPem).toString('base64');
    const patch = [{ op: 'replace', path: '/webhooks/0/clientConfig/caBundle', value: other }];
    await kubectl(['patch', registration, '--type=json', '--patch', JSON.stringify(patch)]);
    const { ids, findings } = await until(
      'the API server takes up the caBundle',
      () => examine('-n', 'shop'),
      (seen) => seen.ids.includes('admission-not-injected'),
    );
    assert.ok(ids.includes('ca-bundle-foreign'), ids.join());
    assert.match(findings.find(({ id }) => id === 'ca-bundle-foreign')?.why ?? '', /test kubernetes CA.*not the root/);
  });

  it('finds rights that the webhook has lost, and replicas that are not ready', async () => {
    await kubectl(['delete', 'clusterrolebinding', 'autocert']);
    await reportReplicas(cluster.api, 'deployments/autocert', 0);
    const { findings, check } = await examine('-n', 'shop');
    const lost = findings.filter(({ id }) => id === 'webhook-rights').map(({ why }) => why);
    assert.deepEqual(lost, [
      'it may not create tokenreviews.authentication.k8s.io',
      'it may not get pods',
      'it may not create events',
      'it may not patch events',
      'it may not get mutatingwebhookconfigurations.admissionregistration.k8s.io "autocert-autocert-webhook-config"',
      'it may not patch mutatingwebhookconfigurations.admissionregistration.k8s.io "autocert-autocert-webhook-config"',
    ]);
    assert.equal(check('deployment')?.findings, undefined);
    assert.equal(findings.find(({ id }) => id === 'deployment-not-ready')?.why, '0 of 2 replicas are ready');
  });

  it('tells somebody without rights what it could not check, and ends with 2', async () => {
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'dev', namespace: 'default' } };
    await kubectl(
      ['apply', '-f', '-'],
      `${JSON.stringify(account)}\n${podYaml('default', 'dev', { spec: { serviceAccountName: 'dev' } })}`,
    );
    const uid = await kubectl(['get', 'pod', 'dev', '-o', 'jsonpath={.metadata.uid}']);
    const pod = { namespace: 'default', name: 'dev', serviceAccount: 'dev', uid };
    const token = await cluster.api.podToken(pod, 'https://kubernetes.default.svc.cluster.local');
    const { code, out } = await autocert(cluster.api.kubeconfigFor(token, 'dev'), 'doctor');
    assert.equal(code, 2);
    assert.match(out, /\? {2}webhook configuration +not checked: mutatingwebhookconfigurations.* is forbidden: User/);
    assert.match(
      out,
      /\? {2}your own rights +not checked: you may not list mutatingwebhookconfigurations\.admissionregistration\.k8s\.io; /,
    );
    assert.match(out, /\nnothing found; \d+ of 17 checks could not be made\n$/);
  });

  it('ends with 2 when no cluster answers', async () => {
    const { code, out, err } = await autocert('/nonexistent', 'doctor');
    assert.deepEqual([code, out], [2, '']);
    assert.match(err, /^error: kubernetes: \/nonexistent cannot be read/);
  });

  it('finds that nothing is registered', async () => {
    await kubectl(['delete', registration]);
    const { ids, findings } = await examine('-n', 'shop');
    assert.equal(ids[0], 'not-registered');
    assert.ok(
      findings.some(({ id, what }) => id === 'pod-without-webhook' && what === 'pod shop/own'),
      ids.join(),
    );
  });
});
