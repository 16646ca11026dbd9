/** The rules of admission for a pod that asks for a token: what a live pod must look like, and the names it gets. */
import type { V1Pod } from '@kubernetes/client-node';
import type { WebhookConfig } from '../lib/admission/config/index.ts';
import { annotations, type ClusterFacts, isInjected, readCertificateWish } from '../lib/admission/index.ts';
import type { PodRules } from './bootstrap/decide-bootstrap.ts';

/** @param clusterFacts asked at each request, since they change */
export function podRules(config: WebhookConfig, clusterFacts: () => ClusterFacts): PodRules {
  return {
    findInjectionProblem(pod: V1Pod) {
      if (!pod.metadata?.annotations?.[annotations.name]) return `has no annotation ${annotations.name}`;
      return isInjected(pod, config) ? undefined : `has no init container ${config.bootstrapper.name} of autocert`;
    },
    grantFor({ metadata }: V1Pod, namespace: string) {
      const { lifetimes } = clusterFacts();
      const { subject, sans, duration } = readCertificateWish(
        metadata?.annotations ?? {},
        namespace,
        config,
        lifetimes,
      );
      return { subject, sans, notAfter: duration ?? (config.certLifetime || undefined) };
    },
  };
}
