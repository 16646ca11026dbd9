/** What has to be known to explain: the webhook's configuration, from the cluster or from a file, and what surrounds it. */
import { isMap, parseAllDocuments } from 'yaml';
import { parseWebhookConfig } from '../../../lib/admission/config/index.ts';
import { hasNativeSidecars } from '../../../lib/admission/index.ts';
import { fingerprint, parseCertificateChainPem } from '../../../lib/x509/index.ts';
import { type Cluster, foundIn, whyNot } from '../cluster.ts';
import { notInstalled, notReadable } from '../errors.ts';
import { findInstallation } from '../installation.ts';
import { type Circumstances, namespaceLabel } from '../not-injected.ts';
import type { Namespace } from '../objects.ts';
import type { Knowledge } from './explain.ts';
import { readLifetimes } from './lifetimes.ts';

/** Also what is not known, in sentences. */
export type Ground = {
  readonly knowledge: Knowledge;
  /** For pods of a namespace. */
  circumstancesOf(namespace: string): Promise<Circumstances>;
  readonly notes: readonly string[];
};

/** @throws {AppError} ERR_CLUSTER_NOT_INSTALLED (not-found), ERR_CLUSTER_NOT_READABLE (forbidden) */
export async function groundOfCluster(cluster: Cluster, coming: readonly Namespace[]): Promise<Ground> {
  const installation = await findInstallation(cluster);
  const { config, registrations, rootPem } = installation;
  if (config.kind === 'missing') {
    throw notInstalled(`there is no webhook Deployment with a config.yaml in namespace ${installation.namespace}`);
  }
  if (config.kind !== 'found') {
    throw notReadable("the webhook's config.yaml", config.why, 'give --config FILE, or ask with --server');
  }
  const version = foundIn(await cluster.get<{ major?: string; minor?: string }>('/version'));
  const [major, minor] = [Number.parseInt(version?.major ?? '', 10), Number.parseInt(version?.minor ?? '', 10)];
  const root = rootPem.kind === 'found' ? parseCertificateChainPem(rootPem.value)[0] : undefined;
  const registration = foundIn(registrations)?.[0];
  const notes: string[] = [];
  if (registrations.kind !== 'found') {
    notes.push(`whether the API server asks the webhook about a pod is not known: ${whyNot(registrations)}`);
  }
  const lifetimes = await readLifetimes(cluster, installation, config.value);
  if (typeof lifetimes === 'string') {
    notes.push(`whether the CA's provisioner allows the duration that a pod asks for is not known: ${lifetimes}`);
  }
  const nativeSidecars = hasNativeSidecars({ major, minor });
  return {
    knowledge: {
      config: config.value,
      facts: typeof lifetimes === 'object' ? { nativeSidecars, lifetimes } : { nativeSidecars },
      fingerprint: root ? fingerprint(root.der) : 'fingerprint of the root',
    },
    notes,
    async circumstancesOf(name) {
      const inFile = coming.find(({ metadata }) => metadata.name === name);
      return {
        namespace: inFile ?? foundIn(await cluster.get<Namespace>(`/api/v1/namespaces/${name}`)),
        webhook: foundIn(registrations)?.length === 0 ? 'none' : registration?.webhook,
        registeredAt: registration?.configuration.metadata.creationTimestamp,
      };
    },
  };
}

/**
 * @param text config.yaml, or manifests with a ConfigMap that holds it
 * @throws {AppError} ERR_CONFIG (invalid)
 */
export function groundOfFile(text: string, coming: readonly Namespace[]): Ground {
  const config = parseWebhookConfig(unwrapConfigMap(text), { PROVISIONER_NAME: 'autocert', NAMESPACE: 'step' });
  const notes = ['without a cluster: nodes are taken to know native sidecars, namespaces to be labelled'];
  // The chart's, but for the namespaces it excludes
  const webhook = { name: namespaceLabel, namespaceSelector: { matchLabels: { [namespaceLabel]: 'enabled' } } };
  return {
    knowledge: { config, facts: { nativeSidecars: true }, fingerprint: 'fingerprint of the root' },
    notes,
    circumstancesOf: async (name) => ({
      namespace: coming.find(({ metadata }) => metadata.name === name),
      webhook,
      registeredAt: undefined,
    }),
  };
}

function unwrapConfigMap(text: string): string {
  for (const { contents } of parseAllDocuments(text)) {
    if (!isMap(contents) || String(contents.get('kind')) !== 'ConfigMap') continue;
    const inner = contents.getIn(['data', 'config.yaml']);
    if (typeof inner === 'string') return inner;
  }
  return text;
}
