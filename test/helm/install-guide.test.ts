/**
 * The commands of docs/guides/install.md, run as they stand on a real API server by the real helm and kubectl. Left out
 * are those that look at running pods: there is no node.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { peerPath } from '../../tools/peers/index.ts';
import { type KubernetesApi, startKubernetesApi } from '../peers/kubernetes-api.ts';

const root = join(import.meta.dirname, '..', '..');
const guide = readFileSync(join(root, 'docs', 'guides', 'install.md'), 'utf8');
const needsPods = /^kubectl (-n \S+ )?(rollout status|exec) /;

/** The helm and kubectl commands of a section, continued lines joined. */
function commandsOf(title: string): string[] {
  const section = guide.split(/^## /m).find((text) => text.startsWith(`${title}\n`)) ?? '';
  const blocks = Array.from(section.matchAll(/^```\n([\s\S]*?)^```/gm), ([, block]) => block ?? '');
  return blocks
    .flatMap((block) => block.replaceAll(/ *\\\n */g, ' ').split('\n'))
    .filter((line) => /^(helm|kubectl) /.test(line) && !needsPods.test(line));
}

const walks: { name: string; sections: string[]; left: string[] }[] = [
  {
    name: 'with Helm, and removed for good',
    sections: ['With Helm', 'Where the PKI is'],
    left: [],
  },
  {
    name: 'with kubectl alone',
    sections: ['With kubectl alone'],
    left: ['deployment.apps/autocert', 'statefulset.apps/autocert-step-certificates'],
  },
  {
    name: 'with a step-ca that is there',
    sections: ['With a step-ca that you have'],
    left: ['deployment.apps/autocert'],
  },
];

describe('docs/guides/install.md', () => {
  for (const { name, sections, left } of walks) {
    describe(name, () => {
      let api: KubernetesApi;
      let folder: string;
      before(async () => {
        api = await startKubernetesApi();
        folder = mkdtempSync(join(tmpdir(), 'autocert-guide-'));
        for (const entry of ['charts', 'manifests']) symlinkSync(join(root, entry), join(folder, entry));
        writeFileSync(join(folder, 'root_ca.crt'), 'the root');
        writeFileSync(join(folder, 'password'), 'throw-away');
      });
      after(async () => {
        await api?.stop();
        rmSync(folder, { recursive: true, force: true });
      });

      const run = async (command: string): Promise<string> => {
        const folders = ['helm', 'kubectl'].map((program) => dirname(peerPath(program)));
        const PATH = [...folders, process.env.PATH].join(delimiter);
        const env = { PATH, HOME: folder, KUBECONFIG: api.kubeconfigPath };
        return (await promisify(execFile)('/bin/sh', ['-euc', command], { cwd: folder, env })).stdout;
      };

      it('does what it says, command by command', async () => {
        for (const section of sections) {
          const commands = commandsOf(section);
          assert.notEqual(commands.length, 0, section);
          if (section === 'Where the PKI is') {
            // the claim is made by a controller, and there is none
            await run(`kubectl -n step create -f - <<'E'
{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "database-autocert-step-certificates-0"},
 "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}
E`);
            await run('helm -n step uninstall autocert');
          }
          for (const command of commands) await run(command.replace(/^kubectl (.* )?delete pvc/, '$& --wait=false'));
        }
        const workloads = await run('kubectl -n step get deployments,statefulsets -o name');
        assert.deepEqual(workloads.split('\n').filter(Boolean).sort(), left);
        const secrets = await run('kubectl -n step get secrets -l app.kubernetes.io/name=step-certificates -o name');
        assert.equal(secrets.split('\n').filter(Boolean).length, sections[0] === 'With kubectl alone' ? 4 : 0);
      });
    });
  }
});
