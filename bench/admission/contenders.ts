/** Our webhook as it is shipped, and the lower bound of what Go can do for the same answer; each on one core. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { encodePrivateKeyPem, generatePrivateKey, publicKeyDer } from '../../lib/crypto/index.ts';
import { encodePem } from '../../lib/encoding/index.ts';
import { buildRootCertificate, createLeafIssuer, parseCertificate } from '../../lib/x509/index.ts';
import { answerJson, type FakeKubernetes, startFakeKubernetes } from '../../test/fakes/kubernetes.ts';
import type { WebhookAuthority } from '../../test/integration/webhook-authority.ts';
import { configFor, servingName, untilReady, webhookEnvironment } from '../../test/integration/webhook-harness.ts';
import type { Target } from '../load/connection.ts';
import { pinned } from '../measure/pinning.ts';
import { benchFolder, commandFor } from '../programs.ts';

export type TokenMode = 'service-account' | 'secret';

export type Contender = {
  readonly pid: number;
  readonly target: Target;
  stop(): Promise<void>;
};

/** A Kubernetes API that says yes: to Secrets, to events, and to whatever the webhook asks when it starts. */
export const startYesKubernetes = (): Promise<FakeKubernetes> =>
  startFakeKubernetes((request, response, body) => {
    if (request.method === 'POST') answerJson(response, 201, withName(JSON.parse(body)));
    else answerJson(response, 200, { major: '1', minor: '37', gitVersion: 'v1.37.2', items: [], metadata: {} });
  });

/** Its address, as clients read it. */
function serverOf({ kubeconfigPath }: FakeKubernetes): string {
  const { clusters } = JSON.parse(readFileSync(kubeconfigPath, 'utf8')) as {
    clusters: readonly [{ readonly cluster: { readonly server: string } }];
  };
  return clusters[0].cluster.server;
}

let created = 0;

const withName = (object: { metadata?: Record<string, unknown> }): unknown => ({
  ...object,
  metadata: { ...object.metadata, name: `object-${++created}`, uid: `uid-${created}` },
});

export async function startOurs(
  authority: WebhookAuthority,
  kubernetes: FakeKubernetes,
  tokenMode: TokenMode,
  core: number,
): Promise<Contender> {
  const config = join(benchFolder, 'webhook.yaml');
  const bootstrapUrl = 'https://autocert.step.svc:4444/v1/bootstrap';
  writeFileSync(
    config,
    configFor(authority, {
      tokenMode,
      bootstrapUrl,
      restrictCertificatesToNamespace: false,
      service: 'autocert',
      tokenSecretLimit: 0,
    }),
  );
  const env = { ...webhookEnvironment, KUBECONFIG: kubernetes.kubeconfigPath };
  const child = start(core, [...(await commandFor('autocert-controller')), config], env);
  const address = await lineOf(child, /"listening","address":"([^"]+)"/);
  await untilReady(address);
  const port = Number(address.slice(address.lastIndexOf(':') + 1));
  return contender(child, {
    port,
    servername: servingName,
    secureContext: createSecureContext({ ca: authority.rootPem }),
  });
}

/** @param patch what ours has answered; it answers the same */
export async function startGo(
  patch: string,
  kubernetes: FakeKubernetes,
  tokenMode: TokenMode,
  core: number,
): Promise<Contender> {
  const { program, cert, key, rootPem } = await buildGo();
  const patchFile = join(benchFolder, 'patch.json');
  writeFileSync(patchFile, patch);
  const secrets =
    tokenMode === 'secret' ? ['-secrets', `${serverOf(kubernetes)}/api/v1/namespaces/default/secrets`] : [];
  const child = start(core, [program, '-cert', cert, '-key', key, '-patch', patchFile, ...secrets], {});
  const address = await lineOf(child, /listening on (\S+)/);
  const port = Number(address.slice(address.lastIndexOf(':') + 1));
  return contender(child, { port, servername: servingName, secureContext: createSecureContext({ ca: rootPem }) });
}

function start(core: number, command: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  const [file, ...args] = pinned(core, command);
  return spawn(file, args, {
    env: { PATH: process.env.PATH, GOMAXPROCS: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** The first group of the first line that matches; what comes later is read and dropped. */
function lineOf(child: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    const look = (chunk: Buffer): void => {
      output = (output + chunk).slice(-100_000);
      const found = pattern.exec(output)?.[1];
      if (found === undefined) return;
      for (const stream of [child.stdout, child.stderr]) stream?.off('data', look).resume();
      resolve(found);
    };
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', look);
    child.once('exit', (code) => reject(new Error(`ended with ${code}\n${output}`)));
  });
}

const contender = (child: ChildProcess, target: Target): Contender => ({
  pid: child.pid ?? 0,
  target,
  async stop() {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  },
});

async function buildGo(): Promise<{ program: string; cert: string; key: string; rootPem: string }> {
  const folder = join(benchFolder, 'admission-go');
  mkdirSync(folder, { recursive: true });
  const program = join(folder, 'admission');
  const source = join(import.meta.dirname, '../peers/admission-go');
  execFileSync('go', ['build', '-trimpath', '-o', program, '.'], { cwd: source, env: { ...process.env, GOFLAGS: '' } });
  const [rootKey, leafKey] = await Promise.all([generatePrivateKey(), generatePrivateKey()]);
  const life = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 24 * 3_600_000 };
  const root = buildRootCertificate({ subject: { commonName: 'bench' }, key: rootKey, ...life });
  const leaf = createLeafIssuer(parseCertificate(root), rootKey).issue({
    subject: { commonName: servingName },
    sans: [servingName],
    publicKeyDer: publicKeyDer(leafKey),
    ...life,
  });
  const [cert, key] = [join(folder, 'serving.crt'), join(folder, 'serving.key')];
  writeFileSync(cert, encodePem('CERTIFICATE', leaf));
  writeFileSync(key, encodePrivateKeyPem(leafKey), { mode: 0o600 });
  return { program, cert, key, rootPem: encodePem('CERTIFICATE', root) };
}
