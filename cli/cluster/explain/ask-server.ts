/**
 * The other way to explain: the pod is created on a dry run, and whatever the API server, our webhook and everybody
 * else's make of it is told. For those who may not read the webhook's configuration, and where other webhooks matter.
 */
import type { ApiAnswer } from '../../../lib/kubernetes/index.ts';
import { asksForCertificate } from '../asking-pods.ts';
import { type Cluster, messageOf } from '../cluster.ts';
import type { Pod } from '../objects.ts';
import type { Explanation } from './explain.ts';
import type { Subject } from './subjects.ts';

export async function askServer(cluster: Cluster, subject: Subject): Promise<Explanation> {
  const { kind: _kind, apiVersion: _version, ...rest } = subject.pod;
  const pod = { apiVersion: 'v1', kind: 'Pod', ...rest };
  return readVerdict(subject, await cluster.dryRunPod(subject.namespace, pod));
}

function readVerdict(subject: Subject, { status, body, warnings }: ApiAnswer): Explanation {
  if (status < 200 || status >= 300) {
    const why = messageOf(body) || `status ${status}`;
    return { subject, verdict: 'deny', code: String(status), why, warnings };
  }
  const added = namesOf(body as Pod).filter((name) => !namesOf(subject.pod).includes(name));
  if (added.length > 0) return { subject, verdict: 'inject', why: `the API server adds ${added.join(', ')}`, warnings };
  if (!asksForCertificate(subject.pod)) {
    return { subject, verdict: 'not-asked', why: 'it has no annotation autocert.step.sm/name', warnings };
  }
  const why = 'the API server takes it as it is';
  return { subject, verdict: 'not-called', why, remedy: 'leave --server out to learn the reason', warnings };
}

const namesOf = ({ spec }: Pod): string[] =>
  [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].map(({ name }) => name);
