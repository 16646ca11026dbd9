/**
 * Puts the webhook together and starts it: loops that keep things in order, two listeners, and how all of it ends. It
 * listens at once, before the CA has been reached, so that probes get an answer.
 */
import type { Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import type { WebhookConfig } from '../lib/admission/config/index.ts';
import { type ClusterFacts, hasNativeSidecars } from '../lib/admission/index.ts';
import { listen, replaceSecureContext } from '../lib/http/index.ts';
import type { KubernetesVersion } from '../lib/kubernetes/index.ts';
import type { Logger } from '../lib/log/index.ts';
import type { Clock } from '../lib/time/index.ts';
import { connectCa, mountedFiles } from './adapters/ca.ts';
import { createAdmitHandler } from './admit.ts';
import { createBootstrapHandler } from './bootstrap/serve-bootstrap.ts';
import { keepCaBundle } from './ca-bundle.ts';
import { CaLink } from './ca-link.ts';
import { watchClusterVersion } from './cluster-version.ts';
import type { EventSink } from './events/event.ts';
import { EventRecorder } from './events/recorder.ts';
import { createMetrics } from './metrics.ts';
import { podRules } from './pod-rules.ts';
import type { KubernetesPort } from './ports.ts';
import { type CheckName, Readiness } from './readiness.ts';
import { createAdmissionListener, createBootstrapListener, type HttpsListener } from './server.ts';
import { makePlaceholderCertificate, type ServingNames } from './serving-certificate.ts';
import { tellExpiredTokens } from './tokens/expired-tokens.ts';
import { SecretBudget } from './tokens/secret-budget.ts';
import { type RoundReport, runSweeper } from './tokens/sweeper.ts';

/** Name in User-Agent and in the log. */
export const programName = 'autocert-controller';

export type WebhookDeps = {
  readonly kubernetes: KubernetesPort;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
};

export type RunningWebhook = {
  /** `host:port` of POST /mutate. */
  readonly address: string;
  /** `host:port` of POST /v1/bootstrap, in token mode `service-account`. */
  readonly bootstrapAddress: string | undefined;
  /** Not ready from now on; requests in flight get `graceMs`. Resolves when nothing is left running. */
  stop(graceMs: number): Promise<void>;
};

/** @throws {AppError} ERR_LISTEN, ERR_LISTEN_ADDRESS; everything else is tried again until it works */
export async function startWebhook(config: WebhookConfig, deps: WebhookDeps): Promise<RunningWebhook> {
  const { kubernetes, clock, random, log } = deps;
  const readiness = new Readiness(requiredChecks(config));
  const metrics = createMetrics(readiness);
  const ending = new AbortController();
  const servingNames = servingNamesOf(config);
  const listeners: HttpsListener[] = [];
  let version: KubernetesVersion | undefined;

  const link = new CaLink(
    {
      caUrl: config.caUrl,
      rootCAPath: config.rootCAPath,
      provisionerPasswordPath: config.provisionerPasswordPath,
      provisioner: { name: config.provisionerName, kid: config.provisionerKid },
      servingNames,
    },
    {
      files: mountedFiles,
      connect: connectCa(config.caUrl, programName),
      clock,
      random,
      log,
      readiness,
      onServingCertificate(certificate) {
        for (const { server } of listeners) replaceSecureContext(server, secureContextOf(certificate));
        metrics.servingCertificate(certificate);
      },
      onCaError: metrics.caError,
    },
  );

  const clusterFacts = (): ClusterFacts => {
    const lifetimes = link.lifetimes();
    const nativeSidecars = version !== undefined && hasNativeSidecars(version);
    return lifetimes === undefined ? { nativeSidecars } : { nativeSidecars, lifetimes };
  };

  const secureContext = secureContextOf(await makePlaceholderCertificate(servingNames, clock.now()));
  const recorder = new EventRecorder({ store: kubernetes, clock, random, log, metrics });
  const events: EventSink = config.events ? recorder : { record() {} };
  const budget = new SecretBudget(config.tokenSecretLimit);
  const admit = createAdmitHandler({
    config,
    issuer: link,
    secrets: kubernetes,
    budget,
    clock,
    clusterFacts,
    log,
    metrics,
    events,
  });
  const admission = await createAdmissionListener({ secureContext, log, metrics, admit, readiness });
  listeners.push(admission);
  let bootstrap: HttpsListener | undefined;
  if (config.tokenMode === 'service-account') {
    const handler = createBootstrapHandler({
      kubernetes,
      rules: podRules(config, clusterFacts),
      issuer: link,
      caUrl: config.caUrl,
      clock,
      log,
      metrics,
      events,
    });
    bootstrap = await createBootstrapListener({ secureContext, log, metrics, bootstrap: handler });
    // A pod takes a certificate that is not of its CA for final. Without one of ours, the connection breaks instead, and
    // it comes again.
    bootstrap.server.prependListener('connection', (socket: Socket) => {
      if (!readiness.passes('servingCertificate')) socket.destroy();
    });
    listeners.push(bootstrap);
  }

  const stop = async (graceMs: number): Promise<void> => {
    readiness.stop();
    ending.abort();
    await Promise.all(listeners.map((listener) => listener.close(graceMs)));
    await Promise.all(loops);
  };
  const loops: Promise<void>[] = [];
  try {
    const address = format(await listen(admission.server, config.address));
    const bootstrapAddress = bootstrap && format(await listen(bootstrap.server, config.bootstrapAddress));
    log.info('listening', { address, ...(bootstrapAddress === undefined ? {} : { bootstrapAddress }) });
    const shared = { clock, random, log, readiness };
    loops.push(link.run(ending.signal));
    if (config.events) loops.push(recorder.run(ending.signal));
    if (config.nativeSidecar === 'auto') {
      const onVersion = (read: KubernetesVersion): void => {
        version = read;
      };
      loops.push(watchClusterVersion(kubernetes, shared, onVersion, ending.signal));
    }
    if (config.webhookConfigurationName !== '') {
      loops.push(keepCaBundle(kubernetes, config.webhookConfigurationName, link.roots, shared, ending.signal));
    }
    if (config.tokenMode === 'secret') {
      metrics.swept(clock.now(), { deleted: 0, live: 0, overdue: 0 });
      const onRound = async ({
        startedAt,
        seen,
        deleted,
        failed,
        live,
        deletedSecrets,
      }: RoundReport): Promise<void> => {
        metrics.swept(startedAt, { deleted, live: seen - deleted, overdue: failed });
        budget.observe(live, startedAt);
        if (config.events) await tellExpiredTokens(kubernetes, deletedSecrets, events, log);
      };
      loops.push(runSweeper(kubernetes, shared, onRound, ending.signal));
    }
    return { address, bootstrapAddress, stop };
  } catch (error) {
    await stop(0);
    throw error;
  }
}

function requiredChecks(config: WebhookConfig): CheckName[] {
  return [
    'servingCertificate',
    'provisionerKey',
    ...(config.webhookConfigurationName === '' ? [] : (['caBundle'] as const)),
    ...(config.nativeSidecar === 'auto' ? (['kubernetes'] as const) : []),
  ];
}

/** What the API server and pods call us, short and full. */
function servingNamesOf({ service, namespace, clusterDomain }: WebhookConfig): ServingNames {
  const name = `${service}.${namespace}.svc`;
  return [name, `${name}.${clusterDomain === '' ? 'cluster.local' : clusterDomain}`];
}

function secureContextOf({ chainPem, keyPem }: { chainPem: string; keyPem: string }): SecureContextOptions {
  return { cert: chainPem, key: keyPem, minVersion: 'TLSv1.2' };
}

const format = ({ host, port }: { host: string; port: number }): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
