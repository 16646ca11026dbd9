/** `autocert explain`: subjects and knowledge are fetched, explanations written. */
import { stringify } from 'yaml';
import type { Invocation } from '../../command.ts';
import { usage } from '../../errors.ts';
import { readInput } from '../../files.ts';
import type { Cluster } from '../cluster.ts';
import { withCluster } from '../connect.ts';
import { askServer } from './ask-server.ts';
import { type Explanation, explain, isSatisfied } from './explain.ts';
import { type Ground, groundOfCluster, groundOfFile } from './knowledge.ts';
import { renderExplanation, toData } from './render.ts';
import { fetchSubject, type Manifests, parseReference, readSubjects } from './subjects.ts';

/** @returns 0 when every pod gets what it asks for, else 1 */
export async function runExplain(invocation: Invocation): Promise<number> {
  const { positionals, options } = invocation;
  const [what = ''] = positionals;
  const configPath = options.text('config');
  const reference = parseReference(what);
  if (configPath !== undefined) {
    if (options.isOn('server')) throw usage('--config and --server: one of them', 'leave one out');
    if (reference) throw usage(`${what}: --config goes with a manifest file`, 'leave --config out to ask the cluster');
    const manifests = readSubjects(readInput(what), what, options.text('namespace') ?? 'default');
    return decide(invocation, manifests, groundOfFile(readInput(configPath), manifests.namespaces));
  }
  return withCluster(options, async (cluster) => {
    const namespace = options.text('namespace') ?? cluster.namespace;
    const manifests = reference
      ? { subjects: [await fetchSubject(cluster, reference, namespace)], namespaces: [] }
      : readSubjects(readInput(what), what, namespace);
    if (options.isOn('server')) return ask(invocation, manifests, cluster);
    return decide(invocation, manifests, await groundOfCluster(cluster, manifests.namespaces));
  });
}

async function ask(invocation: Invocation, { subjects }: Manifests, cluster: Cluster): Promise<number> {
  const live = subjects.find((subject) => subject.live);
  if (live) throw usage(`pod/${live.name}: it is created already`, '--server goes with a manifest or a workload');
  const explanations = [];
  for (const subject of subjects) explanations.push(await askServer(cluster, subject));
  return report(invocation, explanations);
}

async function decide(invocation: Invocation, { subjects }: Manifests, ground: Ground): Promise<number> {
  const explanations = [];
  for (const subject of subjects) {
    explanations.push(explain(subject, ground.knowledge, await ground.circumstancesOf(subject.namespace)));
  }
  for (const note of ground.notes) invocation.terminal.note(`note: ${note}`);
  return report(invocation, explanations);
}

function report({ options, terminal }: Invocation, explanations: readonly Explanation[]): number {
  const format = options.text('output');
  const data = { items: explanations.map(toData) };
  if (format === 'json') terminal.write(`${JSON.stringify(data, null, 2)}\n`);
  else if (format === 'yaml') terminal.write(stringify(JSON.parse(JSON.stringify(data)), { lineWidth: 0 }));
  else terminal.write(explanations.map((one) => renderExplanation(one, terminal.outStyles)).join('\n'));
  return explanations.every(isSatisfied) ? 0 : 1;
}
