/**
 * Why a pod that asks for a certificate has none of our containers. Pure: from the pod, its namespace and the
 * registration of the webhook, in the order in which the API server would have let the pod by.
 *
 * What happened at creation is not recorded; what can be told from times and field managers is told as such.
 */
import { annotations, contract } from '../../lib/admission/index.ts';
import { nearest } from '../help/nearest.ts';
import type { MutatingWebhook, Namespace, Pod } from './objects.ts';
import { findUnmet } from './selectors.ts';

/** Label of namespaces, the same as the prefix of annotations without its slash. */
export const namespaceLabel = contract.annotationPrefix.replace(/\/$/, '');

/** docs/guides/doctor.md lists them. */
type ReasonCode =
  | 'pod-in-namespace-without-label'
  | 'pod-in-excluded-namespace'
  | 'pod-opted-out'
  | 'pod-is-static'
  | 'pod-for-windows'
  | 'pod-before-install'
  | 'pod-before-label'
  | 'pod-annotated-later'
  | 'pod-excluded-by-condition'
  | 'pod-missed'
  | 'pod-without-webhook';

export type Reason = {
  readonly code: ReasonCode;
  readonly why: string;
  readonly remedy: string;
};

export type Circumstances = {
  /** Undefined when it cannot be read. */
  readonly namespace: Namespace | undefined;
  readonly webhook: MutatingWebhook | 'none' | undefined;
  /** When the registration was made, RFC 3339. */
  readonly registeredAt: string | undefined;
};

/** The reason why the API server does not call the webhook for such a pod now; undefined when it does. */
export function whyNotCalled(pod: Pod, { namespace, webhook }: Circumstances): Reason | undefined {
  const { labels = {}, annotations: values = {} } = pod.metadata;
  if (webhook === 'none') {
    return {
      code: 'pod-without-webhook',
      why: 'no webhook of autocert is registered: the API server asks nobody about it',
      remedy: 'install with "autocert install" or the Helm chart',
    };
  }
  if (namespace && webhook) {
    // The API server adds this label to every namespace
    const namespaceLabels = {
      'kubernetes.io/metadata.name': namespace.metadata.name ?? '',
      ...namespace.metadata.labels,
    };
    const unmet = findUnmet(webhook.namespaceSelector, namespaceLabels);
    if (unmet?.key === namespaceLabel) return namespaceIsOff(namespace, unmet.values);
    if (unmet) return namespaceIsExcluded(namespace, unmet.key, unmet.operator, unmet.values);
  }
  const own = webhook && findUnmet(webhook.objectSelector, labels);
  if (own) {
    return {
      code: 'pod-opted-out',
      why: `its label ${own.key} (${labels[own.key] ?? 'absent'}) takes it out of the webhook's objectSelector`,
      remedy: `remove the label from the pod's template, or change the objectSelector`,
    };
  }
  if (Object.hasOwn(values, 'kubernetes.io/config.mirror')) {
    return {
      code: 'pod-is-static',
      why: 'it is a static pod: the kubelet runs it before the API server hears of it',
      remedy: 'make it a Deployment or DaemonSet, or get its certificate with "autocert ca certificate"',
    };
  }
  if (pod.spec?.os?.name === 'windows' || pod.spec?.nodeSelector?.['kubernetes.io/os'] === 'windows') {
    return {
      code: 'pod-for-windows',
      why: 'it is for Windows, and the containers that autocert adds are for Linux',
      remedy: 'get its certificate in the pod itself, with "autocert ca certificate"',
    };
  }
  return undefined;
}

/** The most likely reason why this live pod was not injected. */
export function explainNotInjected(pod: Pod, circumstances: Circumstances): Reason {
  const notCalled = whyNotCalled(pod, circumstances);
  if (notCalled?.code === 'pod-in-namespace-without-label') {
    return { ...notCalled, remedy: `${notCalled.remedy}; then ${recreate(pod)}` };
  }
  if (notCalled) return notCalled;
  const { namespace, registeredAt } = circumstances;
  const webhook = circumstances.webhook === 'none' ? undefined : circumstances.webhook;
  const createdAt = pod.metadata.creationTimestamp ?? '';
  if (registeredAt && createdAt && createdAt < registeredAt) {
    return {
      code: 'pod-before-install',
      why: `it was created ${createdAt}, before the webhook was installed (${registeredAt})`,
      remedy: recreate(pod),
    };
  }
  const annotatedAt = fieldSetAt(pod, 'annotations', annotations.name);
  if (annotatedAt && createdAt && annotatedAt > createdAt) {
    return {
      code: 'pod-annotated-later',
      why: `it got its annotation ${annotatedAt}, after it was created (${createdAt})`,
      remedy: `write the annotation into the pod's template, or into the manifest, and create the pod anew`,
    };
  }
  const labelledAt = namespace && fieldSetAt(namespace, 'labels', namespaceLabel);
  if (labelledAt && createdAt && createdAt < labelledAt) {
    return {
      code: 'pod-before-label',
      why: `it was created ${createdAt}, before its namespace was labelled (last set ${labelledAt})`,
      remedy: recreate(pod),
    };
  }
  const own = (webhook?.matchConditions ?? []).filter(({ name }) => !knownConditions.includes(name));
  if (own.length > 0) {
    return {
      code: 'pod-excluded-by-condition',
      why: `the webhook has more matchConditions (${own.map(({ name }) => name).join(', ')}), and one may exclude it`,
      remedy: 'compare the pod with their expressions; "autocert explain FILE --server" asks the API server',
    };
  }
  const failsOpen = webhook?.failurePolicy === 'Ignore';
  return {
    code: 'pod-missed',
    why: failsOpen
      ? 'the API server could not reach the webhook when it was created, and failurePolicy Ignore let it pass'
      : 'nothing in the cluster as it is now explains it; another webhook or controller may have changed it',
    remedy: recreate(pod),
  };
}

/** Those of the chart, whose meaning is known here. */
const knownConditions: readonly string[] = ['wants-a-certificate', 'is-no-mirror-pod'];

function namespaceIsOff({ metadata }: Namespace, wanted: readonly string[]): Reason {
  const value = metadata.labels?.[namespaceLabel];
  const similar = findSimilarLabel(metadata.labels ?? {});
  const why =
    value !== undefined
      ? `its namespace has the label ${namespaceLabel}=${value}, and the value has to be ${wanted.join(' or ')}`
      : similar !== undefined
        ? `its namespace has the label ${similar}, and ${namespaceLabel} is meant`
        : `its namespace has no label ${namespaceLabel}`;
  return {
    code: 'pod-in-namespace-without-label',
    why,
    remedy: `kubectl label namespace ${metadata.name} ${namespaceLabel}=${wanted[0] ?? 'enabled'} --overwrite`,
  };
}

const namespaceIsExcluded = ({ metadata }: Namespace, key: string, operator: string, values: readonly string[]) =>
  ({
    code: 'pod-in-excluded-namespace',
    why: `its namespace ${metadata.name} is excluded by the webhook's namespaceSelector (${[key, operator, values.join(', ')].join(' ').trim()})`,
    remedy: 'move the pod to another namespace, or change webhook.excludedNamespaces of the chart',
  }) satisfies Reason;

/** A label that was probably meant to be ours. */
export function findSimilarLabel(labels: Readonly<Record<string, string>>): string | undefined {
  const [similar] = Object.keys(labels).filter(
    (key) => key !== namespaceLabel && !key.includes('kubernetes.io') && looksLikeOurs(key),
  );
  return similar;
}

const looksLikeOurs = (key: string): boolean =>
  key.startsWith(contract.annotationPrefix) ||
  /^autocert([-./]|$)/.test(key) ||
  nearest(key, [namespaceLabel]) !== undefined;

/** Who makes a pod anew, and how. */
function recreate({ metadata }: Pod): string {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller);
  const target = `kubectl -n ${metadata.namespace} delete pod ${metadata.name}`;
  if (!owner) return `${target}, and create it again from its manifest`;
  return `${target}; its ${owner.kind} ${owner.name} makes a new one`;
}

/** When a label or annotation was last set by somebody who is not the creator; from the managed fields. */
function fieldSetAt(
  { metadata }: { readonly metadata: Pod['metadata'] },
  map: 'labels' | 'annotations',
  key: string,
): string | undefined {
  const times = (metadata.managedFields ?? [])
    .filter(({ fieldsV1, subresource }) => !subresource && owns(fieldsV1, ['f:metadata', `f:${map}`, `f:${key}`]))
    .flatMap(({ time }) => time ?? []);
  // Who set it first may have been followed by others
  return times.sort()[0];
}

function owns(fields: unknown, path: readonly string[]): boolean {
  const [first, ...rest] = path;
  if (first === undefined) return true;
  const inner = typeof fields === 'object' && fields !== null ? Reflect.get(fields, first) : undefined;
  return inner !== undefined && owns(inner, rest);
}
