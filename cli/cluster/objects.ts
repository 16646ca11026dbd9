/**
 * The parts of Kubernetes objects that are read here, as they are on the wire: times are texts, everything may be
 * missing. Data only.
 */

export type ManagedFields = {
  readonly manager?: string;
  readonly operation?: string;
  readonly time?: string;
  readonly subresource?: string;
  readonly fieldsV1?: unknown;
};

export type Metadata = {
  readonly name?: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly { readonly kind: string; readonly name: string; readonly controller?: boolean }[];
  readonly managedFields?: readonly ManagedFields[];
};

/** Any object of the API. */
export type KubernetesObject = {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: Metadata;
};

export type LabelSelector = {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
};

type ContainerState = {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: { readonly startedAt?: string };
  readonly terminated?: {
    readonly exitCode: number;
    readonly reason?: string;
    readonly message?: string;
    readonly finishedAt?: string;
  };
};

export type ContainerStatus = {
  readonly name: string;
  readonly ready?: boolean;
  readonly restartCount?: number;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
};

export type Container = {
  readonly name: string;
  readonly image?: string;
  readonly restartPolicy?: string;
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: unknown }[];
};

export type PodSpec = {
  readonly containers?: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly nodeName?: string;
  readonly serviceAccountName?: string;
  readonly hostNetwork?: boolean;
  readonly os?: { readonly name?: string };
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly volumes?: readonly {
    readonly name: string;
    readonly configMap?: { readonly name?: string };
    readonly secret?: { readonly secretName?: string };
  }[];
};

export type Pod = KubernetesObject & {
  readonly spec?: PodSpec;
  readonly status?: {
    readonly phase?: string;
    readonly startTime?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
};

export type Namespace = KubernetesObject;

export type MutatingWebhook = {
  readonly name: string;
  readonly clientConfig?: {
    readonly url?: string;
    readonly caBundle?: string;
    readonly service?: {
      readonly name: string;
      readonly namespace: string;
      readonly port?: number;
      readonly path?: string;
    };
  };
  readonly rules?: readonly {
    readonly apiGroups?: readonly string[];
    readonly apiVersions?: readonly string[];
    readonly operations?: readonly string[];
    readonly resources?: readonly string[];
    readonly scope?: string;
  }[];
  readonly failurePolicy?: string;
  readonly sideEffects?: string;
  readonly timeoutSeconds?: number;
  readonly reinvocationPolicy?: string;
  readonly namespaceSelector?: LabelSelector;
  readonly objectSelector?: LabelSelector;
  readonly matchConditions?: readonly { readonly name: string; readonly expression: string }[];
};

export type WebhookConfiguration = KubernetesObject & { readonly webhooks?: readonly MutatingWebhook[] };

export type PolicyBinding = KubernetesObject & {
  readonly spec?: { readonly policyName?: string; readonly validationActions?: readonly string[] };
};

export type Service = KubernetesObject & {
  readonly spec?: {
    readonly type?: string;
    readonly clusterIP?: string;
    readonly externalName?: string;
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports?: readonly { readonly name?: string; readonly port: number }[];
  };
};

/** Deployment or StatefulSet. */
export type Workload = KubernetesObject & {
  readonly spec?: {
    readonly replicas?: number;
    readonly template?: { readonly metadata?: Metadata; readonly spec?: PodSpec };
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly readyReplicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
  };
};

export type ConfigMap = KubernetesObject & { readonly data?: Readonly<Record<string, string>> };
