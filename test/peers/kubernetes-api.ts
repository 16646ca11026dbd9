/**
 * A real Kubernetes API server for tests: etcd and kube-apiserver on loopback, no kubelet, no controllers, no root
 * rights. Up in about four seconds. Several may run at once.
 *
 * What is missing without controllers: default ServiceAccounts (the ServiceAccount admission plugin is off), garbage
 * collection, Pods that ever run. What works: validation and storage, admission webhooks by URL, RBAC, PodSecurity,
 * TokenRequest and TokenReview.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { peerPath } from '../../tools/peers/index.ts';
import { freePort } from './ports.ts';

/** Options of {@link startKubernetesApi}. */
export type KubernetesApiOptions = {
  /** Port of the API server; the next free ones serve etcd. Default: free ports. */
  readonly port?: number;
  /** More flags of kube-apiserver, such as `--feature-gates=…`. */
  readonly flags?: readonly string[];
};

/** An answer of the API server as it came. */
export type ApiAnswer = { readonly status: number; readonly body: unknown };

export type KubernetesApi = {
  readonly url: string;
  /** A kubeconfig whose user may do everything. */
  readonly kubeconfigPath: string;
  /** PEM of the CA that signed the API server's certificate. */
  readonly caPem: string;
  /** Runs kubectl with that kubeconfig and answers its standard output. Rejects with its standard error. */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  /** One HTTPS request as the administrator, or as the bearer of `token`. Never rejects for a status. */
  call(method: string, path: string, body?: unknown, token?: string): Promise<ApiAnswer>;
  /** A projected ServiceAccount token as the kubelet would ask for it, bound to a pod that exists. */
  podToken(
    pod: { namespace: string; name: string; uid: string; serviceAccount: string },
    audience: string,
  ): Promise<string>;
  /** Writes a kubeconfig for another bearer token, such as a ServiceAccount's. */
  kubeconfigFor(token: string, name: string): string;
  /** Ends both processes and removes their files. */
  stop(): Promise<void>;
};

/** Starts etcd and kube-apiserver and waits until the API server says it is ready. */
export async function startKubernetesApi(options: KubernetesApiOptions = {}): Promise<KubernetesApi> {
  const folder = mkdtempSync(join(tmpdir(), 'autocert-kubernetes-'));
  const processes: ChildProcess[] = [];
  const kill = (): void => {
    for (const child of processes) child.kill('SIGKILL');
  };
  process.once('exit', kill); // a test run that is interrupted leaves no process behind
  const stop = async (): Promise<void> => {
    process.off('exit', kill);
    await Promise.all(processes.map(endProcess));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    return await start(folder, processes, options, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  folder: string,
  processes: ChildProcess[],
  options: KubernetesApiOptions,
  stop: () => Promise<void>,
): Promise<KubernetesApi> {
  const port = options.port ?? (await freePort());
  const [etcdPort, etcdPeerPort] = [await freePort(), await freePort()];
  const adminToken = randomBytes(24).toString('hex');
  const caPem = await writeCredentials(folder, adminToken);
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const peerUrl = `http://127.0.0.1:${etcdPeerPort}`;
  processes.push(
    spawnLogged(folder, 'etcd', [
      '--name=test',
      `--data-dir=${join(folder, 'etcd')}`,
      '--unsafe-no-fsync',
      '--log-level=warn',
      `--listen-client-urls=${etcdUrl}`,
      `--advertise-client-urls=${etcdUrl}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=test=${peerUrl}`,
    ]),
    spawnLogged(folder, 'kube-apiserver', [
      '--bind-address=127.0.0.1',
      `--secure-port=${port}`,
      '--advertise-address=10.250.0.1', // loopback is refused here; nothing connects to it
      '--endpoint-reconciler-type=none',
      '--disable-admission-plugins=ServiceAccount', // no controller makes the default account
      `--etcd-servers=${etcdUrl}`,
      `--tls-cert-file=${join(folder, 'serving.crt')}`,
      `--tls-private-key-file=${join(folder, 'serving.key')}`,
      `--cert-dir=${join(folder, 'run')}`,
      `--token-auth-file=${join(folder, 'tokens.csv')}`,
      `--service-account-key-file=${join(folder, 'service-account.pub')}`,
      `--service-account-signing-key-file=${join(folder, 'service-account.key')}`,
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      '--service-cluster-ip-range=10.96.0.0/16',
      '--authorization-mode=Node,RBAC',
      '--shutdown-delay-duration=0s',
      ...(options.flags ?? []),
    ]),
  );

  const url = `https://127.0.0.1:${port}`;
  const kubeconfigFor = (token: string, name: string): string => {
    const path = join(folder, `${name}.kubeconfig`);
    writeFileSync(path, kubeconfig(url, caPem, token), { mode: 0o600 });
    return path;
  };
  const kubeconfigPath = kubeconfigFor(adminToken, 'admin');
  const call = (method: string, path: string, body?: unknown, token = adminToken): Promise<ApiAnswer> =>
    callApi({ port, caPem, token }, method, path, body);
  await untilReady(folder, processes, call);

  return {
    url,
    kubeconfigPath,
    caPem,
    kubeconfigFor,
    call,
    stop,
    kubectl: (args, input) => runKubectl(folder, kubeconfigPath, args, input),
    async podToken(pod, audience) {
      const path = `/api/v1/namespaces/${pod.namespace}/serviceaccounts/${pod.serviceAccount}/token`;
      const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name: pod.name, uid: pod.uid };
      const spec = { audiences: [audience], expirationSeconds: 3600, boundObjectRef };
      const answer = await call('POST', path, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec });
      const { status } = answer.body as { status?: { token?: string } };
      if (!status?.token) throw new Error(`TokenRequest: ${answer.status} ${JSON.stringify(answer.body)}`);
      return status.token;
    },
  };
}

/** Keys, certificates and the administrator's token. Answers the CA in PEM. */
async function writeCredentials(folder: string, adminToken: string): Promise<string> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const [notBefore, notAfter] = [new Date(Date.now() - 60_000), new Date(Date.now() + 86_400_000)];
  const caKeys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=test kubernetes CA',
    keys: caKeys,
    notBefore,
    notAfter,
    signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const names: x509.JsonGeneralNames = [
    { type: 'ip', value: '127.0.0.1' },
    { type: 'dns', value: 'localhost' },
    { type: 'dns', value: 'kubernetes.default.svc' },
  ];
  const serving = await x509.X509CertificateGenerator.create({
    subject: 'CN=kube-apiserver',
    issuer: ca.subject,
    publicKey: keys.publicKey,
    signingKey: caKeys.privateKey,
    notBefore,
    notAfter,
    signingAlgorithm: algorithm,
    extensions: [new x509.SubjectAlternativeNameExtension(names)],
  });
  const servingKey = x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  const account = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text, { mode: 0o600 });
  write('serving.crt', serving.toString('pem'));
  write('serving.key', servingKey);
  write('service-account.key', account.privateKey.export({ type: 'sec1', format: 'pem' }).toString());
  write('service-account.pub', account.publicKey.export({ type: 'spki', format: 'pem' }).toString());
  write('tokens.csv', `${adminToken},admin,admin,"system:masters"\n`);
  return ca.toString('pem');
}

function kubeconfig(url: string, caPem: string, token: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'test', cluster: { server: url, 'certificate-authority-data': Buffer.from(caPem).toString('base64') } },
    ],
    users: [{ name: 'test', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    'current-context': 'test',
  });
}

function spawnLogged(folder: string, program: string, args: readonly string[]): ChildProcess {
  const log = openSync(join(folder, `${program}.log`), 'a');
  try {
    // A proxy of the surroundings must not see loopback traffic.
    const env = { PATH: process.env.PATH ?? '', HOME: folder };
    return spawn(peerPath(program), args, { stdio: ['ignore', log, log], env, cwd: folder });
  } finally {
    closeSync(log);
  }
}

async function untilReady(
  folder: string,
  processes: readonly ChildProcess[],
  call: (method: string, path: string) => Promise<ApiAnswer>,
): Promise<void> {
  const deadline = Date.now() + 120_000;
  for (;;) {
    const dead = processes.find((child) => child.exitCode !== null || child.signalCode !== null);
    const ready = await call('GET', '/readyz').catch(() => undefined); // not listening yet
    if (ready?.status === 200) return;
    if (dead || Date.now() > deadline) {
      const program = dead?.spawnfile.endsWith('etcd') ? 'etcd' : 'kube-apiserver';
      const log = readFileSync(join(folder, `${program}.log`), 'utf8')
        .split('\n')
        .slice(-12)
        .join('\n');
      throw new Error(`${program} ${dead ? 'ended' : 'is not ready'}:\n${log}`);
    }
    await sleep(100);
  }
}

function callApi(
  server: { port: number; caPem: string; token: string },
  method: string,
  path: string,
  body: unknown,
): Promise<ApiAnswer> {
  const headers: Record<string, string> = { authorization: `Bearer ${server.token}`, accept: 'application/json' };
  if (body !== undefined) {
    headers['content-type'] = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  }
  return new Promise((resolve, reject) => {
    const call = request(
      { host: '127.0.0.1', port: server.port, path, method, headers, ca: server.caPem, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const json = response.headers['content-type']?.startsWith('application/json');
          resolve({ status: response.statusCode ?? 0, body: json ? JSON.parse(text) : text });
        });
      },
    );
    call.on('error', reject);
    call.setTimeout(30_000, () => call.destroy(new Error(`${method} ${path}: no answer within 30 s`)));
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function runKubectl(
  folder: string,
  kubeconfigPath: string,
  args: readonly string[],
  input: string | undefined,
): Promise<string> {
  mkdirSync(join(folder, 'kubectl'), { recursive: true });
  const env = { PATH: process.env.PATH ?? '', HOME: join(folder, 'kubectl') }; // its discovery cache goes with the folder
  return new Promise((resolve, reject) => {
    const child = spawn(peerPath('kubectl'), [`--kubeconfig=${kubeconfigPath}`, ...args], { env });
    const [out, err]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(out).toString());
      else reject(new Error(`kubectl ${args.join(' ')}: ${Buffer.concat(err).toString().trim()}`));
    });
    child.stdin.on('error', () => {}); // it may end before it has read everything; its exit code tells
    child.stdin.end(input ?? '');
  });
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGKILL'); // nothing of it is worth flushing
  await ended;
}
