/**
 * The objects of an installation: what `kubectl apply -f manifests/autocert.yaml` applies, with another namespace,
 * registry or CA where one is wanted. The chart has rendered them, with placeholders (tools/manifests); here is filled
 * in. Pure.
 */
import { createHash } from 'node:crypto';
import { parseAllDocuments } from 'yaml';
import type { KubernetesObject } from '../objects.ts';
import templates from './manifests.json' with { type: 'json' };
import { placeholders } from './placeholders.ts';

export type Choices = {
  readonly namespace: string;
  /** Put before the name of every image; empty where the nodes know them without. */
  readonly registry: string;
  /** A CA that exists; without it one is installed. */
  readonly ca?: ExistingCa;
};

export type ExistingCa = {
  readonly url: string;
  readonly rootPem: string;
  /** JWK provisioner whose encrypted key the CA keeps. */
  readonly provisioner: string;
  readonly password: string;
};

type AnyObject = KubernetesObject & { readonly data?: Readonly<Record<string, string>> };

/** In the order in which they are to be applied; the namespace first. */
export function buildObjects(choices: Choices): readonly KubernetesObject[] {
  const { namespace, registry, ca } = choices;
  const lines = ca ? templates.withoutCa : templates.withCa;
  const text = lines
    .join('\n')
    .replaceAll(placeholders.namespace, namespace)
    .replaceAll(`${placeholders.registry}/`, registry === '' ? '' : `${registry.replace(/\/$/, '')}/`)
    .replaceAll(placeholders.caUrl, ca?.url ?? '')
    // Stands in double quotes, whose escapes are JSON's
    .replaceAll(placeholders.provisioner, JSON.stringify(ca?.provisioner ?? '').slice(1, -1));
  const objects = parseAllDocuments(withChecksum(text), { version: '1.1' }).map(
    (document) => document.toJS() as AnyObject | null,
  );
  return objects.filter((object) => object !== null).map((object) => (ca ? withCa(object, ca) : object));
}

/** As the chart writes it: a changed config.yaml rolls the webhook out. */
function withChecksum(text: string): string {
  const [, config = ''] = text.split('# Source: autocert/templates/webhook/configmap.yaml\n');
  const document = `${(config.split(/^---$/m)[0] ?? '').trimEnd()}\n`;
  const checksum = createHash('sha256').update(document).digest('hex');
  return text.replace(/(checksum\/config: )[0-9a-f]{64}/, `$1${checksum}`);
}

function withCa(object: AnyObject, { rootPem, password }: ExistingCa): AnyObject {
  const { kind, data = {} } = object;
  if (kind === 'ConfigMap' && data['root_ca.crt'] !== undefined) {
    return { ...object, data: { ...data, 'root_ca.crt': rootPem } };
  }
  if (kind === 'Secret' && data.password !== undefined) {
    return { ...object, data: { ...data, password: Buffer.from(password).toString('base64') } };
  }
  return object;
}
