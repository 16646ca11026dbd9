/** Warnings about how the pod runs: whether it can find the CA, and whether it can end. */
import type { WebhookConfig } from '../config/index.ts';
import { clusterDomainOf } from '../names/index.ts';
import type { Pod } from './pod.ts';
import { isRecord } from './review.ts';

/** A pod that asks the node's DNS server does not find a name of the cluster. */
export function warnAboutDns(pod: Pod, config: WebhookConfig): string[] {
  const { hostNetwork, dnsPolicy: written, dnsConfig } = pod.spec;
  const dnsPolicy = typeof written === 'string' && written !== '' ? written : 'ClusterFirst';
  const ownServers = isRecord(dnsConfig) && Array.isArray(dnsConfig.nameservers) && dnsConfig.nameservers.length > 0;
  const asksNode =
    dnsPolicy === 'Default' ||
    (dnsPolicy === 'ClusterFirst' && hostNetwork === true) ||
    (dnsPolicy === 'None' && !ownServers);
  if (!asksNode) return [];
  const urls = config.tokenMode === 'service-account' ? [config.bootstrapUrl, config.caUrl] : [config.caUrl];
  const host = urls.map((url) => URL.parse(url)?.hostname ?? '').find((name) => isClusterName(name, config));
  if (host === undefined) return [];
  const remedy = hostNetwork === true ? 'ClusterFirstWithHostNet' : 'ClusterFirst';
  return [`this pod may not resolve ${host}: set dnsPolicy ${remedy}`];
}

/** A pod that is meant to end does not end while an ordinary container of ours runs. */
export function warnAboutCompletion(pod: Pod, renewer: { readonly native: boolean } | undefined): string[] {
  const ends = pod.spec.restartPolicy === 'Never' || pod.spec.restartPolicy === 'OnFailure';
  return ends && renewer && !renewer.native
    ? ['this pod will not complete while the renewer runs: set autocert.step.sm/bootstrapper-only or native-sidecar']
    : [];
}

function isClusterName(host: string, config: WebhookConfig): boolean {
  const name = host.replace(/\.$/, '');
  if (name === '' || name === 'localhost' || /^[[\d.]/.test(name)) return false;
  return !name.includes('.') || name.endsWith('.svc') || name.endsWith(`.svc.${clusterDomainOf(config)}`);
}
