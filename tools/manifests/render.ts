/**
 * Writes manifests/autocert.yaml: the chart as Helm renders it with default values, release `autocert`, namespace
 * `step`, for those who install with kubectl alone. The namespace itself comes first; Helm would make it by a flag.
 *
 *   node tools/manifests/render.ts
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { templateChart } from './helm.ts';

/** The file that is written. */
export const manifestPath = join(import.meta.dirname, '..', '..', 'manifests', 'autocert.yaml');

const head = `# autocert on a cluster, without Helm: kubectl apply --server-side -f manifests/autocert.yaml
# Rendered from charts/autocert with its default values by \`make manifests\`: change the chart, not this file.
---
apiVersion: v1
kind: Namespace
metadata:
  name: step
  labels:
    pod-security.kubernetes.io/enforce: restricted
`;

/** The text of the file. */
export async function renderManifests(): Promise<string> {
  return head + (await templateChart());
}

if (import.meta.main) {
  await mkdir(dirname(manifestPath), { recursive: true });
  await writeFile(manifestPath, await renderManifests());
  console.log('manifests: wrote manifests/autocert.yaml');
}
