import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../lib/errors/index.ts';
import { RenewerMetrics } from './metrics.ts';

/** Every sample, by name and labels. */
function samplesOf(text: string): Record<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => {
      const [, name = '', value = ''] = /^(\S+) (\S+)$/.exec(line) ?? [];
      return [name, Number(value)];
    }),
  );
}

describe('RenewerMetrics', () => {
  it('shows zeros before there is a certificate', () =>
    assert.deepEqual(samplesOf(new RenewerMetrics().render()), {
      autocert_renewer_certificate_not_after_seconds: 0,
      autocert_renewer_next_renewal_seconds: 0,
      autocert_renewer_last_renewal_seconds: 0,
    }));

  it('shows what it was told, in seconds', () => {
    const metrics = new RenewerMetrics();
    metrics.certificate({ notAfter: 90_500, due: 60_000 });
    metrics.renewed('rekey', 30_000);
    metrics.renewed('rekey', 31_000);
    const down = new AppError('ERR_CA_UNREACHABLE', 'unavailable', 'no');
    for (const error of [down, down, new Error('a bug')]) metrics.failed(error);
    assert.deepEqual(samplesOf(metrics.render()), {
      autocert_renewer_certificate_not_after_seconds: 90.5,
      autocert_renewer_next_renewal_seconds: 60,
      autocert_renewer_last_renewal_seconds: 31,
      'autocert_renewer_renewals_total{method="rekey"}': 2,
      'autocert_renewer_failures_total{class="unavailable",code="ERR_CA_UNREACHABLE"}': 2,
      'autocert_renewer_failures_total{class="internal",code="ERR_INTERNAL"}': 1,
    });
    metrics.certificate(undefined);
    assert.equal(samplesOf(metrics.render()).autocert_renewer_certificate_not_after_seconds, 0);
  });

  it('has one HELP and one TYPE for each name, before its samples, and ends with a line feed', () => {
    const text = new RenewerMetrics().render();
    const names = (word: string): string[] =>
      Array.from(text.matchAll(new RegExp(`^# ${word} (\\S+)`, 'gm')), ([, name]) => name ?? '');
    assert.deepEqual(names('HELP'), names('TYPE'));
    assert.equal(new Set(names('TYPE')).size, 5);
    assert.ok(text.endsWith('\n') && !text.includes('\n\n'));
  });
});
