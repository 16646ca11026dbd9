/** Pods that scenarios make. */

export type PodOptions = {
  /** Annotations of autocert, without their prefix. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** Members of the pod's spec, which replace those made here. */
  readonly spec?: Readonly<Record<string, unknown>>;
  /** Members of its one container. */
  readonly container?: Readonly<Record<string, unknown>>;
};

export const folder = '/var/run/autocert.step.sm';

const annotate = (annotations: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(annotations).map(([name, value]) => [`autocert.step.sm/${name}`, value]));

/** What PodSecurity `restricted` asks of a container. */
export const restrictedContainer = {
  securityContext: {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    runAsNonRoot: true,
    runAsUser: 1000,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  },
};

/** Metadata and spec of a pod that sleeps in the toolbox: for a Pod, or as the template of a workload. */
export function podTemplate({ annotations = {}, labels = {}, spec = {}, container = {} }: PodOptions = {}) {
  return {
    metadata: { labels, annotations: annotate(annotations) },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'app', image: 'toolbox:1', imagePullPolicy: 'Never', ...container }],
      ...spec,
    },
  };
}

export function pod(name: string, options: PodOptions = {}): object {
  const { metadata, spec } = podTemplate(options);
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, ...metadata }, spec };
}

/** A Deployment, StatefulSet or DaemonSet of such pods, labelled `app: NAME`. */
export function workload(
  kind: 'Deployment' | 'StatefulSet' | 'DaemonSet',
  name: string,
  options: PodOptions = {},
): object {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name },
    spec: {
      selector: { matchLabels: labels },
      template: podTemplate({ ...options, labels: { ...options.labels, ...labels } }),
      ...(kind === 'StatefulSet' ? { serviceName: name } : {}),
    },
  };
}

/** A Job whose pod runs a shell command to its end. */
export function job(name: string, command: string, options: PodOptions = {}): object {
  const template = podTemplate({
    ...options,
    spec: { restartPolicy: 'Never', ...options.spec },
    container: { command: ['sh', '-c', command], ...options.container },
  });
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: { name }, spec: { backoffLimit: 0, template } };
}
