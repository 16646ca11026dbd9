/**
 * The admission decision: skip, deny or inject. Pure, and made from the pod alone: asked again with the pod that came out,
 * it finds nothing left to do, so that reinvocation, a copied pod or a forged `status` change nothing.
 *
 * Order: what is no business of ours is let through before it is looked at; then annotations, names, containers, mounts.
 */
import { isAppError } from '../errors/index.ts';
import { annotations, readCertificateWish, warnAboutIdle } from './annotations.ts';
import type { WebhookConfig } from './config/index.ts';
import { buildBootstrapper, buildRenewer } from './containers.ts';
import { containerless, namespaceMissing } from './errors.ts';
import { buildSecurityContext, chooseKeyMode, warnAboutKey } from './identity.ts';
import { layOut } from './layout.ts';
import { chooseMetricsPort, warnAboutCompletion, warnAboutDns, warnAboutMetricsPort } from './network.ts';
import { type Pod, readAnnotations, readPod } from './pod.ts';
import { keyModeOf, recognizeInjected } from './recognize.ts';
import { isRecord } from './review.ts';
import type { ClusterFacts, Decision, InjectionPlan, Review, SkipReason } from './types.ts';
import { chooseCertsVolume, chooseTokenVolume } from './volumes.ts';

/** Written by the kubelet on its copy of a static pod. */
const mirrorAnnotation = 'kubernetes.io/config.mirror';

const skip = (reason: SkipReason, warnings: readonly string[] = []): Decision => ({ kind: 'skip', reason, warnings });

/** Never throws for what is in the review: what is wrong with it is a denial. */
export function decideInjection(review: Review, config: WebhookConfig, facts: ClusterFacts): Decision {
  if (!isPod(review)) return skip('not-a-pod');
  if (review.subResource !== '') return skip('subresource');
  if (review.operation !== 'CREATE' && review.operation !== '') return skip('not-a-creation');
  try {
    const values = readAnnotations(review.object);
    if ((values[annotations.name] ?? '') === '') return skip('not-annotated', warnAboutIdle(values));
    // A mirror pod runs already; what is written into it changes nothing.
    if (Object.hasOwn(values, mirrorAnnotation)) return skip('mirror-pod');
    const pod = readPod(review.object);
    if (isForWindows(pod)) {
      return skip('windows-pod', ['no certificate for this pod: the containers that autocert adds are for Linux']);
    }
    const plan = planInjection(pod, review, config, facts);
    return plan ? { kind: 'inject', plan } : skip('already-injected');
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { kind: 'deny', error };
  }
}

/** undefined when the pod is as it should be. */
function planInjection(
  pod: Pod,
  review: Review,
  config: WebhookConfig,
  facts: ClusterFacts,
): InjectionPlan | undefined {
  const namespace = review.namespace || pod.namespace;
  if (namespace === '') throw namespaceMissing();
  const wish = readCertificateWish(pod.annotations, namespace, config, facts.lifetimes);
  const recognized = recognizeInjected(pod, config);
  const { users } = recognized;
  // Our renewer alone would make a valid pod of one that the API server has to refuse.
  if (!users.some(({ list }) => list === 'containers')) throw containerless();

  const { bootstrapper, renewer } = recognized;
  const ours = [bootstrapper, renewer].filter((found) => found !== undefined);
  const certsVolume = chooseCertsVolume(pod, config.certsVolume, ours, users);
  const tokenVolume =
    config.tokenMode === 'service-account' ? chooseTokenVolume(pod, certsVolume, ours, users) : undefined;
  const wanted =
    wish.nativeSidecar ?? (config.nativeSidecar === 'auto' ? facts.nativeSidecars : config.nativeSidecar === 'always');
  // A renewer that is there stays where it is.
  const native = renewer ? renewer.container.list === 'initContainers' : wanted;

  const contextOf = (template: WebhookConfig['renewer']) =>
    buildSecurityContext(template, wish, pod, users, config.tokenMode);
  const bootstrapperContext = contextOf(config.bootstrapper);
  const keyMode = keyModeOf(bootstrapper) ?? chooseKeyMode(bootstrapperContext, wish, pod, users);
  const podName = pod.name || review.name;
  const metricsPort = wish.bootstrapperOnly ? undefined : chooseMetricsPort(pod, wish, config);
  const input = { config, wish, namespace, podName, keyMode, certsVolume, tokenVolume, metricsPort };
  const layout = layOut(pod, recognized, {
    bootstrapper: buildBootstrapper(input, bootstrapperContext),
    renewer: wish.bootstrapperOnly && !renewer ? undefined : buildRenewer(input, contextOf(config.renewer), native),
    native,
    initFirst: wish.initFirst ?? (wanted ? true : undefined),
    certsVolume: { ...config.certsVolume, name: certsVolume },
    tokenVolume,
  });
  const { containers, mounts, volumes, annotations: marks } = layout;
  if (containers.length + mounts.length + volumes.length + marks.length === 0) return undefined;
  return {
    wish,
    namespace,
    needsToken: config.tokenMode === 'secret' && containers.some(({ container }) => container.role === 'bootstrapper'),
    tokenMode: config.tokenMode,
    nativeSidecar: native,
    keyMode,
    layout,
    warnings: [
      ...wish.warnings,
      ...warnAboutKey(keyMode, wish),
      ...warnAboutDns(pod, config),
      ...warnAboutMetricsPort(users, metricsPort),
      ...warnAboutCompletion(pod, wish.bootstrapperOnly ? undefined : { native }),
    ],
  };
}

/** By the kind of the request; a review by hand that says none is judged by its object. */
function isPod({ kind, object }: Review): boolean {
  if (kind.kind !== '' && (kind.kind !== 'Pod' || kind.group !== '')) return false;
  return !isRecord(object) || object.kind === undefined || object.kind === 'Pod';
}

function isForWindows({ spec }: Pod): boolean {
  const { os, nodeSelector } = spec;
  if (isRecord(os) && os.name === 'windows') return true;
  return isRecord(nodeSelector) && nodeSelector['kubernetes.io/os'] === 'windows';
}
