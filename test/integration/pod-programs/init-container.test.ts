import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openCertificateSet, readCertificateSet } from '../../../lib/certificate-files/index.ts';
import { type Authority, startAuthority } from './authority.ts';
import { startBootstrapEndpoint } from './bootstrap-endpoint.ts';
import { createPod, terminationMessagePath } from './pod.ts';

for (const kind of ['step-ca', 'autocert-ca'] as const) {
  describe(`the init container and ${kind}`, { concurrency: false }, () => {
    const cleanUps: (() => unknown)[] = [];
    let authority: Authority;
    before(async () => {
      authority = await startAuthority({ after: (run) => void cleanUps.push(run as () => unknown) }, kind);
    });
    after(async () => {
      for (const cleanUp of cleanUps) await cleanUp();
    });
    const environment = (token: string) => ({
      STEP_CA_URL: authority.url,
      STEP_FINGERPRINT: authority.rootFingerprint,
      STEP_NOT_AFTER: '1h',
      STEP_TOKEN: token,
      AUTOCERT_SANS: 'web,web.shop.svc,10.0.0.1',
    });
    const token = (): string => authority.createToken('web', { sans: ['web', 'web.shop.svc', '10.0.0.1'] });

    it('writes root, certificate and key for the names that were asked for', async (t) => {
      const pod = createPod(t);
      const { code, lines, output } = await pod.bootstrap(environment(token()));
      assert.equal(code, 0, output);
      const set = readCertificateSet(pod.paths);
      assert.ok(set);
      const { leaf, intermediates } = openCertificateSet(set);
      assert.equal(leaf.commonName, 'web');
      assert.deepEqual(leaf.sans, { dns: ['web', 'web.shop.svc'], ip: ['10.0.0.1'], email: [], uri: [] });
      assert.equal(leaf.notAfter - leaf.notBefore, 3_660_000);
      assert.equal(intermediates.length, 1);
      assert.equal(set.rootPem, authority.rootPem);
      assert.match(set.keyPem, /^-----BEGIN EC PRIVATE KEY-----/);
      assert.equal(statSync(pod.paths.key).mode & 0o777, 0o600);
      assert.equal(lines.at(-1)?.msg, 'wrote a new certificate');
    });

    it('keeps the set when it runs again, although the token is gone', async (t) => {
      const pod = createPod(t);
      await pod.bootstrap(environment(token()));
      const serial = pod.serial();
      const { code, lines } = await pod.bootstrap(environment(''));
      assert.deepEqual([code, lines.at(-1)?.msg], [0, 'kept the certificate that is there']);
      assert.equal(pod.serial(), serial);
    });

    it('is refused a token that was used, for good, and says why', async (t) => {
      const used = token();
      const [first, second] = [createPod(t), createPod(t)];
      assert.equal((await first.bootstrap(environment(used))).code, 0);
      writeFileSync(terminationMessagePath(second), '');
      const { code, output } = await second.bootstrap(environment(used));
      assert.equal(code, 2);
      assert.match(output, /ERR_TOKEN_REFUSED/);
      assert.match(
        readFileSync(terminationMessagePath(second), 'utf8'),
        /^error ERR_TOKEN_REFUSED: one-time token: refused.*\nhint: it was used before/,
      );
      assert.deepEqual(readdirSync(second.volume), []);
    });

    it('ends for good without a token', async (t) => {
      const { code, output } = await createPod(t).bootstrap(environment(''));
      assert.equal(code, 2);
      assert.match(output, /ERR_TOKEN_MISSING.*delete the pod/);
    });

    it('takes no CA with another root than the one it was told', async (t) => {
      const pod = createPod(t);
      const wrong = { ...environment(token()), STEP_FINGERPRINT: '00'.repeat(32) };
      const { code, output } = await pod.bootstrap(wrong);
      assert.equal(code, 2);
      assert.match(output, /no root with this fingerprint/);
      assert.deepEqual(readdirSync(pod.volume), []);
    });

    it('waits for a CA that is down', async (t) => {
      const pod = createPod(t);
      await authority.stop();
      const running = pod.startBootstrapper(environment('a.b.c'));
      const line = await running.waitFor('no certificate yet, trying again');
      assert.match(JSON.stringify(line), /ERR_CA_UNREACHABLE/);
      await authority.start();
      // The token was made up before the CA ran: reached, it refuses, which ends the waiting.
      const { output } = await running.ended;
      assert.match(output, /ERR_TOKEN_REFUSED|ERR_CA_REFUSED/);
      assert.equal((await pod.bootstrap(environment(token()))).code, 0);
    });

    it('gives up on a CA that stays down, at the deadline, and may be started again', async (t) => {
      const pod = createPod(t);
      const nobody = { ...environment(token()), STEP_CA_URL: 'https://127.0.0.1:1', AUTOCERT_DEADLINE: '1s' };
      const { code, output } = await pod.bootstrap(nobody);
      assert.equal(code, 1);
      assert.match(output, /ERR_BOOTSTRAP_DEADLINE.*127\.0\.0\.1:1 is unreachable/);
    });

    it('gets its token from the webhook, again for each attempt', async (t) => {
      const pod = createPod(t);
      const tokenFile = join(pod.folder, 'token');
      writeFileSync(tokenFile, 'projected-service-account-token\n');
      const endpoint = await startBootstrapEndpoint(t, authority, { token: 'projected-service-account-token' });
      endpoint.script.push({ status: 503, body: { status: 503, code: 'ERR_X', message: 'later' } }, 'burnt');
      const { code, output } = await pod.bootstrap({
        ...environment(''),
        AUTOCERT_SANS: 'web',
        AUTOCERT_BOOTSTRAP_URL: endpoint.url,
        AUTOCERT_TOKEN_FILE: tokenFile,
      });
      assert.equal(code, 0, output);
      assert.equal(endpoint.granted(), 2);
      assert.doesNotMatch(output, /projected-service-account-token/);
    });

    it('hands on what the webhook says when it refuses', async (t) => {
      const pod = createPod(t);
      const tokenFile = join(pod.folder, 'token');
      writeFileSync(tokenFile, 'someone-else');
      const endpoint = await startBootstrapEndpoint(t, authority, { token: 'the-right-one' });
      const env = { ...environment(''), AUTOCERT_BOOTSTRAP_URL: endpoint.url, AUTOCERT_TOKEN_FILE: tokenFile };
      const { code, output } = await pod.bootstrap(env);
      assert.equal(code, 2);
      assert.match(output, /ERR_BOOTSTRAP_REFUSED.*who are you.*"hint":"ask"/);
    });

    it('shows neither token nor key at the most talkative level', async (t) => {
      const pod = createPod(t);
      const secret = token();
      const { output } = await pod.bootstrap(environment(secret));
      const key = readFileSync(pod.paths.key, 'utf8').split('\n')[1] ?? '';
      for (const part of [...secret.split('.'), key]) assert.ok(part.length > 20 && !output.includes(part));
    });
  });
}
