/** `autocert pods`: who holds which certificate, until when. */
import { clusterOptions } from '../cluster/options.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  path: ['pods'],
  summary: 'list which pod holds which certificate, until when, renewed when',
  description:
    "A certificate is in the pod's own volume and in no object of the API, so each pod is asked: by the metrics of its " +
    'renewer where it serves them (get pods/proxy), else by reading the certificate file in the container of the renewer, ' +
    'as kubectl exec does (create pods/exec). The private key is not looked at. A pod that cannot be asked is listed ' +
    'with the reason.\n\n' +
    'Exit codes: 0, or 1 when a certificate has expired or should have been renewed.',
  apartFromStep: true,
  options: [
    {
      name: 'namespace',
      aliases: ['n'],
      value: 'name',
      description: 'Pods of this namespace; that of the context unless said.',
    },
    { name: 'all-namespaces', aliases: ['A'], description: 'Pods of all namespaces.' },
    { name: 'no-exec', description: 'Ask metrics only, and run nothing in any pod.' },
    ...clusterOptions,
    {
      name: 'output',
      aliases: ['o'],
      value: 'format',
      choices: ['text', 'json'],
      default: 'text',
      description: 'json has the times in full.',
    },
  ],
  examples: [
    { title: 'Of one namespace:', command: 'autocert pods -n shop' },
    {
      title: 'Every certificate in the cluster, the first to end on top:',
      command: "autocert pods -A -o json | jq -r '.items | sort_by(.expires)[] | [.expires, .namespace, .pod] | @tsv'",
    },
  ],
  async run(invocation) {
    const { runPods } = await import('../cluster/pods/run.ts');
    return runPods(invocation);
  },
};
