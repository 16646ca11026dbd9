/** `autocert install`: rights, then the objects, then waiting; in the end what to do next. */
import { parseGoDuration, systemClock } from '../../../lib/time/index.ts';
import { fingerprint, parseCertificateChainPem } from '../../../lib/x509/index.ts';
import type { Invocation, OptionValues } from '../../command.ts';
import { badInput, usage } from '../../errors.ts';
import { readInput, readPassword } from '../../files.ts';
import { type Cluster, foundIn } from '../cluster.ts';
import { withCluster } from '../connect.ts';
import { installedOtherwise, rightsMissing, tooOld } from '../errors.ts';
import { findInstallation, usualNamespace } from '../installation.ts';
import type { KubernetesObject } from '../objects.ts';
import { titleOf } from '../resource-path.ts';
import { applyObject, type Change, readPresent } from './apply.ts';
import { buildObjects, type Choices, type ExistingCa } from './manifests.ts';
import { findMissingRights } from './rights.ts';
import { readRoot, untilReady } from './wait.ts';

/** ValidatingAdmissionPolicy is in v1 since 1.30; for older ones the chart leaves it out. */
const oldest = { major: 1, minor: 30 };

const configurationKind = 'MutatingWebhookConfiguration';

export async function runInstall(invocation: Invocation): Promise<number> {
  const { options } = invocation;
  const choices = readChoices(options);
  const timeoutMs = parseGoDuration(options.required('timeout'));
  return withCluster(options, (cluster) => install(cluster, choices, invocation, timeoutMs));
}

async function install(
  cluster: Cluster,
  choices: Choices,
  { options, terminal }: Invocation,
  timeoutMs: number,
): Promise<number> {
  const [dryRun, force] = [options.isOn('dry-run'), options.isOn('force')];
  terminal.selected('Cluster', `${cluster.server}, Kubernetes ${await checkVersion(cluster)}`);
  const objects = buildObjects(choices);
  await refuseSecond(cluster, choices.namespace, objects);
  const missing = await findMissingRights(cluster, objects);
  if (missing.length > 0) throw rightsMissing(missing);
  terminal.selected('Rights', 'all that is needed');

  const present = await readPresent(cluster, objects);
  // All of it is tried before any of it is done: half an installation is worse than none
  const tried = await tryAll(cluster, objects, present, force);
  if (dryRun) {
    for (const [index, object] of objects.entries()) terminal.write(`${titleOf(object)} ${tried[index]} (dry run)\n`);
    return 0;
  }
  const changes: Change[] = [];
  for (const [index, object] of objects.entries()) {
    const change = await applyObject(cluster, object, present[index], { dryRun, force });
    changes.push(change);
    terminal.write(`${titleOf(object)} ${change}\n`);
  }
  if (timeoutMs > 0) {
    const onProgress = (text: string): void => terminal.note(`waiting for ${text}`);
    await untilReady(cluster, objects, { timeoutMs, now: () => systemClock.now(), onProgress });
    terminal.selected('Ready', 'webhook and CA run');
  }
  const settled = changes.every((change) => change === 'unchanged');
  terminal.write(await renderEnd(cluster, objects, choices, settled));
  return 0;
}

/** @throws {AppError} ERR_CLI_USAGE (invalid) */
function readChoices(options: OptionValues): Choices {
  const [namespace, registry] = [options.required('namespace'), options.text('image-registry') ?? ''];
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(namespace)) throw usage(`--namespace: "${namespace}" cannot be one`);
  if (!/^[\w.:/-]*$/.test(registry)) throw usage(`--image-registry: "${registry}" is not the start of an image's name`);
  const ca = readExistingCa(options);
  return { namespace, registry, ...(ca ? { ca } : {}) };
}

function readExistingCa(options: OptionValues): ExistingCa | undefined {
  const text = options.text('ca-url');
  const own = ['ca-root', 'provisioner', 'provisioner-password-file'];
  if (text === undefined) {
    const stray = own.find((name) => options.isSet(name));
    if (stray)
      throw usage(`--${stray}: goes with --ca-url`, 'without --ca-url a CA is installed, which needs none of it');
    return undefined;
  }
  const url = URL.parse(text);
  if (url?.protocol !== 'https:') throw usage(`--ca-url: "${text}" is no https URL`);
  const rootPem = readInput(options.required('ca-root'));
  if (parseCertificateChainPem(rootPem).length === 0)
    throw badInput(`${options.required('ca-root')}: no certificate in it`);
  return {
    url: url.href.replace(/\/$/, ''),
    rootPem,
    provisioner: options.required('provisioner'),
    password: readPassword(options.required('provisioner-password-file')),
  };
}

/** @throws {AppError} ERR_CLUSTER_TOO_OLD (invalid) */
async function checkVersion(cluster: Cluster): Promise<string> {
  type Version = { readonly major: string; readonly minor: string; readonly gitVersion: string };
  const version = foundIn(await cluster.get<Version>('/version'));
  const [major, minor] = [Number.parseInt(version?.major ?? '', 10), Number.parseInt(version?.minor ?? '', 10)];
  const shown = version?.gitVersion ?? 'of an unknown version';
  if (major < oldest.major || (major === oldest.major && minor < oldest.minor)) throw tooOld(shown);
  return shown;
}

/** One per cluster: the webhook's registration and the roles are cluster-wide. @throws ERR_CLUSTER_INSTALLED_OTHERWISE */
async function refuseSecond(cluster: Cluster, namespace: string, objects: readonly KubernetesObject[]): Promise<void> {
  const { registrations } = await findInstallation(cluster, namespace);
  for (const { configuration, webhook } of foundIn(registrations) ?? []) {
    const other = webhook.clientConfig?.service?.namespace;
    if (other === namespace) {
      const { name } = configuration.metadata;
      if (objects.some(({ kind, metadata }) => kind === configurationKind && metadata.name === name)) continue;
      throw installedOtherwise(
        `MutatingWebhookConfiguration ${name} is of another installation, such as upstream's autocert`,
        'docs/guides/upgrade-from-smallstep-autocert.md says how to take it over',
      );
    }
    throw installedOtherwise(
      `${configuration.metadata.name} sends pods to an autocert in namespace ${other ?? '(none)'}`,
      `give --namespace ${other ?? usualNamespace}, or remove that installation first`,
    );
  }
}

/** What each object would become. What has no namespace yet cannot be tried, and would be created. */
async function tryAll(
  cluster: Cluster,
  objects: readonly KubernetesObject[],
  present: readonly (KubernetesObject | undefined)[],
  force: boolean,
): Promise<Change[]> {
  const homeless = present[0] === undefined;
  const changes: Change[] = [];
  for (const [index, object] of objects.entries()) {
    const skip = homeless && object.metadata.namespace !== undefined;
    changes.push(skip ? 'created' : await applyObject(cluster, object, present[index], { dryRun: true, force }));
  }
  return changes;
}

async function renderEnd(
  cluster: Cluster,
  objects: readonly KubernetesObject[],
  { namespace }: Choices,
  settled: boolean,
): Promise<string> {
  const rootPem = await readRoot(cluster, objects);
  const [root] = rootPem === undefined ? [] : parseCertificateChainPem(rootPem);
  return [
    '',
    ...(settled ? ['Nothing had to be changed.'] : []),
    `Root fingerprint: ${root ? fingerprint(root.der) : `not made yet; see configmap -n ${namespace}`}`,
    '',
    'Next:',
    '  kubectl label namespace default autocert.step.sm=enabled',
    '  annotate a pod template with autocert.step.sm/name: my-service.default.svc.cluster.local',
    '  autocert explain deploy/my-service, autocert doctor',
    '',
  ].join('\n');
}
