/**
 * What becomes of a pod when it is created, and why. Pure: the same decision as the webhook's (lib/admission), after the
 * selectors by which the API server decides whether to ask the webhook at all.
 */
import type { WebhookConfig } from '../../../lib/admission/config/index.ts';
import {
  type CertificateWish,
  type ClusterFacts,
  decideInjection,
  type InjectionPlan,
  isInjected,
  type PatchOperation,
  type Review,
  renderPatch,
  type SkipReason,
} from '../../../lib/admission/index.ts';
import { type Circumstances, explainNotInjected, whyNotCalled } from '../not-injected.ts';
import type { Subject } from './subjects.ts';

export type Verdict = 'inject' | 'injected' | 'not-asked' | 'not-called' | 'skip' | 'deny';

export type Explanation = {
  readonly subject: Subject;
  readonly verdict: Verdict;
  /** ERR_… of a denial, the code of a reason, or the webhook's reason to skip. */
  readonly code?: string;
  readonly why?: string;
  readonly remedy?: string;
  readonly warnings: readonly string[];
  /** What the pod asks for. */
  readonly wish?: CertificateWish;
  readonly plan?: InjectionPlan;
  /** Go duration; absent where the CA's provisioner decides. */
  readonly lifetime?: string;
  readonly patch?: readonly PatchOperation[];
  /** Of a live pod that was not injected: why it was not, as far as that can be told afterwards. */
  readonly past?: { readonly code: string; readonly why: string; readonly remedy: string };
};

export type Knowledge = {
  readonly config: WebhookConfig;
  readonly facts: ClusterFacts;
  /** SHA-256 of the CA's root, or words where it is not known. */
  readonly fingerprint: string;
};

export function explain(subject: Subject, knowledge: Knowledge, circumstances: Circumstances): Explanation {
  const { config, facts } = knowledge;
  const decision = decideInjection(reviewOf(subject), config, facts);
  const asks = decision.kind !== 'skip' || decision.reason !== 'not-annotated';
  if (subject.live && isInjected(subject.pod, config)) {
    return { subject, verdict: 'injected', why: 'the containers of autocert are in it', warnings: [] };
  }
  const past = asks && subject.live ? explainNotInjected(subject.pod, circumstances) : undefined;
  const future = asks ? whyNotCalled(subject.pod, circumstances) : undefined;
  // Of a live pod the remedy says, too, who makes it anew
  if (future) return { subject, verdict: 'not-called', warnings: [], ...future, ...past };
  return { ...explainDecision(subject, decision, knowledge), ...(past ? { past } : {}) };
}

function explainDecision(
  subject: Subject,
  decision: ReturnType<typeof decideInjection>,
  { config, fingerprint }: Knowledge,
): Explanation {
  if (decision.kind === 'deny') {
    const { code, message, hint } = decision.error;
    return {
      subject,
      verdict: 'deny',
      code,
      why: message,
      ...(hint === undefined ? {} : { remedy: hint }),
      warnings: [],
    };
  }
  if (decision.kind === 'skip') {
    const { reason, warnings } = decision;
    if (reason === 'not-annotated')
      return { subject, verdict: 'not-asked', code: reason, ...notAsked(subject), warnings };
    if (reason === 'already-injected')
      return { subject, verdict: 'injected', code: reason, why: skipped[reason], warnings };
    return { subject, verdict: 'skip', code: reason, why: skipped[reason], warnings };
  }
  const { plan } = decision;
  const source =
    plan.tokenMode === 'secret'
      ? ({ kind: 'secret', secretName: '(made at admission)' } as const)
      : ({ kind: 'service-account' } as const);
  const patch = renderPatch(plan, source, { fingerprint });
  const lifetime = plan.wish.duration ?? config.certLifetime;
  const { wish, warnings } = plan;
  return { subject, verdict: 'inject', warnings, wish, plan, patch, ...(lifetime === '' ? {} : { lifetime }) };
}

const skipped: Readonly<Record<SkipReason, string>> = {
  'not-a-pod': 'it is no Pod of the core API',
  subresource: 'only the pod itself is looked at',
  'not-a-creation': 'only creations are looked at',
  'not-annotated': 'it has no annotation autocert.step.sm/name',
  'mirror-pod': 'it is a static pod: the kubelet runs it before the API server hears of it',
  'windows-pod': 'it is for Windows, and the containers that autocert adds are for Linux',
  'already-injected': 'the containers of autocert are in it',
};

function notAsked({ misplaced, kind }: Subject): { readonly why: string; readonly remedy: string } {
  if (misplaced) {
    return {
      why: `the annotation stands at the ${kind} itself, where nothing reads it`,
      remedy: 'move it to the template: spec.template.metadata.annotations',
    };
  }
  return {
    why: skipped['not-annotated'],
    remedy: 'annotate the pod, or the template of its workload, with autocert.step.sm/name: NAME',
  };
}

function reviewOf({ pod, namespace }: Subject): Review {
  return {
    apiVersion: 'admission.k8s.io/v1',
    uid: 'explain',
    namespace,
    name: pod.metadata.name ?? '',
    operation: 'CREATE',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    subResource: '',
    dryRun: true,
    username: '',
    object: pod,
  };
}

/** Whether the pod gets what it asks for. */
export const isSatisfied = ({ verdict, past, subject }: Explanation): boolean =>
  verdict === 'injected' ||
  (verdict === 'inject' && past === undefined) ||
  (verdict === 'not-asked' && !subject.misplaced);
