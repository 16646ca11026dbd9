import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { AppError } from '../lib/errors/index.ts';
import { createMetrics } from './metrics.ts';
import { Readiness } from './readiness.ts';

describe('Readiness', () => {
  it('is not ready before everything required is done, and names what is missing', () => {
    const readiness = new Readiness(['servingCertificate', 'caBundle']);
    readiness.pass('servingCertificate');
    assert.equal(readiness.report().why, 'caBundle: not done yet');
    readiness.pass('caBundle');
    assert.deepEqual([readiness.report().ready, readiness.report().why], [true, undefined]);
  });

  it('shows reason, causes and remedy of a failure', () => {
    const readiness = new Readiness(['caBundle']);
    const cause = new Error('because');
    readiness.fail(
      'caBundle',
      new AppError('ERR_TEST', 'forbidden', 'kubernetes: no', { cause, hint: 'add the rule' }),
    );
    assert.deepEqual(readiness.report(), {
      ready: false,
      why: 'caBundle: kubernetes: no: because',
      checks: { caBundle: { ok: false, required: true, why: 'kubernetes: no: because', hint: 'add the rule' } },
    });
  });

  it('stays ready when something fails that is not required', () => {
    const readiness = new Readiness(['servingCertificate']);
    readiness.pass('servingCertificate');
    readiness.fail('ca', new Error('away'));
    assert.equal(readiness.report().ready, true);
    assert.equal(readiness.report().checks.ca?.why, 'away');
  });

  it('is not ready once the program ends', () => {
    const readiness = new Readiness([]);
    readiness.stop();
    assert.deepEqual([readiness.report().ready, readiness.report().why], [false, 'shutting down']);
  });
});

describe('createMetrics', () => {
  it('counts decisions by reason and follows the checks', async () => {
    const readiness = new Readiness(['servingCertificate']);
    const metrics = createMetrics(readiness);
    metrics.admission('deny', 'ERR_NAME_FORBIDDEN', 2);
    metrics.bootstrap('ok', 3);
    metrics.caError('ERR_CA_UNREACHABLE');
    metrics.servingCertificate({
      notBefore: Date.UTC(2025, 0, 1),
      notAfter: Date.UTC(2026, 0, 1),
      issuerNotAfter: Date.UTC(2036, 0, 1),
    });
    metrics.swept(1_000, { deleted: 2, live: 3, overdue: 1 });
    metrics.eventsDropped('queue-full', 4);
    metrics.refused('bootstrap', 'ERR_BODY_EMPTY');
    const text = await metrics.registry.metrics();
    for (const line of [
      'autocert_admissions_total{decision="deny",reason="ERR_NAME_FORBIDDEN"} 1',
      'autocert_admission_duration_seconds_bucket{le="0.0025",decision="deny"} 1',
      'autocert_bootstrap_requests_total{result="ok"} 1',
      'autocert_ca_errors_total{code="ERR_CA_UNREACHABLE"} 1',
      'autocert_serving_certificate_not_after_seconds 1767225600',
      'autocert_issuer_not_after_seconds 2082758400',
      'autocert_token_sweep_timestamp_seconds 1',
      'autocert_token_secrets_swept_total 2',
      'autocert_token_secrets 3',
      'autocert_token_secrets_overdue 1',
      'autocert_events_dropped_total{why="queue-full"} 4',
      'autocert_http_refusals_total{listener="bootstrap",code="ERR_BODY_EMPTY"} 1',
      'autocert_ready 0',
      'autocert_check{check="servingCertificate"} 0',
    ]) {
      assert.ok(text.includes(line), line);
    }
    readiness.pass('servingCertificate');
    assert.match(await metrics.registry.metrics(), /^autocert_ready 1$/m);
  });

  it('is described in docs/reference/webhook-http.md, metric by metric', () => {
    const text = readFileSync(join(import.meta.dirname, '../docs/reference/webhook-http.md'), 'utf8');
    const described = Array.from(text.matchAll(/^\| `(autocert_[a-z_]+)`/gm), ([, name]) => name);
    const names = createMetrics(new Readiness([]))
      .registry.getMetricsAsArray()
      .map(({ name }) => name);
    assert.deepEqual(described.sort(), names.filter((name) => name.startsWith('autocert_')).sort());
  });
});
