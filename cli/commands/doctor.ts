/** `autocert doctor`: is everything in the cluster as it should be? */
import { clusterOptions } from '../cluster/options.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  path: ['doctor'],
  summary: 'check an installation in a cluster, and say what to do',
  description:
    'Looks at the cluster, the webhook and its registration, caBundle, root and intermediate, the CA, rights, labels of ' +
    'namespaces, and every pod that asks for a certificate and was not injected. Each finding says what, why and what ' +
    'to do. Changes nothing: one pod is created on a dry run, to see whether the API server reaches and trusts the ' +
    'webhook. What your rights do not allow is reported as not checked.\n\n' +
    'Exit codes: 0 healthy, 1 findings, 2 nothing was found, but not everything could be checked.',
  apartFromStep: true,
  options: [
    {
      name: 'namespace',
      aliases: ['n'],
      value: 'name',
      description: 'Look at the pods and labels of this namespace only, for those who may not list all.',
    },
    ...clusterOptions,
    {
      name: 'output',
      aliases: ['o'],
      value: 'format',
      choices: ['text', 'json'],
      default: 'text',
      description: 'How to report.',
    },
  ],
  examples: [
    { title: 'The whole cluster:', command: 'autocert doctor' },
    {
      title: 'As a plugin of kubectl, for one namespace:',
      command: 'kubectl autocert doctor -n shop\nautocert doctor -n shop',
    },
    {
      title: 'Ids of what keeps pods from certificates now:',
      command: 'autocert doctor -o json | jq -r \'.findings[] | select(.severity == "error").id\'',
    },
  ],
  async run(invocation) {
    const { runDoctor } = await import('../cluster/doctor/run.ts');
    return runDoctor(invocation);
  },
};
