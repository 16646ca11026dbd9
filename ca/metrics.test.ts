import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeClock } from '../lib/time/fake-clock.ts';
import { Metrics } from './metrics.ts';

describe('metrics', () => {
  it('are counters by provisioner and success, under the names of step-ca', async () => {
    const clock = new FakeClock();
    const metrics = new Metrics(clock);
    const { meter } = metrics;
    meter.signed('admin', true);
    meter.signed('admin', true);
    meter.signed('admin', false);
    meter.renewed('', true);
    await clock.advance(2500);
    const lines = metrics.render([], true).split('\n');
    for (const line of [
      'step_ca_uptime_seconds 2',
      'step_ca_x509_signed_total{provisioner="admin",success="true"} 2',
      'step_ca_x509_signed_total{provisioner="admin",success="false"} 1',
      'step_ca_x509_renewed_total{provisioner="",success="true"} 1',
      'step_ca_kms_signed 3',
      'autocert_ca_database_up 1',
    ]) {
      assert.ok(lines.includes(line), line);
    }
    assert.equal(lines.filter((line) => line.startsWith('# TYPE step_ca_x509_signed_total counter')).length, 1);
    assert.ok(!lines.some((line) => line.includes('rekeyed')), 'a counter that was never used');
  });

  it('cannot be broken by the name of a provisioner', () => {
    const metrics = new Metrics(new FakeClock());
    metrics.meter.signed('a"} 1\nx{y="\\', true);
    assert.ok(metrics.render([], true).includes('provisioner="a\\"} 1\\nx{y=\\"\\\\",success="true"} 1\n'));
  });

  it('say when the certificates of the authority end, and that the database is away', () => {
    const text = new Metrics(new FakeClock()).render(
      [{ role: 'issuer', subject: 'O=A, CN="B"', notBefore: 0, notAfter: 1_700_000_000_000 }],
      false,
    );
    const line = 'autocert_ca_certificate_not_after_seconds{role="issuer",subject="O=A, CN=\\"B\\""} 1700000000\n';
    assert.ok(text.includes(line));
    assert.ok(text.includes('autocert_ca_database_up 0\n'));
  });
});
