/** `autocert explain`: what autocert does with a pod, and why. */
import { clusterOptions } from '../cluster/options.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  path: ['explain'],
  summary: 'say what is injected into a pod, and why or why not',
  description:
    'Decides as the webhook does, with the configuration that is live in the cluster: annotations, names, mounts, and ' +
    'the selectors by which the API server asks the webhook at all. Nothing is changed, nothing is created. With ' +
    '--config no cluster is needed.\n\n' +
    'Exit codes: 0 the pod gets what it asks for, or asks for nothing; 1 it does not; 2 wrong use.',
  positionals: [
    {
      name: 'what',
      description:
        'Manifest file (- is standard input) with pods or workloads, or pod/NAME, deploy/NAME, statefulset/NAME, … of ' +
        'the cluster.',
    },
  ],
  apartFromStep: true,
  options: [
    {
      name: 'namespace',
      aliases: ['n'],
      value: 'name',
      description: 'Namespace of objects that name none; that of the context unless said.',
    },
    ...clusterOptions,
    {
      name: 'config',
      value: 'file',
      description: "The webhook's config.yaml, or manifests with its ConfigMap, instead of a cluster.",
    },
    {
      name: 'server',
      description:
        'Ask the API server: create the pod on a dry run, with every webhook and policy of the cluster. Needs the right to ' +
        "create pods, and none to read the webhook's configuration.",
    },
    {
      name: 'output',
      aliases: ['o'],
      value: 'format',
      choices: ['text', 'json', 'yaml'],
      default: 'text',
      description: 'json and yaml hold the patch, too, which --server does not see.',
    },
  ],
  examples: [
    { title: 'Before it is applied:', command: 'autocert explain web.yaml' },
    { title: 'Why has this pod no certificate?', command: 'autocert explain pod/web-7c9f-x2x -n shop' },
    { title: 'In a pipeline, without a cluster:', command: 'autocert explain web.yaml --config config.yaml -o json' },
  ],
  async run(invocation) {
    const { runExplain } = await import('../cluster/explain/run.ts');
    return runExplain(invocation);
  },
};
