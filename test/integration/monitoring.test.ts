/**
 * Every metric that an alert rule or the dashboard of the chart names is shown by a running program: webhook, renewer and CA
 * are scraped as Prometheus does it. A renamed metric would leave an alert silent for ever.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { alertRules, dashboardQueries, metricsIn } from '../helm/monitoring.ts';
import { type KubernetesApi, startKubernetesApi } from '../peers/kubernetes-api.ts';
import { startAuthority } from './pod-programs/authority.ts';
import { createPod } from './pod-programs/pod.ts';
import { createAuthority, type WebhookAuthority } from './webhook-authority.ts';
import {
  ask,
  podManifest,
  postReview,
  reviewOf,
  startTestWebhook,
  type TestWebhook,
  untilReady,
} from './webhook-harness.ts';

/** Names of all samples and of all metrics that are described and have none yet. */
const namesIn = (text: string): string[] => [
  ...Array.from(text.matchAll(/^# TYPE (\S+)/gm), ([, name]) => name ?? ''),
  ...Array.from(text.matchAll(/^([a-z_]+)[{ ]/gm), ([, name]) => name ?? ''),
];

describe('the metrics that alerts and dashboard name', () => {
  let api: KubernetesApi;
  let authority: WebhookAuthority;
  let webhook: TestWebhook;
  const shown = new Set<string>();
  before(async () => {
    api = await startKubernetesApi();
    authority = await createAuthority('autocert-ca');
    await authority.start();
    webhook = await startTestWebhook(authority, api.kubeconfigPath, { tokenMode: 'service-account' });
    await untilReady(webhook.address);
  });
  after(async () => {
    await webhook?.stop(0);
    await authority?.remove();
    await api?.stop();
  });

  it('are shown by the webhook, to a scraper that trusts its CA', async () => {
    await postReview(webhook.address, reviewOf(podManifest('web', 'default', 'web.default.svc')));
    const { status, text } = await ask(webhook.address, { path: '/metrics', rootPem: authority.rootPem });
    assert.equal(status, 200);
    for (const name of namesIn(text)) shown.add(name);
    assert.ok(shown.has('autocert_admissions_total') && shown.has('process_cpu_seconds_total'));
  });

  it('are shown by a renewer', async (t) => {
    const pods = await startAuthority(t, 'autocert-ca');
    const pod = createPod(t);
    const env = { STEP_CA_URL: pods.url, AUTOCERT_SANS: 'web' };
    const { code, output } = await pod.bootstrap({
      ...env,
      STEP_FINGERPRINT: pods.rootFingerprint,
      STEP_TOKEN: pods.createToken('web'),
    });
    assert.equal(code, 0, output);
    const renewer = pod.startRenewer({ ...env, AUTOCERT_METRICS_ADDRESS: '127.0.0.1:0' });
    const { address } = await renewer.waitFor('metrics');
    await renewer.waitFor('certificate is good');
    const text = await (await fetch(`http://${address}/metrics`)).text();
    for (const name of namesIn(text)) shown.add(name);
    assert.ok(shown.has('autocert_renewer_failures_total'));
  });

  const queries = [...alertRules().map(({ expr }) => expr), ...dashboardQueries()];

  it('exist, all of them', () => {
    const named = [...new Set(queries.flatMap(metricsIn))];
    assert.ok(named.length > 20);
    assert.deepEqual(
      named.filter((name) => !shown.has(name)),
      [],
    );
  });

  it('have codes and checks as labels that there are', () => {
    const errors = readFileSync(join(import.meta.dirname, '../../docs/reference/errors.md'), 'utf8');
    const codes = queries.flatMap((query) => query.match(/ERR_[A-Z_]+/g) ?? []);
    assert.ok(codes.length > 5);
    for (const code of codes) assert.ok(errors.includes(`\`${code}\``), code);
    const described = readFileSync(join(import.meta.dirname, '../../docs/reference/webhook-http.md'), 'utf8');
    const values = queries.flatMap((query) =>
      Array.from(query.matchAll(/(?:check|decision)="(\w+)"/g), ([, value]) => value),
    );
    for (const value of values) assert.match(described, new RegExp(`\\b${value}\\b`));
  });
});
