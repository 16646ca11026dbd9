/**
 * As whom the injected containers run, and who may read the key. Pure.
 *
 * The aim: every container of the pod can read the key and nobody else, with no user id in the pod that was not there
 * before (with one uid common to all containers the kubelet writes projected tokens 0600, with two 0644).
 *
 *   every container runs as one known uid   ours too, key 0600
 *   else the pod has an fsGroup             key 0640: the kubelet gives the volume's files to that group
 *   else                                    key 0644 as upstream, with a warning that says how to tighten it
 *
 * Annotation `owner` names the uid, `mode` the mode. The security context satisfies PodSecurity `restricted` by itself,
 * whatever the pod's level is; fields of the template win, null there leaves the field out (OpenShift assigns uids).
 */
import type { ContainerTemplate, WebhookConfig } from './config/index.ts';
import type { Container, Pod } from './pod.ts';
import { isRecord } from './review.ts';
import type { CertificateWish, JsonObject } from './types.ts';

export const keyModes = ['0600', '0640', '0644'] as const;
export type KeyMode = (typeof keyModes)[number];

/** uid and gid that a container runs as; absent where the image decides. */
export type RunAs = { readonly uid?: number; readonly gid?: number };

/**
 * The user of our images, also given where root would be the alternative: in token mode `secret` the image may be any that
 * keeps upstream's contract, and upstream's own run as root, which `restricted` forbids.
 */
const nonRootUid = 65532;

/**
 * The security context of an injected container.
 *
 * @param users containers of the pod that are not ours
 */
export function buildSecurityContext(
  template: ContainerTemplate,
  wish: CertificateWish,
  pod: Pod,
  users: readonly Container[],
  tokenMode: WebhookConfig['tokenMode'],
): JsonObject {
  const given = isRecord(template.securityContext) ? (template.securityContext as JsonObject) : {};
  const { uid, gid } = chooseRunAs(tokenMode === 'secret', wish, pod, users);
  const merged: JsonObject = {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    readOnlyRootFilesystem: true,
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
    ...(uid === undefined ? {} : { runAsUser: uid }),
    ...(gid === undefined ? {} : { runAsGroup: gid }),
    ...given,
    // The pod's own word on who owns the files stands above the template: only that uid, or root, can hand them over.
    ...(wish.owner
      ? { runAsUser: wish.owner.uid, ...(wish.owner.gid === undefined ? {} : { runAsGroup: wish.owner.gid }) }
      : {}),
  };
  const context = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null));
  if (context.runAsUser === 0 && (given.runAsNonRoot ?? null) === null) context.runAsNonRoot = false;
  // The API server refuses false beside these.
  if (givesPrivileges(given) && given.allowPrivilegeEscalation === undefined) delete context.allowPrivilegeEscalation;
  return context;
}

/** Who writes the files, when the image does not decide. */
function chooseRunAs(isForeignImage: boolean, wish: CertificateWish, pod: Pod, users: readonly Container[]): RunAs {
  if (wish.owner) return wish.owner;
  const podUid = numberAt(pod.securityContext, 'runAsUser');
  const candidates = users.filter((container) => (uidOf(container, pod) ?? 0) > 0);
  const common = commonUid(users, pod);
  // With several uids: the pod's own, else that of the first container (apps before init containers).
  const chosen = common ?? ((podUid ?? 0) > 0 ? podUid : uidOf(candidates.find(isApp) ?? candidates[0], pod));
  if (chosen === undefined || chosen === 0) {
    return podUid === 0 || isForeignImage ? { uid: nonRootUid } : {};
  }
  const from = candidates.find((container) => uidOf(container, pod) === chosen && isApp(container)) ?? candidates[0];
  const gid = from && uidOf(from, pod) === chosen ? numberAt(from.securityContext, 'runAsGroup') : undefined;
  return gid === undefined ? { uid: chosen } : { uid: chosen, gid };
}

/** Default mode of the key, when the bootstrapper runs with `context`. */
export function chooseKeyMode(
  context: JsonObject,
  wish: CertificateWish,
  pod: Pod,
  users: readonly Container[],
): KeyMode {
  const writer = numberAt(context, 'runAsUser');
  const readers = users.filter((container) => !readsAnything(container, pod));
  if (readers.every((container) => writer !== undefined && uidOf(container, pod) === writer)) return '0600';
  const fsGroup = numberAt(pod.securityContext, 'fsGroup');
  // chown to another group takes the files away from fsGroup
  return fsGroup !== undefined && (wish.owner?.gid ?? fsGroup) === fsGroup ? '0640' : '0644';
}

/** What whoever created the pod should know about its key. */
export function warnAboutKey(keyMode: KeyMode, wish: CertificateWish): string[] {
  const warnings: string[] = [];
  if (wish.owner?.uid === 0) {
    warnings.push(
      'autocert.step.sm/owner 0 makes the injected containers run as root: PodSecurity restricted refuses that',
    );
  }
  if (wish.mode === undefined && keyMode === '0644') {
    warnings.push(
      'every user in the pod can read the private key (0644): set one runAsUser, or fsGroup, for the whole pod',
    );
  }
  if (wish.mode !== undefined && (Number.parseInt(wish.mode, 8) & 0o022) !== 0) {
    warnings.push(`autocert.step.sm/mode ${wish.mode} lets others than the owner write the private key`);
  }
  return warnings;
}

/** The uid of every container that needs one to read files of others; undefined when there are several or unknown ones. */
function commonUid(users: readonly Container[], pod: Pod): number | undefined {
  const uids = new Set(users.filter((container) => !readsAnything(container, pod)).map((c) => uidOf(c, pod)));
  const [only] = uids;
  return uids.size === 1 ? only : undefined;
}

const isApp = (container: Container): boolean => container.list === 'containers';

const uidOf = (container: Container | undefined, pod: Pod): number | undefined =>
  container && (numberAt(container.securityContext, 'runAsUser') ?? numberAt(pod.securityContext, 'runAsUser'));

/**
 * An init container of root with CAP_DAC_OVERRIDE, as containers have it unless it is dropped: the usual `chown` of a
 * volume. Not an app of root: its entry point may become another user before the key is read.
 */
function readsAnything(container: Container, pod: Pod): boolean {
  if (isApp(container) || container.raw.restartPolicy === 'Always' || uidOf(container, pod) !== 0) return false;
  if (container.securityContext.privileged === true) return true;
  const { add, drop } = capabilitiesOf(container.securityContext);
  const overrides = (names: readonly string[]): boolean => names.includes('DAC_OVERRIDE') || names.includes('ALL');
  return overrides(add) || !overrides(drop);
}

function givesPrivileges(context: JsonObject): boolean {
  return context.privileged === true || capabilitiesOf(context).add.includes('SYS_ADMIN');
}

function capabilitiesOf(context: JsonObject): { readonly add: string[]; readonly drop: string[] } {
  const capabilities = isRecord(context.capabilities) ? context.capabilities : {};
  const names = (list: unknown): string[] =>
    Array.isArray(list) ? list.map((name) => String(name).toUpperCase().replace(/^CAP_/, '')) : [];
  return { add: names(capabilities.add), drop: names(capabilities.drop) };
}

const numberAt = (context: JsonObject, key: string): number | undefined => {
  const value = context[key];
  return typeof value === 'number' ? value : undefined;
};
