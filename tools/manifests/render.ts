/**
 * Writes manifests/autocert.yaml: the chart as Helm renders it with default values, release `autocert`, namespace
 * `step`, for those who install with kubectl alone. The namespace itself comes first; Helm would make it by a flag.
 *
 * And the same with placeholders for `autocert install`, which has neither Helm nor the chart: with its own CA, and for
 * one that exists.
 *
 *   node tools/manifests/render.ts
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { placeholders } from '../../cli/cluster/install/placeholders.ts';
import { templateChart } from './helm.ts';

const root = join(import.meta.dirname, '..', '..');

/** The files that are written. */
export const manifestPath = join(root, 'manifests', 'autocert.yaml');
export const templatePath = join(root, 'cli', 'cluster', 'install', 'manifests.json');

const head = `# autocert on a cluster, without Helm: kubectl apply --server-side -f manifests/autocert.yaml
# Rendered from charts/autocert with its default values by \`make manifests\`: change the chart, not this file.
`;

const namespaceObject = (name: string): string => `---
apiVersion: v1
kind: Namespace
metadata:
  name: ${name}
  labels:
    pod-security.kubernetes.io/enforce: restricted
`;

/** The text of manifests/autocert.yaml. */
export async function renderManifests(): Promise<string> {
  return head + namespaceObject('step') + (await templateChart());
}

/** The text of the file with placeholders; lines, so that a change can be reviewed. */
export async function renderTemplates(): Promise<string> {
  const { namespace, registry, caUrl, provisioner, root } = placeholders;
  const common = { namespace, set: [`image.registry=${registry}`] };
  const existing = [
    'step-certificates.enabled=false',
    `ca.url=${caUrl}`,
    `ca.provisioner.name=${provisioner}`,
    'ca.provisioner.password=placeholder',
    `ca.certs.root_ca\\.crt=${root}`,
  ];
  const [withCa, withoutCa] = await Promise.all([
    templateChart(common),
    templateChart({ ...common, set: [...common.set, ...existing] }),
  ]);
  const lines = (text: string): string[] => (namespaceObject(namespace) + text).split('\n');
  return `${JSON.stringify({ withCa: lines(withCa), withoutCa: lines(withoutCa) }, null, 2)}\n`;
}

if (import.meta.main) {
  await mkdir(dirname(manifestPath), { recursive: true });
  await writeFile(manifestPath, await renderManifests());
  await writeFile(templatePath, await renderTemplates());
  console.log('manifests: wrote manifests/autocert.yaml and cli/cluster/install/manifests.json');
}
