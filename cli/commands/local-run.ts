/** `autocert local run`: annotated pods on this machine, without a cluster. */
import type { Command } from '../command.ts';

export const command: Command = {
  path: ['local', 'run'],
  summary: 'run annotated pod manifests on this machine, without a cluster',
  description:
    'Starts a real CA and the real webhook on loopback, sends every Pod through the webhook as an API server would, ' +
    'and runs its containers as local processes with their environment, Secrets, tokens and emptyDir volumes. ' +
    'Takes Pod, Deployment, StatefulSet, Job, Service, ConfigMap, Secret and Namespace. Ends, and leaves nothing ' +
    'behind, when every pod has ended or on Ctrl-C.\n\n' +
    'There are no images and no mount namespaces here. A container runs its command from PATH, or what --image says. ' +
    'Mount paths are replaced by folders of this machine where they stand in command, args and env, so a program ' +
    'takes its certificate folder from one of those. Names of Services work inside Node programs; for others the ' +
    'matching option of curl is printed. docs/guides/local.md lists what is not simulated.',
  positionals: [
    { name: 'manifest', repeated: true, description: 'YAML file as for kubectl apply -f; - reads standard input.' },
  ],
  options: [
    {
      name: 'image',
      value: 'image=command',
      repeated: true,
      description: 'Command that stands for the entrypoint of an image, tag or not.',
    },
    {
      name: 'token-mode',
      value: 'mode',
      choices: ['service-account', 'secret'],
      default: 'service-account',
      description: 'How pods get their one-time token.',
    },
    {
      name: 'lifetime',
      value: 'duration',
      default: '24h',
      description: 'Life of a certificate whose pod asks for none.',
    },
    {
      name: 'namespace',
      aliases: ['n'],
      value: 'name',
      default: 'default',
      description: 'Namespace of objects that name none.',
    },
    { name: 'restrict-names', description: 'Refuse names of other namespaces (restrictCertificatesToNamespace).' },
  ],
  examples: [
    {
      title: 'A pod whose command is on this machine:',
      command: 'autocert local run pod.yaml',
    },
    {
      title: 'The hello-mtls example:',
      command:
        "autocert local run hello-mtls.server.yaml hello-mtls.client.yaml \\\n--image 'hello-mtls-server-node=node server.mjs' --image 'hello-mtls-client-node=node client.mjs'",
    },
  ],
  async run({ positionals, options, terminal }) {
    const [{ runLocally }, { parseImageCommands }, { parseGoDuration }] = await Promise.all([
      import('../local/run.ts'),
      import('../local/containers/program.ts'),
      import('../../lib/time/index.ts'),
    ]);
    const certLifetime = options.required('lifetime');
    parseGoDuration(certLifetime);
    return runLocally(
      positionals,
      {
        images: parseImageCommands(options.list('image')),
        tokenMode: options.text('token-mode') === 'secret' ? 'secret' : 'service-account',
        certLifetime,
        namespace: options.required('namespace'),
        restrictCertificatesToNamespace: options.isOn('restrict-names'),
        clusterDomain: 'cluster.local',
        workingFolder: process.cwd(),
      },
      terminal,
    );
  },
};
