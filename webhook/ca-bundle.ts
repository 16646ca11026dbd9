/**
 * Keeps `caBundle` of our MutatingWebhookConfiguration equal to our roots: without it the API server cannot call us, and
 * upstream leaves it to the installer. Looked at every minute, since Helm, kubectl and GitOps tools put it back.
 *
 * Several replicas do this at once: the patch tests what was read, and who comes second reads again.
 */
import type { V1MutatingWebhookConfiguration } from '@kubernetes/client-node';
import { AppError, isAppError } from '../lib/errors/index.ts';
import type { PatchOperation } from '../lib/kubernetes/index.ts';
import type { Logger } from '../lib/log/index.ts';
import { type BackoffPolicy, backoffMs, type Clock } from '../lib/time/index.ts';
import type { WebhookConfigurationStore } from './ports.ts';
import type { Readiness } from './readiness.ts';

const intervalMs = 60_000;
const retry: BackoffPolicy = { firstMs: 1_000, maxMs: 60_000 };
const maxConflicts = 5;

/** The operations that bring every webhook of the configuration to this bundle; none when all are there. */
export function planCaBundlePatch(configuration: V1MutatingWebhookConfiguration, rootsPem: string): PatchOperation[] {
  const wanted = Buffer.from(rootsPem).toString('base64');
  return (configuration.webhooks ?? []).flatMap(({ name, clientConfig }, index): PatchOperation[] => {
    if (clientConfig.caBundle === wanted) return [];
    const path = `/webhooks/${index}/clientConfig/caBundle`;
    const sameWebhook: PatchOperation = { op: 'test', path: `/webhooks/${index}/name`, value: name };
    if (!clientConfig.caBundle) return [sameWebhook, { op: 'add', path, value: wanted }];
    return [sameWebhook, { op: 'test', path, value: clientConfig.caBundle }, { op: 'replace', path, value: wanted }];
  });
}

/**
 * One look, and a patch where it is needed.
 *
 * @returns whether something was changed
 * @throws {AppError} ERR_WEBHOOK_CONFIGURATION_MISSING (not-found), and what the store throws
 */
export async function ensureCaBundle(
  store: WebhookConfigurationStore,
  name: string,
  rootsPem: string,
): Promise<boolean> {
  for (let attempt = 0; ; attempt++) {
    const configuration = await store.readWebhookConfiguration(name);
    if (!configuration) throw configurationMissing(name);
    const patch = planCaBundlePatch(configuration, rootsPem);
    if (patch.length === 0) return attempt > 0;
    try {
      await store.patchWebhookConfiguration(name, patch);
      return true;
    } catch (error) {
      const lost = isAppError(error) && (error.kind === 'invalid' || error.kind === 'conflict');
      if (!lost || attempt >= maxConflicts) throw error;
    }
  }
}

const configurationMissing = (name: string): AppError =>
  new AppError(
    'ERR_WEBHOOK_CONFIGURATION_MISSING',
    'not-found',
    `webhookConfigurationName: there is no MutatingWebhookConfiguration "${name}"`,
    { hint: 'create it, or set webhookConfigurationName to the name it has, or leave it empty' },
  );

/** Looks every minute, and at once when `roots` tells of new ones, until `signal` aborts. */
export async function keepCaBundle(
  store: WebhookConfigurationStore,
  name: string,
  roots: RootsSource,
  deps: { readonly clock: Clock; readonly random: () => number; readonly log: Logger; readonly readiness: Readiness },
  signal: AbortSignal,
): Promise<void> {
  const { clock, random, log, readiness } = deps;
  let failures = 0;
  while (!signal.aborted) {
    const rootsPem = roots.current();
    let waitMs = intervalMs * (0.75 + random() / 2);
    if (rootsPem !== undefined) {
      try {
        if (await ensureCaBundle(store, name, rootsPem)) log.info('caBundle updated', { webhookConfiguration: name });
        readiness.pass('caBundle');
        failures = 0;
      } catch (error) {
        readiness.fail('caBundle', error);
        log.warn('caBundle cannot be kept', { error, webhookConfiguration: name });
        waitMs = backoffMs(retry, failures++, random());
      }
    }
    await clock.sleep(waitMs, AbortSignal.any([signal, roots.changed()]));
  }
}

/** The roots we trust now, and a signal that aborts when they are others. */
export type RootsSource = { current(): string | undefined; changed(): AbortSignal };
