/**
 * What the chart gives to Prometheus and Grafana: rules that the real promtool checks and runs on made-up series, and a
 * dashboard of queries that it can parse. That the metrics exist: test/integration/monitoring.test.ts.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { peerPath } from '../../tools/peers/index.ts';
import { ciValues, render, renderWith, webhookConfigOf } from './chart.ts';
import { alertRules, alertsIn, dashboardQueries, headingsOf } from './monitoring.ts';
import { findObject, type KubernetesObject, listObjects, valueAt } from './objects.ts';

const promtool = async (...args: string[]): Promise<string> =>
  (await promisify(execFile)(peerPath('promtool'), args)).stdout;

const monitoringKinds = ['ServiceMonitor', 'PodMonitor', 'PrometheusRule'];

describe('the alert rules of the chart', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'autocert-alerts-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const writeRules = async (): Promise<string> => {
    const rule = findObject(await renderWith('monitoring.prometheusRule.enabled=true'), 'PrometheusRule', 'autocert');
    const path = join(folder, 'alerts.yaml');
    writeFileSync(path, stringify(rule.spec));
    return path;
  };

  it('are rules that Prometheus loads, without a lint', async () => {
    const output = await promtool('check', 'rules', '--lint=all', '--lint-fatal', await writeRules());
    assert.match(output, new RegExp(`SUCCESS: ${alertRules().length} rules found`));
  });
  it('fire when they should and not when they should not', async () => {
    await writeRules();
    const cases = join(folder, 'alert-cases.yaml');
    copyFileSync(join(import.meta.dirname, 'alert-cases.yaml'), cases);
    assert.match(await promtool('test', 'rules', cases), /SUCCESS/);
  });
  it('have a case each', () => {
    const cases = readFileSync(join(import.meta.dirname, 'alert-cases.yaml'), 'utf8');
    for (const { alert } of alertRules()) assert.ok(cases.includes(alert), alert);
  });
  it('lead into the runbook', () => {
    const headings = headingsOf('docs/runbook.md');
    for (const { alert, annotations } of alertRules()) {
      const [file, anchor = ''] = annotations.runbook.split('#');
      assert.ok(file === 'docs/runbook.md' && headings.includes(anchor), `${alert}: ${annotations.runbook}`);
    }
  });
  it('are listed in the guide', () => {
    const guide = readFileSync(join(import.meta.dirname, '../../docs/guides/monitoring.md'), 'utf8');
    const listed = Array.from(
      guide.matchAll(/^\| `(Autocert[A-Za-z]+)` \| (?:critical|warning|info)/gm),
      ([, name]) => name,
    );
    assert.deepEqual(
      listed.sort(),
      alertRules()
        .map(({ alert }) => alert)
        .sort(),
    );
  });
  it('watch the namespace of the release', async () => {
    const objects = await render({ namespace: 'pki', set: ['monitoring.prometheusRule.enabled=true'] });
    const text = JSON.stringify(findObject(objects, 'PrometheusRule', 'autocert'));
    assert.ok(text.includes('namespace=\\"pki\\"') && !text.includes('RELEASE_NAMESPACE'));
  });
  it('can be left out one by one, and a group with the last of them', async () => {
    const rulesOf = async (...names: string[]): Promise<string[]> =>
      alertsIn(
        findObject(
          await renderWith('monitoring.prometheusRule.enabled=true', `monitoring.prometheusRule.disabled={${names}}`),
          'PrometheusRule',
          'autocert',
        ),
      );
    const all = alertRules().map(({ alert }) => alert);
    assert.deepEqual(
      await rulesOf('AutocertWebhookDown'),
      all.filter((name) => name !== 'AutocertWebhookDown'),
    );
    const renewers = all.filter((name) => /Renew|Expired/.test(name));
    assert.deepEqual(
      await rulesOf(...renewers),
      all.filter((name) => !renewers.includes(name)),
    );
  });
});

describe('the dashboard', () => {
  it('holds queries that Prometheus understands', async () => {
    const rules = dashboardQueries().map((query, index) => ({
      record: `query_${index}`,
      expr: query.replaceAll('$__rate_interval', '5m').replaceAll('$namespace', 'step'),
    }));
    const folder = mkdtempSync(join(tmpdir(), 'autocert-dashboard-'));
    try {
      const path = join(folder, 'queries.yaml');
      writeFileSync(path, stringify({ groups: [{ name: 'dashboard', rules }] }));
      assert.match(await promtool('check', 'rules', path), new RegExp(`SUCCESS: ${rules.length} rules found`));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
  it('comes whole into a ConfigMap with the label that Grafana looks for', async () => {
    const config = findObject(await renderWith('monitoring.dashboard.enabled=true'), 'ConfigMap', 'autocert-dashboard');
    assert.equal(config.metadata.labels?.grafana_dashboard, '1');
    const { panels, uid } = JSON.parse(valueAt<Record<string, string>>(config, 'data')['autocert.json'] ?? '');
    assert.equal(uid, 'autocert');
    assert.ok(panels.length > 15);
    const ids = (panels as { id: number }[]).map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
  });
});

describe('what Prometheus scrapes', () => {
  it('is nothing by default, so that no kind of the operator is needed', async () => {
    const objects = await render();
    assert.ok(!objects.some(({ kind }) => monitoringKinds.includes(kind)));
    assert.ok(!listObjects(objects).includes('ConfigMap autocert-dashboard'));
    assert.equal(webhookConfigOf(objects).renewerMetricsPort, undefined);
  });
  it('is the webhook by the name in its certificate and the root of its CA', async () => {
    const objects = await renderWith('monitoring.serviceMonitor.enabled=true');
    const monitor = findObject(objects, 'ServiceMonitor', 'autocert');
    const [endpoint, ...more] = valueAt<KubernetesObject[]>(monitor, 'spec.endpoints');
    assert.deepEqual(more, []);
    assert.equal(valueAt(endpoint, 'tlsConfig.serverName'), 'autocert.step.svc');
    const service = findObject(objects, 'Service', 'autocert');
    const wanted = valueAt<Record<string, string>>(monitor, 'spec.selector.matchLabels');
    assert.deepEqual({ ...service.metadata.labels, ...wanted }, service.metadata.labels);
    const ports = valueAt<{ name: string }[]>(service, 'spec.ports').map(({ name }) => name);
    assert.ok(ports.includes(valueAt<string>(endpoint, 'port')));
    findObject(objects, 'ConfigMap', valueAt<string>(endpoint, 'tlsConfig.ca.configMap.name'));
  });
  it('are renewers by the name of their port, in every namespace', async () => {
    const objects = await render(ciValues('monitoring'));
    const monitor = findObject(objects, 'PodMonitor', 'autocert-renewers');
    assert.equal(valueAt(monitor, 'spec.podMetricsEndpoints.0.port'), 'certs-metrics');
    assert.equal(valueAt(monitor, 'spec.namespaceSelector.any'), true);
    assert.equal(webhookConfigOf(objects).renewerMetricsPort, 9402);
  });
  it('gets through the NetworkPolicy where that closes the port', async () => {
    const policy = findObject(await render(ciValues('monitoring')), 'NetworkPolicy', 'autocert');
    const ingress = valueAt<{ ports: { port: number }[]; from?: unknown[] }[]>(policy, 'spec.ingress');
    const from = ingress.filter(({ ports }) => ports[0]?.port === 4443).map((rule) => rule.from);
    assert.deepEqual(from, [
      [{ ipBlock: { cidr: '10.0.0.0/28' } }],
      [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
    ]);
  });
});
