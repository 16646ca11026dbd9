/** Warnings about how the pod runs: whether it can find the CA, and whether it can end. */
import type { WebhookConfig } from './config/index.ts';
import { clusterDomainOf } from './names/index.ts';
import type { Container, Pod } from './pod.ts';
import { quote } from './quote.ts';
import { isRecord } from './review.ts';
import type { CertificateWish, Json } from './types.ts';

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

/**
 * Where the renewer serves metrics: what the annotation says, else the configuration. On the node's network every pod
 * would want the same port of the node, so there it is served only when the pod itself asks.
 */
export function chooseMetricsPort(pod: Pod, wish: CertificateWish, config: WebhookConfig): number | undefined {
  const byDefault = pod.spec.hostNetwork === true ? 0 : config.renewerMetricsPort;
  return (wish.metricsPort ?? byDefault) || undefined;
}

/** Two containers of a pod cannot listen at one port; the renewer then goes on without metrics. */
export function warnAboutMetricsPort(users: readonly Container[], port: number | undefined): string[] {
  if (port === undefined) return [];
  const taken = users.find(({ raw }) => {
    const ports: readonly Json[] = Array.isArray(raw.ports) ? raw.ports : [];
    return ports.some((own) => isRecord(own) && own.containerPort === port);
  });
  return taken ? [`container ${quote(taken.name)} has port ${port}: the renewer cannot serve its metrics there`] : [];
}

function isClusterName(host: string, config: WebhookConfig): boolean {
  const name = host.replace(/\.$/, '');
  if (name === '' || name === 'localhost' || /^[[\d.]/.test(name)) return false;
  return !name.includes('.') || name.endsWith('.svc') || name.endsWith(`.svc.${clusterDomainOf(config)}`);
}
