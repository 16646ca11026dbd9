/**
 * Certificates of a minute under load: nothing fails, nothing old is served, the key is new each time; then the root is
 * replaced, with nothing restarted but the CA.
 */
import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { inspectCertificate } from '../../harness/certificates.ts';
import { folder, pod } from '../../harness/pods.ts';
import { type ProbeResult, probe } from '../../harness/probe.ts';
import { changeCaJson, install, remove, separate } from '../../harness/release.ts';
import { rolloverRoot } from '../../harness/rollover.ts';
import { type Scenario, scenario } from '../../harness/scenario.ts';
import { eventually, isSoak } from '../../harness/wait.ts';

/** How long the load lasts, in seconds, and how long a certificate lives. */
const [loadSeconds, lifeSeconds] = isSoak ? [600, 60] : [75, 40];

/** Named as in the guide, whose commands are run. */
const release = separate('autocert', 'step');

describe('certificates of a short life', () => {
  before(async () => {
    await install({}, release);
    await changeCaJson(({ authority }) => {
      const life = `${lifeSeconds}s`;
      authority.backdate = '0s'; // else most of such a life lies in the past
      authority.claims = { minTLSCertDuration: '10s', maxTLSCertDuration: life, defaultTLSCertDuration: life };
    }, release);
  });
  after(() => remove(release));

  const rotate = async (s: Scenario): Promise<void> => {
    const server = `web.${s.namespace}.svc.cluster.local`;
    const duration = `${lifeSeconds}s`;
    await s.apply(
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'web' },
        spec: { selector: { app: 'web' }, ports: [{ port: 443, targetPort: 8443 }] },
      },
      pod('web', {
        labels: { app: 'web' },
        annotations: { name: server, duration },
        container: {
          image: 'hello-mtls-server-node:latest',
          env: [
            { name: 'PORT', value: '8443' },
            { name: 'CERTIFICATES', value: folder },
          ],
        },
      }),
      pod('client', { annotations: { name: `client.${s.namespace}.svc.cluster.local`, duration } }),
    );
    await s.readyPod('web');
    await s.readyPod('client');
    // kube-proxy hears of the pod a moment after it is ready
    const isReached = async () => (await probe(s, 'client', `https://${server}`, 1)).failures.length === 0;
    await eventually('the Service to lead to the server', 30, isReached);

    const keys = new Set([(await inspectCertificate(s, 'client')).keyDigest]);
    const before = await probe(s, 'client', `https://${server}`, loadSeconds);
    keys.add((await inspectCertificate(s, 'client')).keyDigest);
    assert.equal(keys.size, 2, 'the key of the client has not changed');
    assertSmooth(before, Math.floor(loadSeconds / lifeSeconds) + 1);
    console.log(`${before.answered} requests, ${before.serials.length} certificates of the server, none failed`);

    const rootsOf = async (name: string): Promise<number> =>
      Number(await s.exec('client', 'app', `grep -c BEGIN ${folder}/${name}`));
    assert.equal(await rootsOf('root.crt'), 1);
    const [during] = await Promise.all([
      probe(s, 'client', `https://${server}`, 5 * lifeSeconds),
      rolloverRoot(lifeSeconds, async () => assert.equal(await rootsOf('root.crt'), 2, 'old and new root are trusted')),
    ]);
    assertSmooth(during, 3);
    await eventually('the old root to be forgotten', 2 * lifeSeconds, async () => (await rootsOf('root.crt')) === 1);
    await inspectCertificate(s, 'client');
    await nothingRestarted(s);
  };
  scenario('rotate under load, and follow a new root', rotate, { release });
});

function assertSmooth({ failures, serials, answered }: ProbeResult, rotations: number): void {
  assert.deepEqual(failures, []);
  assert.ok(answered > 100, `${answered} requests`);
  assert.ok(serials.length > rotations, `${serials.length} certificates of the server`);
  assert.equal(new Set(serials).size, serials.length, `an old certificate came back: ${serials.join(', ')}`);
}

async function nothingRestarted(s: Scenario): Promise<void> {
  for (const { metadata, status } of await s.pods()) {
    const all = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])];
    for (const { name, restartCount } of all) assert.equal(restartCount, 0, `${metadata.name} ${name}`);
  }
}
