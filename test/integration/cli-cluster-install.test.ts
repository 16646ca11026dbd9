/** `autocert install` against a real API server; the test plays the controllers, the CA's own code makes the PKI. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { stop as stopBundler } from 'esbuild';
import { buildObjects } from '../../cli/cluster/install/manifests.ts';
import { bundleProgram } from '../../tools/bundle/bundle.ts';
import { programs } from '../../tools/bundle/programs.ts';
import { templateChart } from '../../tools/manifests/helm.ts';
import { renderTemplates, templatePath } from '../../tools/manifests/render.ts';
import { parseObjects } from '../helm/objects.ts';
import { type KubernetesApi, startKubernetesApi } from '../peers/kubernetes-api.ts';
import {
  autocert,
  makePki,
  manifest,
  podYaml,
  type Ran,
  reportReplicas,
  startAutocert,
  writeCaBundle,
} from './cli-cluster-fixture.ts';
import { until } from './webhook-harness.ts';

describe('the objects of autocert install', () => {
  it('come from the file that `make manifests` writes', async () =>
    assert.equal(readFileSync(templatePath, 'utf8'), await renderTemplates()));

  it('are those of manifests/autocert.yaml, to the last field', () =>
    assert.deepEqual(buildObjects({ namespace: 'step', registry: '' }), parseObjects(manifest())));

  it('are those of the chart with another namespace and registry', async () => {
    const [namespace, ...objects] = buildObjects({ namespace: 'pki', registry: 'registry.example:5000/team/' });
    assert.equal(namespace?.metadata.name, 'pki');
    const set = ['image.registry=registry.example:5000/team'];
    assert.deepEqual(objects, parseObjects(await templateChart({ namespace: 'pki', set })));
  });

  it('are those of the chart with a CA that exists', async () => {
    const rootPem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
    const ca = { url: 'https://ca.example:9000', rootPem, provisioner: 'of "k8s"', password: 'correct horse' };
    const [, ...objects] = buildObjects({ namespace: 'step', registry: '', ca });
    const folder = mkdtempSync(join(tmpdir(), 'autocert-install-'));
    const values = join(folder, 'values.json');
    const { url, provisioner: name, password } = ca;
    const chart = { ca: { url, provisioner: { name, password }, certs: { 'root_ca.crt': rootPem } } };
    writeFileSync(values, JSON.stringify({ ...chart, 'step-certificates': { enabled: false } }));
    try {
      assert.deepEqual(objects, parseObjects(await templateChart({ valuesFiles: [values] })));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('autocert install', () => {
  let api: KubernetesApi;
  before(async () => {
    api = await startKubernetesApi();
  });
  after(async () => {
    await stopBundler(); // esbuild keeps a process for the next build
    await api?.stop();
  });
  const install = (...args: string[]): Promise<Ran> => autocert(api.kubeconfigPath, 'install', ...args);
  const rootPem = async (): Promise<string> =>
    api.kubectl([
      '-n',
      'step',
      'get',
      'cm',
      'autocert-step-certificates-certs',
      '-o',
      'jsonpath={.data.root_ca\\.crt}',
    ]);

  it('lists every right that is missing and changes nothing', async () => {
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'dev', namespace: 'default' } };
    await api.kubectl(
      ['apply', '-f', '-'],
      `${JSON.stringify(account)}\n${podYaml('default', 'dev', { spec: { serviceAccountName: 'dev' } })}`,
    );
    const uid = await api.kubectl(['get', 'pod', 'dev', '-o', 'jsonpath={.metadata.uid}']);
    const pod = { namespace: 'default', name: 'dev', serviceAccount: 'dev', uid };
    const token = await api.podToken(pod, 'https://kubernetes.default.svc.cluster.local');
    const { code, err } = await autocert(api.kubeconfigFor(token, 'dev'), 'install');
    assert.equal(code, 1);
    assert.match(err, /error: you may not:\n {2}get namespaces\n {2}create namespaces\n/);
    assert.match(err, /\n {2}create statefulsets\.apps in namespace step\n/);
    assert.match(err, /\n {2}create subjectaccessreviews|\n {2}create tokenreviews\.authentication\.k8s\.io\n/);
    assert.match(err, /nothing was changed\nhint: ask an administrator/);
    await assert.rejects(api.kubectl(['get', 'namespace', 'step']), /not found/);
  });

  it('needs nothing but its one file: objects and Kubernetes client are in it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'autocert-bundle-'));
    try {
      const program = programs.find(({ name }) => name === 'autocert') ?? assert.fail();
      const { files, inputs } = await bundleProgram(program);
      const path = join(folder, 'autocert.mjs');
      writeFileSync(path, files[0]?.bytes ?? '');
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [path, 'install', '--dry-run', '--kubeconfig', api.kubeconfigPath],
        { cwd: folder, env: { HOME: folder } },
      );
      assert.match(stdout, /\ndeployment\.apps\/autocert created \(dry run\)\n/);
      assert.deepEqual(
        inputs.filter((input) => input.includes('node_modules/undici/')),
        [],
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('changes nothing on a dry run', async () => {
    const { code, out } = await install('--dry-run');
    assert.equal(code, 0);
    assert.match(out, /^namespace\/step created \(dry run\)\n/);
    assert.match(out, /clusterrole\.rbac\.authorization\.k8s\.io\/autocert created \(dry run\)\n/);
    await assert.rejects(api.kubectl(['get', 'namespace', 'step']), /not found/);
    await assert.rejects(api.kubectl(['get', 'clusterrole', 'autocert']), /not found/);
  });

  it('applies, waits, says for what, and prints the fingerprint of the root', async () => {
    const { terminal, ended } = startAutocert(api.kubeconfigPath, 'install', '--timeout', '60s');
    const waitingFor = (what: RegExp) =>
      until(
        String(what),
        async () => terminal.err(),
        (text) => what.test(text),
      );
    await waitingFor(/waiting for deployment\.apps\/autocert: not looked at by its controller yet/);
    await makePki(api);
    await reportReplicas(api, 'statefulsets/autocert-step-certificates');
    await reportReplicas(api, 'deployments/autocert', 1);
    await waitingFor(/waiting for deployment\.apps\/autocert: 1 of 2 replicas are ready\n/);
    await reportReplicas(api, 'deployments/autocert');
    await waitingFor(/waiting for mutatingwebhookconfiguration.*: the webhook has not written its caBundle yet\n/);
    await writeCaBundle(api, await rootPem());
    const { code, out, err } = await ended;
    assert.equal(code, 0, err);
    assert.match(out, /^namespace\/step created\n/);
    assert.match(out, /\nstatefulset\.apps\/autocert-step-certificates created\n/);
    const { fingerprint256 } = new X509Certificate(await rootPem());
    assert.ok(out.includes(`Root fingerprint: ${fingerprint256.replaceAll(':', '').toLowerCase()}\n`), out);
  });

  const versions = async (): Promise<string> =>
    api.kubectl([
      'get',
      'namespaces,deployments,statefulsets,configmaps,secrets,services,clusterroles,mutatingwebhookconfigurations',
      '--all-namespaces',
      '-o',
      'jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.resourceVersion}{"\\n"}{end}',
    ]);

  it('changes nothing when it is run again, and says so', async () => {
    const before = await versions();
    const { code, out } = await install();
    assert.equal(code, 0);
    assert.equal(await versions(), before);
    assert.doesNotMatch(out, / created\n| changed\n/);
    assert.match(out, /\nNothing had to be changed\.\nRoot fingerprint: [0-9a-f]{64}\n/);
  });

  it('tells a change from none on a dry run, too', async () => {
    const before = await versions();
    const { code, out, err } = await install('--dry-run', '--image-registry', 'registry.example/team');
    assert.equal(code, 0, err);
    assert.match(out, /deployment\.apps\/autocert changed \(dry run\)\n/);
    assert.match(out, /service\/autocert unchanged \(dry run\)\n/);
    assert.equal(await versions(), before);
  });

  it('leaves alone what somebody else has set, unless forced', async () => {
    await api.kubectl(['-n', 'step', 'scale', 'deployment/autocert', '--replicas=3']);
    const refused = await install('--timeout', '0s');
    assert.equal(refused.code, 1);
    assert.match(refused.err, /deployment\.apps\/autocert: not applied \(409\): .*conflict.*replicas/s);
    assert.match(refused.err, /hint: .*--force/);
    assert.equal(refused.out, '', 'nothing is applied when one object is refused');
    const { code, out } = await install('--timeout', '0s', '--force');
    assert.equal(code, 0);
    assert.match(out, /deployment\.apps\/autocert changed\n/);
  });

  it('gives up in time, with what the pods complain about', async () => {
    const labels = { 'app.kubernetes.io/name': 'autocert', 'app.kubernetes.io/instance': 'autocert' };
    const common = { 'app.kubernetes.io/part-of': 'autocert', 'autocert.step.sm/control-plane': 'true' };
    await api.kubectl(
      ['apply', '-f', '-'],
      podYaml('step', 'webhook', { labels: { ...labels, ...common }, spec: restricted }),
    );
    const waiting = { reason: 'ImagePullBackOff', message: 'Back-off pulling image "autocert-controller:0.1.0"' };
    const containerStatuses = [
      { name: 'app', image: '', imageID: '', ready: false, restartCount: 0, state: { waiting } },
    ];
    await api.call('PATCH', '/api/v1/namespaces/step/pods/webhook/status', { status: { containerStatuses } });
    const { code, err } = await install('--timeout', '1ms');
    assert.equal(code, 1);
    assert.match(err, /error: applied, but not ready in time: .*app: ImagePullBackOff: Back-off pulling image/);
  });

  it('refuses a second installation in another namespace', async () => {
    const { code, err } = await install('--namespace', 'other');
    assert.equal(code, 1);
    assert.match(err, /sends pods to an autocert in namespace step\nhint: give --namespace step/);
    await assert.rejects(api.kubectl(['get', 'namespace', 'other']), /not found/);
  });

  it("refuses to stand beside upstream's webhook, whose registration has another name", async () => {
    const webhook = {
      name: 'autocert.step.sm',
      clientConfig: { service: { name: 'autocert', namespace: 'step', path: '/mutate' } },
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
    };
    const configuration = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name: 'autocert-webhook-config' },
      webhooks: [webhook],
    };
    await api.kubectl(['apply', '-f', '-'], JSON.stringify(configuration));
    const { code, err } = await install();
    assert.equal(code, 1);
    assert.match(err, /autocert-webhook-config is of another installation.*\nhint: docs\/guides\/upgrade-from/);
    await api.kubectl(['delete', 'mutatingwebhookconfiguration', 'autocert-webhook-config']);
  });

  it('leaves an installation of Helm to Helm', async () => {
    await api.kubectl(['-n', 'step', 'annotate', 'deployment/autocert', 'meta.helm.sh/release-name=prod']);
    const { code, err } = await install();
    assert.equal(code, 1);
    assert.match(err, /deployment\.apps\/autocert belongs to the Helm release prod\nhint: .*helm upgrade prod/);
  });

  const wrong: readonly (readonly [args: readonly string[], says: RegExp])[] = [
    [['--namespace', 'Step'], /--namespace: "Step" cannot be one/],
    [['--image-registry', 'a b'], /"a b" is not the start of an image's name/],
    [['--ca-url', 'http://ca.example'], /is no https URL/],
    [['--ca-url', 'https://ca.example'], /--ca-root: missing/],
    [['--provisioner', 'admin'], /--provisioner: goes with --ca-url/],
  ];
  for (const [args, says] of wrong) {
    it(`says what is wrong: install ${args.join(' ')}`, async () => {
      const { code, err } = await install(...args);
      assert.equal(code, 2);
      assert.match(err, says);
    });
  }
});

/** What the namespace's PodSecurity level asks for. */
const restricted = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [
    {
      name: 'app',
      image: 'app',
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    },
  ],
};
