/** A webhook in this process, with the real CA and the real API server behind it, and a client that asks as they do. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type Agent, type RequestOptions, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseWebhookConfig } from '../../lib/admission/config/index.ts';
import { connectKubernetes } from '../../lib/kubernetes/index.ts';
import { createLogger } from '../../lib/log/index.ts';
import { systemClock } from '../../lib/time/index.ts';
import { type RunningWebhook, startWebhook } from '../../webhook/start.ts';
import type { WebhookAuthority } from './webhook-authority.ts';

/** Name that the serving certificate has. */
export const servingName = 'autocert.step.svc';

export type TestWebhook = RunningWebhook & {
  /** Every line logged so far, parsed. */
  readonly log: readonly Record<string, unknown>[];
};

/** A configuration as the chart writes it, for an authority, on free ports. */
export function configFor(authority: WebhookAuthority, settings: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    address: '127.0.0.1:0',
    bootstrapAddress: '127.0.0.1:0',
    logFormat: 'json',
    caUrl: authority.url,
    certLifetime: '24h',
    clusterDomain: 'cluster.local',
    restrictCertificatesToNamespace: true,
    rootCAPath: authority.rootPath,
    provisionerPasswordPath: authority.passwordPath,
    bootstrapper: { name: 'autocert-bootstrapper', image: 'autocert-bootstrapper:test' },
    renewer: { name: 'autocert-renewer', image: 'autocert-renewer:test' },
    certsVolume: { name: 'certs', emptyDir: {} },
    ...settings,
  });
}

export const webhookEnvironment = { PROVISIONER_NAME: 'autocert', NAMESPACE: 'step' };

/** Starts it in this process; the caller stops it. */
export async function startTestWebhook(
  authority: WebhookAuthority,
  kubeconfigPath: string,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<TestWebhook> {
  const log: Record<string, unknown>[] = [];
  const write = (line: string): void => {
    log.push(JSON.parse(line));
  };
  const kubernetes = await connectKubernetes({ kubeconfigPath, userAgent: 'autocert-test' });
  const webhook = await startWebhook(parseWebhookConfig(configFor(authority, settings), webhookEnvironment), {
    kubernetes,
    clock: systemClock,
    random: Math.random,
    log: createLogger({ name: 'webhook', level: 'debug', write }),
  });
  const stop = async (graceMs: number): Promise<void> => {
    await webhook.stop(graceMs);
    kubernetes.close();
  };
  return { ...webhook, stop, log };
}

export type Answer = {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly text: string;
};

export type Ask = {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Trusts these roots and asks for the serving name; without, verifies nothing, as the kubelet's probes do. */
  readonly rootPem?: string;
  readonly agent?: Agent;
};

/** One request; rejects when the connection fails. */
export function ask(
  address: string,
  { method = 'GET', path, headers = {}, body, rootPem, agent }: Ask,
): Promise<Answer> {
  const { hostname: host, port } = new URL(`https://${address}`);
  const trust: RequestOptions =
    rootPem === undefined ? { rejectUnauthorized: false } : { ca: rootPem, servername: servingName };
  return new Promise((resolve, reject) => {
    const call = request({ host, port, path, method, headers, agent: agent ?? false, ...trust }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString(),
        }),
      );
    });
    call.on('error', reject);
    call.setTimeout(20_000, () => call.destroy(new Error(`${method} ${path}: no answer within 20 s`)));
    call.end(body);
  });
}

/** Asks until the condition holds; fails with what was seen last. */
export async function until<T>(what: string, look: () => Promise<T>, holds: (seen: T) => boolean): Promise<T> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const seen = await look().catch((error: unknown) => error as T);
    if (!(seen instanceof Error) && holds(seen)) return seen;
    if (Date.now() > deadline) throw new Error(`${what}: not within 30 s; last seen: ${JSON.stringify(seen) ?? seen}`);
    await sleep(50);
  }
}

/** Waits for /readyz to say yes. */
export const untilReady = (address: string): Promise<Answer> =>
  until(
    'ready',
    () => ask(address, { path: '/readyz' }),
    ({ status }) => status === 200,
  );

/** A pod as it is submitted. */
export function podManifest(name: string, namespace: string, certificateName: string): Record<string, unknown> {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, annotations: { 'autocert.step.sm/name': certificateName } },
    spec: { serviceAccountName: name, containers: [{ name: 'app', image: 'app' }] },
  };
}

/** A review of the creation of a pod, as the API server sends it. */
export function reviewOf(object: unknown, changes: Readonly<Record<string, unknown>> = {}): string {
  const { metadata } = object as { metadata: { name?: string; namespace: string } };
  return JSON.stringify({
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      name: metadata.name ?? '',
      namespace: metadata.namespace,
      operation: 'CREATE',
      userInfo: { username: 'admin' },
      object,
      dryRun: false,
      ...changes,
    },
  });
}

/** Posts a review as the API server does. */
export const postReview = (address: string, review: string, more: Partial<Ask> = {}): Promise<Answer> =>
  ask(address, {
    method: 'POST',
    path: '/mutate?timeout=10s',
    headers: { 'content-type': 'application/json' },
    body: review,
    ...more,
  });

/** A folder that is removed with everything in it. */
export function temporaryFile(name: string, text: string): { readonly path: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'autocert-webhook-'));
  const path = join(folder, name);
  writeFileSync(path, text);
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
