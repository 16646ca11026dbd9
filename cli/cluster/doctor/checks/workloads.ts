/** Namespaces and pods: who asks for a certificate and does not get one, and why. Pure. */
import type { AskingPod } from '../../asking-pods.ts';
import { foundIn, whyNot } from '../../cluster.ts';
import { explainNotInjected, findSimilarLabel, namespaceLabel } from '../../not-injected.ts';
import type { ContainerStatus, Namespace, Pod } from '../../objects.ts';
import { findUnmet } from '../../selectors.ts';
import { type CheckResult, conclude, error, type Finding, unknown, warning } from '../check.ts';
import type { Facts } from '../facts.ts';

export function checkNamespaces({ namespaces, installation }: Facts): CheckResult {
  const check = { id: 'namespaces', title: 'labels of namespaces' };
  if (namespaces.kind !== 'found') return unknown(check, whyNot(namespaces));
  const webhook = foundIn(installation.registrations)?.[0]?.webhook;
  const findings = namespaces.value.flatMap((namespace): Finding[] => {
    const { name = '', labels = {} } = namespace.metadata;
    const what = `namespace ${name}`;
    const value = labels[namespaceLabel];
    if (value === undefined) {
      const similar = findSimilarLabel(labels);
      if (similar === undefined) return [];
      const why = `it has the label ${similar}, and ${namespaceLabel} is meant: its pods are left alone`;
      return [
        warning(
          'namespace-label-misspelled',
          what,
          why,
          `kubectl label namespace ${name} ${similar}- ${namespaceLabel}=enabled`,
        ),
      ];
    }
    const unmet = webhook && findUnmet(webhook.namespaceSelector, withName(namespace));
    if (!unmet) return [];
    if (unmet.key === namespaceLabel) {
      const wanted = unmet.values.join(' or ');
      const why = `its label ${namespaceLabel} is "${value}", and the webhook is asked where it is "${wanted}": its pods are left alone`;
      // A value such as "disabled" is a way to say no
      return /^(disabled|false|no|off)$/i.test(value)
        ? []
        : [
            warning(
              'namespace-label-value',
              what,
              why,
              `kubectl label namespace ${name} ${namespaceLabel}=${unmet.values[0]} --overwrite`,
            ),
          ];
    }
    const why = `it has the label ${namespaceLabel}, and the webhook's namespaceSelector excludes it (${unmet.key})`;
    return [
      warning('namespace-excluded', what, why, 'remove the label, or change webhook.excludedNamespaces of the chart'),
    ];
  });
  const on = namespaces.value.filter(({ metadata }) => metadata.labels?.[namespaceLabel] === 'enabled');
  return conclude(check, findings, `${on.length} of ${namespaces.value.length} switched on`);
}

const withName = ({ metadata }: Namespace): Record<string, string> => ({
  'kubernetes.io/metadata.name': metadata.name ?? '',
  ...metadata.labels,
});

export function checkAnnotations({ misplaced }: Facts): CheckResult {
  const check = { id: 'annotations', title: 'annotations of workloads' };
  if (misplaced.kind !== 'found') return unknown(check, whyNot(misplaced));
  const why = 'its annotation autocert.step.sm/name stands at the workload itself, where nothing reads it';
  const remedy = 'move it to the template: spec.template.metadata.annotations';
  const findings = misplaced.value.map((what) => warning('annotation-misplaced', what, why, remedy));
  return conclude(check, findings, 'each in a pod template');
}

export function checkPods({ pods, installation, namespaces }: Facts): CheckResult {
  const check = { id: 'pods', title: 'pods that ask for a certificate' };
  if (pods.kind !== 'found') return unknown(check, whyNot(pods));
  const registrations = foundIn(installation.registrations);
  const registration = registrations?.[0];
  const without = pods.value.filter(({ injected }) => !injected);
  const findings = without.map(({ pod }) => {
    const reason = explainNotInjected(pod, {
      namespace: foundIn(namespaces)?.find(({ metadata }) => metadata.name === pod.metadata.namespace),
      webhook: registrations?.length === 0 ? 'none' : registration?.webhook,
      registeredAt: registration?.configuration.metadata.creationTimestamp,
    });
    return warning(reason.code, `pod ${pod.metadata.namespace}/${pod.metadata.name}`, reason.why, reason.remedy);
  });
  const merged = [
    ...mergeReplicas(
      findings,
      without.map(({ pod }) => pod),
    ),
    ...pods.value.flatMap(bootstrapTrouble),
  ];
  return conclude(check, merged, `${pods.value.length} pods, all injected`);
}

/** A hundred replicas have one reason. */
function mergeReplicas(findings: readonly Finding[], pods: readonly Pod[]): Finding[] {
  const groups = new Map<string, { finding: Finding; count: number }>();
  for (const [index, finding] of findings.entries()) {
    const { metadata } = pods[index] ?? { metadata: {} };
    const owner = metadata.ownerReferences?.find(({ controller }) => controller);
    const key = owner ? `${metadata.namespace} ${owner.kind} ${owner.name} ${finding.id}` : `${index}`;
    const group = groups.get(key);
    if (group) group.count += 1;
    else groups.set(key, { finding, count: 1 });
  }
  return [...groups.values()].map(({ finding, count }) =>
    count === 1 ? finding : { ...finding, what: `${finding.what} and ${count - 1} more of its owner` },
  );
}

/** An injected pod whose init container does not get its certificate, or whose renewer fails. */
function bootstrapTrouble({ pod, injected }: AskingPod): Finding[] {
  if (!injected) return [];
  const { metadata, status } = pod;
  const what = `pod ${metadata.namespace}/${metadata.name}`;
  const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  return statuses
    .filter(({ name }) => name.startsWith('autocert-'))
    .flatMap((container) => {
      const why = troubleOf(container);
      if (why === undefined) return [];
      const remedy = `kubectl -n ${metadata.namespace} logs ${metadata.name} -c ${container.name}`;
      return [error(`${container.name.replace('autocert-', '')}-fails`, what, `${container.name}: ${why}`, remedy)];
    });
}

function troubleOf({ state, lastState, ready }: ContainerStatus): string | undefined {
  const ended = state?.terminated ?? lastState?.terminated;
  const reason = state?.waiting?.reason;
  const waits = reason !== undefined && reason !== 'PodInitializing' && reason !== 'ContainerCreating';
  const failed = (state?.terminated?.exitCode ?? 0) !== 0 || (waits && !ready);
  if (!failed) return undefined;
  return (
    [reason, state?.waiting?.message, ended?.message?.trim()].filter((part) => part).join(': ') ||
    `exit code ${ended?.exitCode}`
  );
}
