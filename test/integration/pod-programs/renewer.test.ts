import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openCertificateSet, pathsIn, readCertificateSet } from '../../../lib/certificate-files/index.ts';
import { serialDecimal } from '../../../lib/x509/index.ts';
import { type Authority, startAuthority } from './authority.ts';
import { startBootstrapEndpoint } from './bootstrap-endpoint.ts';
import { createPod, type Pod } from './pod.ts';
import { SmallVolume } from './small-volume.ts';

/**
 * The CA dates certificates back by a minute, so that one this short is due when it comes and then every twentieth of
 * its life: every few seconds.
 */
const shortLife = '20s';

for (const kind of ['step-ca', 'autocert-ca'] as const) {
  describe(`the renewer and ${kind}`, { concurrency: false }, () => {
    const cleanUps: (() => unknown)[] = [];
    let authority: Authority;
    before(async () => {
      const claims = { minTLSCertDuration: '1s', allowRenewalAfterExpiry: true };
      authority = await startAuthority({ after: (run) => void cleanUps.push(run as () => unknown) }, kind, claims);
    });
    after(async () => {
      for (const cleanUp of cleanUps) await cleanUp();
    });

    const renewerEnvironment = () => ({ STEP_CA_URL: authority.url, AUTOCERT_SANS: 'web' });
    const bootstrap = async (pod: Pod, notAfter: string): Promise<void> => {
      const { code, output } = await pod.bootstrap({
        ...renewerEnvironment(),
        STEP_FINGERPRINT: authority.rootFingerprint,
        STEP_TOKEN: authority.createToken('web'),
        DURATION: notAfter,
      });
      assert.equal(code, 0, output);
    };

    it('shows its renewals and failures to Prometheus, and ends at once all the same', async (t) => {
      const pod = createPod(t);
      await bootstrap(pod, shortLife);
      const env = { AUTOCERT_METRICS_ADDRESS: '127.0.0.1:0', AUTOCERT_IDLE: 'exec' };
      const renewer = pod.startRenewer({ ...renewerEnvironment(), ...env });
      const { address } = await renewer.waitFor('metrics');
      const { notAfter } = await renewer.waitFor('certificate renewed');
      const answer = await fetch(`http://${address}/metrics`);
      assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
      const text = await answer.text();
      const shown = /^autocert_renewer_certificate_not_after_seconds (\d+)$/m.exec(text)?.[1];
      assert.ok(Number(shown) * 1000 >= Date.parse(String(notAfter)), text); // it may have renewed again since
      assert.match(text, /^autocert_renewer_renewals_total\{method="rekey"\} [1-9]/m);
      assert.equal((await fetch(`http://${address}/other`)).status, 404);
      renewer.child.kill('SIGTERM');
      assert.equal((await renewer.ended).code, 0);
    });

    it('goes on without metrics when their port is taken', async (t) => {
      const taken = createServer().listen(0, '127.0.0.1');
      t.after(() => taken.close());
      await once(taken, 'listening');
      const pod = createPod(t);
      await bootstrap(pod, shortLife);
      const address = `127.0.0.1:${(taken.address() as AddressInfo).port}`;
      const renewer = pod.startRenewer({ ...renewerEnvironment(), AUTOCERT_METRICS_ADDRESS: address });
      await renewer.waitFor('metrics cannot be served');
      await renewer.waitFor('certificate renewed');
    });

    for (const method of ['rekey', 'renew'] as const) {
      it(`renews a short certificate again and again by ${method}`, async (t) => {
        const pod = createPod(t);
        await bootstrap(pod, shortLife);
        const keyBefore = readFileSync(pod.paths.key, 'utf8');
        const renewer = pod.startRenewer({ ...renewerEnvironment(), AUTOCERT_RENEW_METHOD: method });
        const serials = new Set([pod.serial()]);
        for (let round = 0; round < 3; round++) {
          const line = await renewer.waitFor('certificate renewed');
          assert.equal(line.method, method);
          serials.add(String(line.serial));
        }
        assert.equal(serials.size, 4);
        assert.equal(readFileSync(pod.paths.key, 'utf8') === keyBefore, method === 'renew');
        renewer.child.kill('SIGTERM');
        const { code, output } = await renewer.ended;
        assert.equal(code, 0);
        pod.serial(); // the set belongs together
        assert.ok(!output.includes(readFileSync(pod.paths.key, 'utf8').split('\n')[1] ?? ''));
      });
    }

    it('renews now on SIGHUP and ends with 0 on SIGTERM and SIGINT', async (t) => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) {
        const pod = createPod(t);
        await bootstrap(pod, '1h');
        const renewer = pod.startRenewer(renewerEnvironment());
        await renewer.waitFor('certificate is good');
        const before = pod.serial();
        renewer.child.kill('SIGHUP');
        await renewer.waitFor('certificate renewed');
        assert.notEqual(pod.serial(), before);
        renewer.child.kill(signal);
        const { code, lines } = await renewer.ended;
        assert.deepEqual([code, lines.at(-1)?.msg], [0, 'ended by signal']);
      }
    });

    it('waits for a CA that is down and renews when it is back', async (t) => {
      const pod = createPod(t);
      await bootstrap(pod, '1h');
      const renewer = pod.startRenewer(renewerEnvironment());
      await renewer.waitFor('certificate is good');
      const before = pod.serial();
      await authority.stop();
      renewer.child.kill('SIGHUP');
      const line = await renewer.waitFor('renewal failed, trying again');
      assert.match(JSON.stringify(line), /"level":"warn".*ERR_CA_UNREACHABLE/);
      assert.equal(pod.serial(), before);
      await authority.start();
      await renewer.waitFor('certificate renewed');
    });

    it('renews an expired certificate by a token where there is no other way', async (t) => {
      const pod = createPod(t);
      await bootstrap(pod, '1s');
      await untilExpired(pod);
      const renewer = pod.startRenewer(renewerEnvironment());
      assert.equal((await renewer.waitFor('certificate renewed')).method, 'renew-expired');
    });

    it('begins again after expiry where the pod can prove who it is', async (t) => {
      const pod = createPod(t);
      await bootstrap(pod, '1s');
      await untilExpired(pod);
      const tokenFile = join(pod.folder, 'token');
      writeFileSync(tokenFile, 'projected-service-account-token');
      const endpoint = await startBootstrapEndpoint(t, authority, {
        token: 'projected-service-account-token',
        notAfter: '1h',
      });
      const renewer = pod.startRenewer({
        ...renewerEnvironment(),
        STEP_FINGERPRINT: authority.rootFingerprint,
        AUTOCERT_BOOTSTRAP_URL: endpoint.url,
        AUTOCERT_TOKEN_FILE: tokenFile,
      });
      assert.equal((await renewer.waitFor('certificate renewed')).method, 'bootstrap');
      assert.equal(endpoint.granted(), 1);
    });

    it('begins by itself on an empty volume where the pod can prove who it is, and waits where not', async (t) => {
      const pod = createPod(t);
      const waiting = pod.startRenewer(renewerEnvironment());
      await waiting.waitFor('waiting for a certificate to renew');
      const tokenFile = join(pod.folder, 'token');
      writeFileSync(tokenFile, 'projected-service-account-token');
      const endpoint = await startBootstrapEndpoint(t, authority, {
        token: 'projected-service-account-token',
        notAfter: '1h',
      });
      const beginning = pod.startRenewer({
        ...renewerEnvironment(),
        STEP_FINGERPRINT: authority.rootFingerprint,
        AUTOCERT_BOOTSTRAP_URL: endpoint.url,
        AUTOCERT_TOKEN_FILE: tokenFile,
      });
      await beginning.waitFor('certificate renewed');
      await waiting.waitFor('certificate is good');
    });

    it('begins again when the CA refuses to renew', async (t) => {
      const pod = createPod(t);
      await bootstrap(pod, '1h');
      await authority.stop();
      await authority.changeClaims({ disableRenewal: true });
      await authority.start();
      const tokenFile = join(pod.folder, 'token');
      writeFileSync(tokenFile, 'projected-service-account-token');
      const endpoint = await startBootstrapEndpoint(t, authority, {
        token: 'projected-service-account-token',
        notAfter: '1h',
      });
      const renewer = pod.startRenewer({
        ...renewerEnvironment(),
        STEP_FINGERPRINT: authority.rootFingerprint,
        AUTOCERT_BOOTSTRAP_URL: endpoint.url,
        AUTOCERT_TOKEN_FILE: tokenFile,
      });
      await renewer.waitFor('certificate is good');
      renewer.child.kill('SIGHUP');
      const refused = await renewer.waitFor('renewal failed, trying again');
      assert.match(JSON.stringify(refused), /"level":"error".*ERR_CA_REFUSED.*401/);
      assert.equal((await renewer.waitFor('certificate renewed')).method, 'bootstrap');
      await authority.stop();
      await authority.changeClaims({ disableRenewal: false });
      await authority.start();
    });

    it('reports a full and a read-only volume, keeps the old set, and renews when it can', async (t) => {
      let volume: SmallVolume | undefined;
      const pod = createPod(t, () => volume?.enter ?? []);
      volume = await SmallVolume.mount(t, pod.volume, '128k');
      await bootstrap(pod, '1h');
      const serial = (): string => {
        const set = readCertificateSet(pathsIn(volume?.outside ?? ''));
        assert.ok(set);
        return serialDecimal(openCertificateSet(set).leaf);
      };
      const first = serial();
      const renewer = pod.startRenewer(renewerEnvironment());
      await renewer.waitFor('certificate is good');

      volume.fill();
      renewer.child.kill('SIGHUP');
      assert.match(JSON.stringify(await renewer.waitFor('renewal failed, trying again')), /ERR_VOLUME_FULL.*sizeLimit/);
      assert.equal(serial(), first);
      volume.empty();
      await renewer.waitFor('certificate renewed');
      const second = serial();
      assert.notEqual(second, first);

      volume.remount('ro');
      renewer.child.kill('SIGHUP');
      assert.match(JSON.stringify(await renewer.waitFor('renewal failed, trying again')), /ERR_VOLUME_READ_ONLY/);
      assert.equal(serial(), second);
      volume.remount('rw');
      await renewer.waitFor('certificate renewed');
      assert.notEqual(serial(), second);
    });
  });
}

describe('the renewer and a CA that never answers', () => {
  it('ends on SIGTERM in the middle of the request', async (t) => {
    const authority = await startAuthority(t, 'step-ca');
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    t.after(() => void silent.close());
    const pod = createPod(t);
    const { code, output } = await pod.bootstrap({
      STEP_CA_URL: authority.url,
      STEP_FINGERPRINT: authority.rootFingerprint,
      STEP_TOKEN: authority.createToken('web'),
    });
    assert.equal(code, 0, output);
    const before = pod.serial();
    const connected = once(silent, 'connection');
    const renewer = pod.startRenewer({ STEP_CA_URL: `https://127.0.0.1:${(silent.address() as AddressInfo).port}` });
    await renewer.waitFor('certificate is good');
    renewer.child.kill('SIGHUP');
    await connected;
    renewer.child.kill('SIGTERM');
    const ended = await renewer.ended;
    assert.equal(ended.code, 0);
    assert.doesNotMatch(ended.output, /no answer within/);
    assert.equal(pod.serial(), before);
  });
});

describe('the idle renewer', () => {
  it('gives its process to the sleeper, wakes on SIGHUP to renew, and sleeps again', async (t) => {
    const authority = await startAuthority(t, 'step-ca');
    const pod = createPod(t);
    await pod.bootstrap({
      STEP_CA_URL: authority.url,
      STEP_FINGERPRINT: authority.rootFingerprint,
      STEP_TOKEN: authority.createToken('web'),
    });
    const renewer = pod.startRenewer({ STEP_CA_URL: authority.url, AUTOCERT_IDLE: 'auto' });
    await renewer.waitFor('handing over to the sleeper');
    await untilAsleep(renewer.child.pid);
    const before = pod.serial();
    renewer.child.kill('SIGHUP');
    await renewer.waitFor('certificate renewed');
    assert.notEqual(pod.serial(), before);
    await renewer.waitFor('handing over to the sleeper');
    await untilAsleep(renewer.child.pid);
    const status = readFileSync(`/proc/${renewer.child.pid}/status`, 'latin1');
    assert.ok(Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1] ?? 0) < 64, status);
    renewer.child.kill('SIGTERM');
    assert.equal((await renewer.ended).code, 0);
  });
});

async function untilExpired(pod: Pod): Promise<void> {
  const set = readCertificateSet(pod.paths);
  const notAfter = set ? openCertificateSet(set).leaf.notAfter : 0;
  while (Date.now() <= notAfter) await new Promise((resolve) => setTimeout(resolve, 50));
}

/** The command line changes with the process image; it only ever sleeps in its wait for signals. */
async function untilAsleep(pid: number | undefined): Promise<void> {
  for (;;) {
    const asleep =
      readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith('autocert-sleeper') &&
      /^State:\s*S/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
    if (asleep) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
