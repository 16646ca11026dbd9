/**
 * The environment of a container as the kubelet builds it: envFrom first, then env in order, each value expanded with
 * what came before it. Pure: Secrets and ConfigMaps are looked up through a port.
 *
 * The order matters: a later variable may refer to an earlier one, never the other way round.
 */
import { manifestInvalid, referenceMissing } from '../errors.ts';
import type { Container, EnvironmentSource, EnvironmentVariable, Pod } from '../manifests/objects.ts';
import { expandVariables } from './expand-variables.ts';
import { readField } from './field-reference.ts';

/** Decoded key/value pairs of one object. */
export type KeyValues = ReadonlyMap<string, Buffer>;

/** Secrets and ConfigMaps of the pod's namespace. */
export interface DataSource {
  secret(namespace: string, name: string): KeyValues | undefined;
  configMap(namespace: string, name: string): KeyValues | undefined;
}

/**
 * @param literalValue what is done to a literal `value` and a ConfigMap's value: mount paths are mapped there
 * @returns            in the order of the manifest
 * @throws {AppError}  ERR_LOCAL_REFERENCE (not-found), ERR_LOCAL_MANIFEST (invalid)
 */
export function buildEnvironment(
  source: string,
  pod: Pod,
  container: Container,
  data: DataSource,
  literalValue: (text: string) => string,
): Map<string, string> {
  const environment = new Map<string, string>();
  const namespace = pod.metadata.namespace ?? '';
  const where = `${source}: container ${container.name}`;
  for (const from of container.envFrom ?? []) {
    for (const [name, value] of readWholeSource(where, namespace, from, data)) {
      environment.set(name, from.configMapRef ? literalValue(value) : value);
    }
  }
  for (const variable of container.env ?? []) {
    const value = readVariable(`${where}: env ${variable.name}`, pod, variable, data);
    if (value === undefined) continue;
    // only a literal is expanded; what comes from elsewhere is taken as it is
    const literal = variable.valueFrom === undefined;
    const expanded = literal ? expandVariables(value, (name) => environment.get(name)) : value;
    environment.set(variable.name, literal || variable.valueFrom?.configMapKeyRef ? literalValue(expanded) : expanded);
  }
  return environment;
}

function readWholeSource(
  where: string,
  namespace: string,
  from: EnvironmentSource,
  data: DataSource,
): [name: string, value: string][] {
  const reference = from.secretRef ?? from.configMapRef;
  if (!reference) throw manifestInvalid(where, 'envFrom needs secretRef or configMapRef');
  const kind = from.secretRef ? 'Secret' : 'ConfigMap';
  const values = from.secretRef ? data.secret(namespace, reference.name) : data.configMap(namespace, reference.name);
  if (!values) {
    if (reference.optional) return [];
    throw referenceMissing(`${where}: envFrom`, `${kind} ${reference.name}`);
  }
  return [...values].map(([key, value]) => [`${from.prefix ?? ''}${key}`, value.toString()]);
}

/** Undefined when an optional reference leads nowhere: the variable is then not set at all. */
function readVariable(where: string, pod: Pod, variable: EnvironmentVariable, data: DataSource): string | undefined {
  const from = variable.valueFrom;
  if (!from) return variable.value ?? '';
  if (from.fieldRef) return readField(pod, from.fieldRef.fieldPath, where);
  const reference = from.secretKeyRef ?? from.configMapKeyRef;
  if (!reference) throw manifestInvalid(where, 'valueFrom has no source');
  const namespace = pod.metadata.namespace ?? '';
  const values = from.secretKeyRef ? data.secret(namespace, reference.name) : data.configMap(namespace, reference.name);
  const value = values?.get(reference.key);
  if (value !== undefined) return value.toString();
  if (reference.optional) return undefined;
  const object = `${from.secretKeyRef ? 'Secret' : 'ConfigMap'} ${reference.name}`;
  throw referenceMissing(where, values ? `key ${reference.key} of ${object}` : object);
}
