/**
 * What travels between the stages of admission: review → decision → patch → response. Data only.
 *
 * Pods are kept as the JSON they came in: a pointer of the patch refers to that text, and fields that this code has never
 * heard of pass through untouched.
 */
import type { AppError } from '../errors/index.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [name: string]: Json };

/** RFC 6902, the operations that are used here. */
export type PatchOperation = { readonly op: 'add' | 'replace'; readonly path: string; readonly value: Json };

/** Versions of AdmissionReview that are answered, each in its own. */
export type ReviewVersion = 'admission.k8s.io/v1' | 'admission.k8s.io/v1beta1';

/** An AdmissionReview request: what of it the decision and the log need. */
export type Review = {
  readonly apiVersion: ReviewVersion;
  readonly uid: string;
  /** Of the request, which the API server has checked; empty for what is in no namespace. */
  readonly namespace: string;
  /** Empty while the API server has not yet made a name from `generateName`. */
  readonly name: string;
  readonly operation: string;
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly subResource: string;
  readonly dryRun: boolean;
  /** Who asks, for the log. */
  readonly username: string;
  /** The object as it came; judged by the decision, not before. */
  readonly object: unknown;
};

/** What the decision has to know of the cluster. */
export type ClusterFacts = {
  /** Every node runs init containers with `restartPolicy: Always` as sidecars. */
  readonly nativeSidecars: boolean;
  /** Lifetimes that the provisioner gives, where the CA told. */
  readonly lifetimes?: { readonly minMs: number; readonly maxMs: number };
};

export type SkipReason =
  | 'not-a-pod'
  | 'subresource'
  | 'not-a-creation'
  | 'not-annotated'
  | 'mirror-pod'
  | 'windows-pod'
  | 'already-injected';

/** What happens to a pod. Warnings are shown to whoever created it. */
export type Decision =
  | { readonly kind: 'skip'; readonly reason: SkipReason; readonly warnings: readonly string[] }
  | { readonly kind: 'deny'; readonly error: AppError }
  | { readonly kind: 'inject'; readonly plan: InjectionPlan };

/** uid and gid of annotation `owner`. */
export type Owner = { readonly uid: number; readonly gid?: number };

/** What a pod asks for in its annotations, checked; unset where the pod says nothing. */
export type CertificateWish = {
  /** Annotation `name`: subject of the token, common name of the certificate. */
  readonly subject: string;
  /** All names of the certificate, without repetitions: `sans`, or the subject alone. */
  readonly sans: readonly string[];
  /** Go duration as written. */
  readonly duration?: string;
  readonly owner?: Owner;
  /** Octal digits as written. */
  readonly mode?: string;
  readonly initFirst?: boolean;
  readonly bootstrapperOnly: boolean;
  readonly writeMode?: 'atomic' | 'in-place';
  readonly nativeSidecar?: boolean;
  /** Port for metrics of the renewer; 0 for none. */
  readonly metricsPort?: number;
  readonly warnings: readonly string[];
};

/** How the token reaches the pod. On a dry run `secretName` is a stand-in. */
export type TokenSource =
  | { readonly kind: 'secret'; readonly secretName: string }
  | { readonly kind: 'service-account' };

/** What is known only when the patch is made. */
export type PatchFacts = {
  /** SHA-256 of the CA's root, lower-case hex. */
  readonly fingerprint: string;
};

/**
 * An injection that will change the pod. Everything about the pod has been looked at; `renderPatch` only writes it down.
 */
export type InjectionPlan = {
  readonly wish: CertificateWish;
  readonly namespace: string;
  /** In token mode `secret`: a bootstrapper is added, so a token has to be minted for it. Never in `service-account`. */
  readonly needsToken: boolean;
  readonly tokenMode: TokenSource['kind'];
  readonly nativeSidecar: boolean;
  /** Default mode of the key, octal. */
  readonly keyMode: '0600' | '0640' | '0644';
  readonly warnings: readonly string[];
  readonly layout: PodLayout;
};

/** A container to write at an index of a list; `replace` when one of ours stands there that is out of date. */
export type ContainerStep = {
  readonly list: 'initContainers' | 'containers';
  readonly op: 'add' | 'replace';
  readonly index: number;
  readonly container: ContainerBlueprint;
};

/** A container but for the values that are known when the patch is made: token Secret and fingerprint. */
export type ContainerBlueprint = {
  readonly role: 'bootstrapper' | 'renewer';
  readonly template: JsonObject;
  readonly env: readonly EnvBlueprint[];
};

/** An environment variable, or the place of one whose value is known when the patch is made. */
export type EnvBlueprint = JsonObject | 'token' | 'fingerprint';

/** All changes to the pod, in terms of the pod as it came. */
export type PodLayout = {
  readonly podSpec: JsonObject;
  readonly containers: readonly ContainerStep[];
  /** Containers of the pod that lack the mount, by list and index in the pod as it came. */
  readonly mounts: readonly { readonly list: 'initContainers' | 'containers'; readonly index: number }[];
  readonly mount: JsonObject;
  readonly volumes: readonly JsonObject[];
  readonly annotations: readonly PatchOperation[];
};
