/** `autocert install`: the product into a cluster, without Helm. */
import { clusterOptions } from '../cluster/options.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  path: ['install'],
  summary: 'install autocert into a cluster, without Helm',
  description:
    'Checks first whether you may do all that is needed, then applies the objects that manifests/autocert.yaml holds, ' +
    'waits until webhook and CA run, and prints the fingerprint of the root. Passwords and keys are made in the ' +
    'cluster, by the first start of the CA; none of them comes by here. Run again it changes nothing, or what is new ' +
    'in this version. With --ca-url the webhook uses a CA that exists, ours or a step-ca, and none is installed.\n\n' +
    'An installation of Helm is left alone. For anything that is not an option here, use the chart.',
  apartFromStep: true,
  options: [
    {
      name: 'namespace',
      aliases: ['n'],
      value: 'name',
      default: 'step',
      description: 'Namespace to install into; made when it is not there.',
    },
    {
      name: 'image-registry',
      value: 'registry',
      description: 'Put before the name of every image, such as registry.example.com/autocert.',
    },
    { name: 'ca-url', value: 'URL', description: 'Address of a CA that exists, as pods reach it.' },
    { name: 'ca-root', value: 'file', description: 'Root certificate of that CA.' },
    { name: 'provisioner', value: 'name', description: 'JWK provisioner of that CA, for the webhook.' },
    {
      name: 'provisioner-password-file',
      value: 'file',
      description: "File with the password of the provisioner's key.",
    },
    { name: 'dry-run', description: 'Let the API server check everything and store nothing.' },
    { name: 'force', description: 'Take over fields that somebody else has set, such as kubectl apply before.' },
    {
      name: 'timeout',
      value: 'duration',
      default: '5m',
      description: 'How long to wait until everything runs; 0s does not wait.',
    },
    ...clusterOptions,
  ],
  examples: [
    {
      title: 'With a CA of its own:',
      command: 'autocert install --image-registry registry.example.com/autocert',
    },
    {
      title: 'With a step-ca that exists:',
      command:
        'autocert install --ca-url https://ca.example --ca-root root_ca.crt \\\n' +
        '--provisioner kubernetes --provisioner-password-file password.txt',
    },
  ],
  async run(invocation) {
    const { runInstall } = await import('../cluster/install/run.ts');
    return runInstall(invocation);
  },
};
