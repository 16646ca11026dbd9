/**
 * What a pod asks for and a laptop cannot give. Pure. Two answers, so that a local run never pretends: an error where
 * the pod would behave differently in a way that matters, a note where it merely lacks a safeguard.
 *
 * Keep docs/guides/local.md in step with this file.
 */
import { notSimulated } from '../errors.ts';
import type { Container, Pod, Volume } from './objects.ts';

const volumeSources = new Set(['emptyDir', 'secret', 'configMap', 'projected', 'downwardAPI']);

/**
 * Notes for the reader, one line each, without repetition.
 * @throws {AppError} ERR_LOCAL_NOT_SIMULATED (invalid)
 */
export function checkSimulationLimits(source: string, pod: Pod): string[] {
  const { spec } = pod;
  if (recordOf(spec.os).name === 'windows') throw notSimulated(source, 'spec.os.name windows is not simulated');
  for (const field of ['hostNetwork', 'hostPID', 'hostIPC', 'hostUsers', 'shareProcessNamespace'] as const) {
    if (spec[field] === true) throw notSimulated(source, `spec.${field} is not simulated`);
  }
  for (const volume of spec.volumes ?? []) refuseVolume(source, volume);
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  return [...new Set(containers.flatMap((container) => checkContainer(source, container)))].concat(
    podNotes(source, pod),
  );
}

function refuseVolume(source: string, volume: Volume): void {
  const kind = Object.keys(volume).find((key) => key !== 'name' && !volumeSources.has(key));
  if (kind === undefined) return;
  throw notSimulated(`${source}: volume ${volume.name}`, `${kind} is not simulated`, 'use an emptyDir in a local run');
}

function checkContainer(source: string, container: Container): string[] {
  const where = `${source}: container ${container.name}`;
  for (const variable of container.env ?? []) {
    for (const reference of ['resourceFieldRef', 'fileKeyRef'] as const) {
      if (variable.valueFrom?.[reference])
        throw notSimulated(`${where}: env ${variable.name}`, `${reference} is not simulated`);
    }
  }
  if (container.volumeDevices !== undefined) throw notSimulated(where, 'volumeDevices is not simulated');
  for (const mount of container.volumeMounts ?? []) {
    if (mount.subPathExpr !== undefined) throw notSimulated(where, 'volumeMounts.subPathExpr is not simulated');
  }
  const notes: string[] = [];
  if (container.livenessProbe || container.readinessProbe || container.startupProbe) notes.push('probes are not run');
  if (container.lifecycle) notes.push('lifecycle hooks are not run');
  if (recordOf(container.resources).limits) notes.push('resource limits are not enforced');
  const security = recordOf(container.securityContext);
  if (security.runAsUser !== undefined || security.runAsGroup !== undefined)
    notes.push('containers run as you, not as runAsUser');
  return notes.map((note) => `${source}: ${note}`);
}

function podNotes(source: string, { spec }: Pod): string[] {
  const security = recordOf(spec.securityContext);
  const notes: string[] = [];
  if (security.runAsUser !== undefined || security.fsGroup !== undefined) {
    notes.push('containers run as you, not as runAsUser or fsGroup');
  }
  if (spec.hostAliases !== undefined) notes.push('hostAliases are not used');
  if (spec.activeDeadlineSeconds !== undefined) notes.push('activeDeadlineSeconds is not enforced');
  return notes.map((note) => `${source}: ${note}`);
}

const recordOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
