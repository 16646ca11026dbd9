/**
 * A root is replaced under running services: a server and a client of the SDK, a pod with the renewer, and certificates
 * of the real step CLI used by curl. All of them call without a pause, from before the first step until after the last;
 * no call may fail. With our CA and with the real step-ca, on files that `autocert ca rollover` changes.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import {
  bootstrapClient,
  bootstrapIdentity,
  bootstrapServer,
  fetchRootByFingerprint,
  type MtlsClient,
} from '../../../lib/ca-client/index.ts';
import { pathsIn, readCertificateSet } from '../../../lib/certificate-files/index.ts';
import { fingerprint, parseCertificateChainPem } from '../../../lib/x509/index.ts';
import { type CaProgram, initCa, runOurs, tryOurs } from '../../peers/certificate-authority.ts';
import { runStep, step } from '../../peers/step.ts';
import { createPod } from '../pod-programs/pod.ts';
import { type Member, startMember, untilTrue } from './federation.ts';

/** Short enough to wait for, long enough for a renewal by command on a busy machine. */
const claims = { minTLSCertDuration: '1s', maxTLSCertDuration: '9s', defaultTLSCertDuration: '9s' };

async function startCa(t: TestContext, program: CaProgram): Promise<Member> {
  const files = await initCa('step-ca', { flags: ['--name', 'Example'] });
  t.after(() => files.remove());
  await files.configure((config) => {
    Object.assign(config.authority, { claims, backdate: '1s' });
    delete config.db;
  });
  const ca = await startMember(program, files);
  t.after(() => ca.kill());
  return ca;
}

/** `autocert-ca rollover`, then SIGHUP. */
async function takeStep(ca: Member, name: string, ...flags: string[]): Promise<string> {
  const password = name === 'remove-root' ? [] : ['--password-file', ca.files.passwordPath];
  const output = await runOurs(['rollover', name, ...password, ...flags], ca.files.folder, ca.files.folder);
  await ca.reload(() => {});
  return output;
}

/** As {@link takeStep}, as soon as it is not refused as too early any more. */
async function takeStepInTime(ca: Member, name: string): Promise<void> {
  const args = ['rollover', name, ...(name === 'remove-root' ? [] : ['--password-file', ca.files.passwordPath])];
  for (;;) {
    const { code, output } = await tryOurs(args, ca.files.folder, ca.files.folder);
    if (code === 0) return ca.reload(() => {});
    assert.match(output, /^error: rollover: too early to/m);
    const from = Date.parse(/wait until (\S+)$/m.exec(output)?.[1] ?? '');
    await untilTrue(`${name} is not too early`, () => Date.now() > from);
  }
}

const rootsOf = async (ca: Member): Promise<string[]> => {
  const output = await runOurs(['rollover', 'status'], ca.files.folder, ca.files.folder);
  return Array.from(output.matchAll(/^root ([0-9a-f]{64}) .*$/gm), ([, sha256]) => sha256 ?? '');
};

/** Calls `what` again and again until told to stop; the first failure is the outcome. */
function keepCalling(what: (round: number) => Promise<void>): () => Promise<number> {
  let over = false;
  const rounds = (async () => {
    let round = 0;
    for (; !over; round++) {
      await what(round);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return round;
  })();
  rounds.catch(() => {}); // told when it is stopped
  return () => {
    over = true;
    return rounds;
  };
}

for (const program of ['autocert-ca', 'step-ca'] as const) {
  describe(`a root rollover of ${program}`, () => {
    it('fails no call of the SDK, of a pod, of curl with certificates of step', { timeout: 180_000 }, async (t) => {
      const ca = await startCa(t, program);
      const firstRoot = fingerprint(
        parseCertificateChainPem(await readFile(ca.rootPath, 'utf8'))[0]?.der ?? Buffer.of(),
      );

      const serving = await bootstrapServer(await ca.token('localhost'), {}, (incoming, outgoing) => {
        outgoing.end(`Hello ${incoming.socket.getPeerCertificate().subject.CN}`);
      });
      t.after(() => serving.close(0));
      serving.server.listen(0, '127.0.0.1');
      await once(serving.server, 'listening');
      const url = `https://localhost:${(serving.server.address() as AddressInfo).port}`;
      const client = await bootstrapClient(await ca.token('client'));
      t.after(() => client.close());
      const fresh = await bootstrapClient(await ca.token('fresh'), { agent: { keepAlive: false } });
      t.after(() => fresh.close());
      const pod = await startPod(t, ca, firstRoot);
      const cli = await startStepUser(t, ca);

      const say = async (caller: MtlsClient, name: string): Promise<void> => {
        assert.equal(await (await caller.fetch(url)).text(), `Hello ${name}`);
      };
      const callers = [
        keepCalling(() => say(client, 'client')),
        keepCalling(() => say(fresh, 'fresh')),
        keepCalling(() => pod.call(url)),
        keepCalling(() => cli.renewAndCall(url)),
      ];
      assert.equal((await rootsOf(ca)).length, 1);
      await takeStep(ca, 'add-root');
      const both = await rootsOf(ca);
      assert.equal(both[0], firstRoot);
      assert.equal(both.length, 2);
      await takeStepInTime(ca, 'switch-root');
      assert.deepEqual(await rootsOf(ca), both.toReversed());
      await takeStepInTime(ca, 'remove-root');
      assert.deepEqual(await rootsOf(ca), [both[1]]);

      // until everybody has followed the last step
      const followed = () =>
        [serving, client, fresh].every(({ identity }) => identity.rootInfo('roots').length === 1) && pod.roots() === 1;
      await untilTrue('everybody trusts the new root alone', followed);
      for (const [index, stop] of callers.entries()) assert.ok((await stop()) > 3, `caller ${index}`);

      for (const { identity } of [serving, client, fresh]) {
        assert.deepEqual(
          identity.rootInfo('roots').map((root) => root.fingerprint),
          [both[1]],
        );
      }
      await assert.rejects(fetchRootByFingerprint(ca.url, firstRoot), { kind: 'not-found' });
    });
  });
}

describe('those who know the old root only, when the new one issues already', () => {
  for (const program of ['autocert-ca', 'step-ca'] as const) {
    it(`are led on by the cross-signed root that ${program} serves: SDK, init container, curl, autocert`, async (t) => {
      const ca = await startCa(t, program);
      const oldRoot = await readFile(ca.rootPath, 'utf8');
      const sha256 = fingerprint(parseCertificateChainPem(oldRoot)[0]?.der ?? Buffer.of());
      await takeStep(ca, 'add-root');
      await takeStep(ca, 'switch-root', '--force');
      const token = await ca.offlineToken('late');
      const identity = await bootstrapIdentity(token);
      t.after(() => identity.close());
      assert.equal(identity.rootInfo('roots').length, 2);
      const pod = createPod(t);
      const { code, output } = await pod.bootstrap({
        STEP_CA_URL: ca.url,
        STEP_FINGERPRINT: sha256,
        STEP_TOKEN: await ca.offlineToken('web'),
      });
      assert.equal(code, 0, output);
      const run = promisify(execFile);
      const curl = await run('curl', ['-sS', '--fail', '--cacert', ca.rootPath, `${ca.url}/health`]);
      assert.match(curl.stdout, /ok/);
      const command = join(import.meta.dirname, '../../../bin/autocert');
      await run(command, ['ca', 'health', '--ca-url', ca.url, '--root', ca.rootPath]);
      const go = await runStep(['ca', 'health', '--ca-url', ca.url, '--root', ca.rootPath], {
        stepPath: ca.files.folder,
        cwd: ca.files.folder,
      });
      // Go counts a certificate that names itself as its issuer, other than RFC 5280 4.2.1.9: docs/guides/rollover.md
      assert.match(go.stderr, /too many intermediates for path length constraint/);
    });
  }
});

/** The init container's first certificate, then the renewer as a process. */
async function startPod(t: TestContext, ca: Member, rootFingerprint: string) {
  const pod = createPod(t);
  const env = { STEP_CA_URL: ca.url, AUTOCERT_SANS: 'web' };
  const { code, output } = await pod.bootstrap({
    ...env,
    STEP_FINGERPRINT: rootFingerprint,
    STEP_TOKEN: await ca.token('web'),
  });
  assert.equal(code, 0, output);
  pod.startRenewer(env);
  return {
    roots: () => parseCertificateChainPem(readFileSync(pathsIn(pod.volume).root, 'utf8')).length,
    /** What a workload does that reads its files for each call. */
    async call(url: string): Promise<void> {
      const set = readCertificateSet(pod.paths);
      assert.ok(set);
      const agent = new Agent({ ca: set.rootPem, cert: set.chainPem, key: set.keyPem, maxCachedSessions: 0 });
      const text = await new Promise<string>((resolve, reject) => {
        request(url, { agent }, (response) => {
          response.setEncoding('utf8').once('data', resolve).once('error', reject);
        })
          .once('error', reject)
          .end();
      }).finally(() => agent.destroy());
      assert.equal(text, 'Hello web');
    },
  };
}

/** Someone with the step CLI and curl, who fetches the roots with each renewal. */
async function startStepUser(t: TestContext, ca: Member) {
  const folder = await mkdtemp(join(tmpdir(), 'autocert-step-user-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const options = { stepPath: folder, cwd: folder };
  await copyFile(ca.rootPath, join(folder, 'roots.pem'));
  const at = ['--ca-url', ca.url, '--root', 'roots.pem', '--force'];
  await step(
    ['ca', 'certificate', 'kube', 'kube.crt', 'kube.key', '--token', await ca.token('kube'), '--force'],
    options,
  );
  /** step-ca cuts connections off at the moment of SIGHUP, which is no matter of roots: asked once more. */
  const ask = async (args: readonly string[]): Promise<void> => {
    const { code, stderr } = await runStep(args, options);
    if (code === 0) return;
    if (ca.program !== 'step-ca' || !/EOF|reset by peer|refused/.test(stderr)) throw new Error(stderr);
    await step(args, options);
  };
  return {
    async renewAndCall(url: string): Promise<void> {
      await ask(['ca', 'renew', 'kube.crt', 'kube.key', ...at]);
      await ask(['ca', 'roots', 'roots.pem', ...at]);
      const args = ['-sS', '--fail', '--cacert', 'roots.pem', '--cert', 'kube.crt', '--key', 'kube.key', url];
      const { stdout } = await promisify(execFile)('curl', args, { cwd: folder });
      assert.equal(stdout, 'Hello kube');
    },
  };
}
