/**
 * A scenario: a test in a namespace of its own. What happened in the namespace of one that fails is kept in a folder, whose
 * name is in the failure.
 */
import { it } from 'node:test';
import { keepEvidence, withEvidence } from './evidence.ts';
import { apply, type KubernetesObject, kubectl, readObject } from './kubectl.ts';
import { main, type Release } from './release.ts';
import { eventually } from './wait.ts';

export type ScenarioOptions = {
  /** The release that serves its pods. */
  readonly release?: Release;
  /** Labels of the namespace; by default those that make the release serve it. */
  readonly labels?: Readonly<Record<string, string>>;
};

export type Pod = KubernetesObject & {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly spec: {
    readonly initContainers?: readonly { readonly name: string; readonly restartPolicy?: string }[];
    readonly containers: readonly { readonly name: string }[];
  };
  readonly status: {
    readonly phase: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
  };
};

export type ContainerStatus = {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state: {
    readonly terminated?: { readonly exitCode: number; readonly message?: string };
    readonly waiting?: { readonly reason: string; readonly message?: string };
  };
  readonly lastState?: { readonly terminated?: { readonly exitCode: number; readonly message?: string } };
};

/** What a scenario does in its namespace. */
export class Scenario {
  readonly namespace: string;

  constructor(namespace: string) {
    this.namespace = namespace;
  }

  kubectl(...args: readonly string[]): Promise<string> {
    return kubectl(`--namespace=${this.namespace}`, ...args);
  }

  apply(...objects: readonly object[]): Promise<string> {
    return apply(objects, this.namespace);
  }

  /** What the server says when it refuses the objects. */
  async refusal(...objects: readonly object[]): Promise<string> {
    const answer = await this.apply(...objects).then(
      (output) => `not refused: ${output}`,
      (error: Error) => error.message,
    );
    if (answer.startsWith('not refused')) throw new Error(answer);
    return answer;
  }

  read<Result = KubernetesObject>(...what: string[]): Promise<Result> {
    return readObject<Result>(this.namespace, ...what);
  }

  async pods(selector?: string): Promise<readonly Pod[]> {
    const list = await this.read<{ items: Pod[] }>('pods', ...(selector ? [`--selector=${selector}`] : []));
    return list.items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  }

  pod(name: string): Promise<Pod> {
    return this.read<Pod>('pod', name);
  }

  /** The pods of a label, once there are as many and each is ready. */
  readyPods(selector: string, count = 1, seconds = 90): Promise<readonly Pod[]> {
    return eventually(`${count} ready pods ${selector} in ${this.namespace}`, seconds, async () => {
      const pods = await this.pods(selector);
      return pods.length === count && pods.every(isReady) && pods;
    });
  }

  async readyPod(name: string, seconds = 90): Promise<Pod> {
    return eventually(`pod ${name} in ${this.namespace} to be ready`, seconds, async () => {
      const pod = await this.pod(name);
      return isReady(pod) && pod;
    });
  }

  /** Standard output of a shell command in a container. */
  exec(pod: string, container: string, command: string): Promise<string> {
    return this.kubectl('exec', pod, `--container=${container}`, '--', 'sh', '-c', command);
  }

  logs(pod: string, container: string, ...flags: string[]): Promise<string> {
    return this.kubectl('logs', pod, `--container=${container}`, ...flags);
  }

  /** Reasons and messages of the events about an object, oldest first. */
  async events(name: string): Promise<readonly { reason: string; message: string }[]> {
    const { items } = await this.read<{ items: { reason: string; message: string }[] }>(
      ...['events', `--field-selector=involvedObject.name=${name}`, '--sort-by=.metadata.creationTimestamp'],
    );
    return items;
  }
}

export const isReady = ({ status }: Pod): boolean =>
  status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false;

/** Registers a test that runs in a namespace of its own, and takes the namespace away behind it. */
export function scenario(
  name: string,
  body: (scenario: Scenario) => Promise<void>,
  { release = main, labels = release.namespaceLabels }: ScenarioOptions = {},
): void {
  it(name, async () => {
    const namespace = `${name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .slice(0, 40)
      .replace(/-$/, '')}-${Date.now().toString(36).slice(-4)}`;
    await apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } }]);
    const running = new Scenario(namespace);
    const removeNamespace = () => kubectl('delete', 'namespace', namespace, '--wait=false');
    try {
      await eventually('its default ServiceAccount', 30, () => running.read('serviceaccount', 'default'));
      await body(running);
    } catch (error) {
      const kept = withEvidence(error, await keepEvidence(namespace, [namespace, release.namespace]));
      await removeNamespace().catch(() => {}); // the first failure is the one to tell
      throw kept;
    }
    await removeNamespace();
  });
}
