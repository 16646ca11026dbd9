/** What a dashboard for step-ca reads: the same names, labels and counts. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { leafOf, renewOverTls, sign } from '../../integration/ca-fixture.ts';
import { ask } from '../../integration/ca-requests.ts';
import { freePort } from '../../peers/ports.ts';
import { onEachPeer } from './peers.ts';

/** Samples by name and labels. */
async function samples(port: number): Promise<Map<string, number>> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

onEachPeer('metrics', (ca) => {
  it('count what is signed and renewed by provisioner and success', async () => {
    const metrics = await freePort();
    const { port } = await ca.start((config) => {
      config.metricsAddress = `127.0.0.1:${metrics}`;
    });
    leafOf(await sign(port, ca.bench));
    await sign(port, ca.bench, { csr: ca.bench.csr({ commonName: 'other.test' }) });
    await sign(port, ca.bench, { ott: 'no token' });
    await renewOverTls(port, ca.bench.leaf());
    await renewOverTls(port, ca.bench.leaf({ endsInMs: 3_600_000, provisioner: 'gone' }));
    const found = await samples(metrics);
    const x509 = [...found].filter(([name]) => /^step_ca_x509_/.test(name)).sort();
    assert.deepEqual(x509, [
      ['step_ca_x509_renewed_total{provisioner="",success="false"}', 1],
      ['step_ca_x509_renewed_total{provisioner="admin",success="true"}', 1],
      ['step_ca_x509_signed_total{provisioner="admin",success="false"}', 1],
      ['step_ca_x509_signed_total{provisioner="admin",success="true"}', 1],
      ['step_ca_x509_webhook_authorized_total{provisioner="admin",success="true"}', 1],
      ['step_ca_x509_webhook_enriched_total{provisioner="admin",success="true"}', 1],
    ]);
    assert.ok((found.get('step_ca_uptime_seconds') ?? -1) >= 0);
    assert.ok(found.has('step_ca_kms_signed') && found.has('step_ca_kms_errors'));
    assert.equal((await ask(port, '/metrics')).status, 404, 'not on the port of the API');
    assert.equal((await fetch(`http://127.0.0.1:${metrics}/health`)).status, 404);
  });
});
