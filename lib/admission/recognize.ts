/**
 * Which containers of a pod are ours already. The pod itself is looked at, never a marker: annotation `status` can be
 * written by anybody, and webhooks that run after us may have changed what we put in.
 *
 *   ours      has our name, the image of our template under any registry and tag (other webhooks point images at mirrors
 *             and pin digests), and the variable COMMON_NAME
 *   current   ours, and every variable and mount that would be written now is there; what others added does not matter
 *
 * Any other container with one of our names is refused: it would be started in our place.
 */
import { isDeepStrictEqual } from 'node:util';
import { isAppError } from '../errors/index.ts';
import type { ContainerTemplate, WebhookConfig } from './config/index.ts';
import { variableName, variablesThatVary } from './containers.ts';
import { containerReserved } from './errors.ts';
import { type KeyMode, keyModes } from './identity.ts';
import { type Container, type Pod, readPod } from './pod.ts';
import { isRecord } from './review.ts';
import type { ContainerBlueprint, JsonObject } from './types.ts';

export type Injected = { readonly container: Container; readonly template: ContainerTemplate };

export type Recognized = {
  readonly bootstrapper: Injected | undefined;
  readonly renewer: Injected | undefined;
  /** The pod's own: apps first, then init containers. */
  readonly users: readonly Container[];
};

/** @throws {AppError} ERR_CONTAINER_RESERVED (invalid) */
export function recognizeInjected(pod: Pod, config: WebhookConfig): Recognized {
  const all = [...pod.containers, ...pod.initContainers];
  const find = (template: ContainerTemplate): Injected | undefined => {
    const named = all.filter(({ name }) => name === template.name);
    const [container, second] = named;
    if (!container) return undefined;
    if (second) throw containerReserved(template.name, 'declared twice');
    if (!isOurs(container, template)) throw containerReserved(template.name, 'is not the one that autocert adds');
    return { container, template };
  };
  const bootstrapper = find(config.bootstrapper);
  const renewer = find(config.renewer);
  if (bootstrapper?.container.list === 'containers') {
    throw containerReserved(
      bootstrapper.container.name,
      'is an init container of autocert and stands under containers',
    );
  }
  const names: readonly string[] = [config.bootstrapper.name, config.renewer.name];
  return { bootstrapper, renewer, users: all.filter(({ name }) => !names.includes(name)) };
}

/** Whether the pod carries a container that only this webhook adds, or one made to look like it. */
function isOurs(container: Container, template: ContainerTemplate): boolean {
  return (
    imageName(container.raw.image) === imageName(template.image) &&
    container.env.some(({ name }) => name === 'COMMON_NAME')
  );
}

/** Last part of an image's repository: `registry:5000/team/name:tag@sha256:…` is `name`. */
function imageName(image: unknown): string | undefined {
  return typeof image === 'string' ? /([^/:@]+)(?::[^/@]*)?(?:@[^/]*)?$/.exec(image)?.[1] : undefined;
}

/** Whether a container of ours is as it would be written now. */
export function isCurrent(container: Container, blueprint: ContainerBlueprint): boolean {
  const { restartPolicy, volumeMounts } = blueprint.template;
  if (container.list === 'initContainers' && (container.raw.restartPolicy ?? null) !== (restartPolicy ?? null))
    return false;
  const mounts = Array.isArray(volumeMounts) ? (volumeMounts as readonly JsonObject[]) : [];
  const hasMounts = mounts.every((mount) =>
    container.mounts.some(({ name, mountPath }) => name === mount.name && mountPath === mount.mountPath),
  );
  return hasMounts && blueprint.env.every((entry) => hasVariable(container, entry));
}

function hasVariable(container: Container, entry: ContainerBlueprint['env'][number]): boolean {
  const name = variableName(entry);
  // With the same name twice the later one counts
  const found = container.env.findLast((variable) => variable.name === name);
  if (!found) return false;
  if (variablesThatVary.includes(name)) return entry !== 'token' || isRecord(found.valueFrom);
  if (typeof entry === 'string') return true;
  return (found.value ?? '') === (entry.value ?? '') && includes(found.valueFrom ?? null, entry.valueFrom ?? null);
}

/** The mode of the key that a bootstrapper was made with: it stays, whoever joined the pod since. */
export function keyModeOf(bootstrapper: Injected | undefined): KeyMode | undefined {
  const value = bootstrapper?.container.env.findLast(({ name }) => name === 'AUTOCERT_KEY_MODE')?.value;
  return keyModes.find((mode) => mode === value);
}

/** Everything in `part` is in `whole`: the API server fills in defaults. */
function includes(whole: unknown, part: unknown): boolean {
  if (isRecord(part)) {
    return isRecord(whole) && Object.entries(part).every(([key, value]) => includes(whole[key], value));
  }
  return isDeepStrictEqual(whole, part);
}

/**
 * Whether a live pod carries the bootstrapper, as one that asks for a token does. Never throws.
 *
 * @param pod object of the API, of any shape
 */
export function isInjected(pod: unknown, config: WebhookConfig): boolean {
  try {
    return recognizeInjected(readPod(pod), config).bootstrapper !== undefined;
  } catch (error) {
    if (!isAppError(error)) throw error;
    return false;
  }
}
