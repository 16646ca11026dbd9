/**
 * The injected containers: template, mounts, security context and the environment that images of upstream and ours rely on
 * (docs/reference/configuration.md). Upstream's variables come first, in upstream's order; ours are appended.
 */
import type { ContainerTemplate, WebhookConfig } from './config/index.ts';
import { metricsPortName, secretTokenKey, tokenFile, tokenMountPath } from './contract.ts';
import type { KeyMode } from './identity.ts';
import type {
  CertificateWish,
  ContainerBlueprint,
  EnvBlueprint,
  Json,
  JsonObject,
  PatchFacts,
  TokenSource,
} from './types.ts';

/** Everything that the two containers are made from. */
export type ContainerInput = {
  readonly config: WebhookConfig;
  readonly wish: CertificateWish;
  readonly namespace: string;
  /** Empty for a pod that has only a `generateName` yet. */
  readonly podName: string;
  readonly keyMode: KeyMode;
  readonly certsVolume: string;
  /** In token mode `service-account`. */
  readonly tokenVolume: string | undefined;
  /** Where the renewer serves metrics; undefined for none. */
  readonly metricsPort: number | undefined;
};

export function buildBootstrapper(input: ContainerInput, securityContext: JsonObject): ContainerBlueprint {
  const { config, wish, tokenVolume } = input;
  return {
    role: 'bootstrapper',
    template: fillTemplate(config.bootstrapper, input, securityContext),
    env: [
      ...templateEnv(config.bootstrapper),
      variable('COMMON_NAME', wish.subject),
      variable('DURATION', wish.duration),
      variable('OWNER', ownerText(wish)),
      variable('MODE', wish.mode),
      ...(tokenVolume === undefined ? (['token'] as const) : []),
      variable('STEP_CA_URL', config.caUrl),
      'fingerprint',
      variable('STEP_NOT_AFTER', config.certLifetime),
      ...podVariables(input),
      ...ownVariables(input),
      ...(tokenVolume === undefined ? [] : bootstrapVariables(config)),
    ],
  };
}

/** @param native as an init container with `restartPolicy: Always` */
export function buildRenewer(input: ContainerInput, securityContext: JsonObject, native: boolean): ContainerBlueprint {
  const { config, wish, tokenVolume, metricsPort } = input;
  return {
    role: 'renewer',
    template: {
      ...fillTemplate(config.renewer, input, securityContext),
      ...(metricsPort === undefined ? {} : { ports: withMetricsPort(config.renewer, metricsPort) }),
      ...(native ? { restartPolicy: 'Always' } : {}),
    },
    env: [
      ...templateEnv(config.renewer),
      variable('STEP_CA_URL', config.caUrl),
      variable('COMMON_NAME', wish.subject),
      ...podVariables(input),
      ...ownVariables(input),
      variable('AUTOCERT_RENEW_METHOD', config.renewMethod),
      variable('OWNER', ownerText(wish)),
      variable('MODE', wish.mode),
      variable('DURATION', wish.duration),
      variable('STEP_NOT_AFTER', config.certLifetime),
      ...(tokenVolume === undefined ? [] : [...bootstrapVariables(config), 'fingerprint' as const]),
      ...(metricsPort === undefined ? [] : [variable('AUTOCERT_METRICS_ADDRESS', `:${metricsPort}`)]),
    ],
  };
}

/** The container as it goes into the pod. */
export function renderContainer(blueprint: ContainerBlueprint, source: TokenSource, facts: PatchFacts): JsonObject {
  const env = blueprint.env.map((entry): JsonObject => {
    if (entry === 'fingerprint') return variable('STEP_FINGERPRINT', facts.fingerprint);
    if (entry !== 'token') return entry;
    if (source.kind !== 'secret') throw new TypeError('a token Secret is needed for this plan');
    // Optional, as upstream: the Secret is gone when an init container of an old pod runs again, and its files are there
    const secretKeyRef = { name: source.secretName, key: secretTokenKey, optional: true };
    return { name: 'STEP_TOKEN', valueFrom: { secretKeyRef } };
  });
  return { ...blueprint.template, env };
}

/** Names of variables whose value may differ between a container of ours that is fine and what would be written now. */
export const variablesThatVary: readonly string[] = ['STEP_TOKEN', 'STEP_FINGERPRINT', 'POD_NAME'];

/** Name of an entry, whether its value is known or not. */
export const variableName = (entry: EnvBlueprint): string =>
  entry === 'token' ? 'STEP_TOKEN' : entry === 'fingerprint' ? 'STEP_FINGERPRINT' : String(entry.name);

function fillTemplate(template: ContainerTemplate, input: ContainerInput, securityContext: JsonObject): JsonObject {
  const mounts = (template.volumeMounts ?? []) as readonly JsonObject[];
  const tokenMount = { name: input.tokenVolume ?? '', mountPath: tokenMountPath, readOnly: true };
  return {
    ...template,
    volumeMounts: [
      ...mounts.map((mount) =>
        mount.name === input.config.certsVolume.name ? { ...mount, name: input.certsVolume } : mount,
      ),
      ...(input.tokenVolume === undefined ? [] : [tokenMount]),
    ],
    securityContext,
  };
}

const templateEnv = (template: ContainerTemplate): readonly JsonObject[] =>
  (template.env ?? []) as readonly JsonObject[];

/** Named, so that a PodMonitor finds it. */
const withMetricsPort = (template: ContainerTemplate, containerPort: number): Json[] => [
  ...(Array.isArray(template.ports) ? template.ports : []),
  { name: metricsPortName, containerPort, protocol: 'TCP' },
];

function podVariables({ podName, namespace, config }: ContainerInput): JsonObject[] {
  // The API server makes a name from generateName after admission; upstream passes the prefix.
  const name = podName === '' ? { valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } } : { value: podName };
  return [
    { name: 'POD_NAME', ...name },
    variable('NAMESPACE', namespace),
    variable('CLUSTER_DOMAIN', config.clusterDomain),
  ];
}

function ownVariables({ config, wish, keyMode }: ContainerInput): JsonObject[] {
  return [
    variable('AUTOCERT_SANS', wish.sans.join(',')),
    variable('AUTOCERT_KEY_MODE', keyMode),
    variable('AUTOCERT_WRITE_MODE', wish.writeMode ?? config.writeMode),
  ];
}

const bootstrapVariables = (config: WebhookConfig): JsonObject[] => [
  variable('AUTOCERT_BOOTSTRAP_URL', config.bootstrapUrl),
  variable('AUTOCERT_TOKEN_FILE', `${tokenMountPath}/${tokenFile}`),
];

/** An empty value is left out, as Go marshals it. Doubled `$`: the kubelet expands `$(NAME)` otherwise. */
const variable = (name: string, value = ''): JsonObject =>
  value === '' ? { name } : { name, value: value.replaceAll('$', '$$$$') };

const ownerText = ({ owner }: CertificateWish): string | undefined =>
  owner && (owner.gid === undefined ? `${owner.uid}` : `${owner.uid}:${owner.gid}`);
