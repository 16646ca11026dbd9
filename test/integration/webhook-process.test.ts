/** The webhook as a process: arguments, environment, signals, exit codes. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { answerJson, type FakeKubernetes, startFakeKubernetes } from '../fakes/kubernetes.ts';
import { compileCache } from '../peers/compile-cache.ts';
import { createAuthority, type WebhookAuthority } from './webhook-authority.ts';
import { ask, configFor, temporaryFile, until, untilReady, webhookEnvironment } from './webhook-harness.ts';

const program = join(import.meta.dirname, '../../webhook/main.ts');

type Process = { readonly child: ChildProcess; output(): string; exited: Promise<number | null> };

function startProcess(args: readonly string[], env: Readonly<Record<string, string>>): Process {
  const child = spawn(process.execPath, [program, ...args], {
    env: { PATH: process.env.PATH ?? '', ...compileCache, ...env },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk;
    });
  }
  return { child, output: () => output, exited: new Promise((resolve) => child.once('close', resolve)) };
}

describe('autocert-controller', () => {
  let authority: WebhookAuthority;
  let kubernetes: FakeKubernetes;
  before(async () => {
    authority = await createAuthority('step-ca');
    kubernetes = await startFakeKubernetes((_, response) =>
      answerJson(response, 200, { major: '1', minor: '37', gitVersion: 'v1.37.2', items: [], metadata: {} }),
    );
  });
  after(async () => {
    await kubernetes?.stop();
    await authority?.remove();
  });

  const environment = () => ({ ...webhookEnvironment, KUBECONFIG: kubernetes.kubeconfigPath });

  async function withWebhook(
    settings: Record<string, unknown>,
    use: (address: string, webhook: Process) => Promise<void>,
  ) {
    const file = temporaryFile('config.yaml', configFor(authority, settings));
    const webhook = startProcess([file.path], environment());
    try {
      const found = await until(
        'listening',
        async () => /"listening","address":"([^"]+)"/.exec(webhook.output())?.[1],
        (address) => address !== undefined,
      );
      await use(found ?? '', webhook);
    } finally {
      webhook.child.kill('SIGKILL');
      await webhook.exited;
      file.remove();
    }
  }

  it('runs without the CA, then with it, and ends with 0 on SIGTERM beside open connections', async () => {
    await withWebhook({}, async (address, webhook) => {
      assert.equal((await ask(address, { path: '/healthz' })).status, 200);
      await authority.start();
      await untilReady(address);
      const agent = new Agent({ keepAlive: true });
      try {
        await ask(address, { path: '/healthz', agent });
        webhook.child.kill('SIGTERM');
        assert.equal(await webhook.exited, 0, webhook.output());
      } finally {
        agent.destroy();
      }
      assert.match(webhook.output(), /"msg":"ending"/);
      assert.doesNotMatch(webhook.output(), /password of the webhook/);
    });
  });

  it('ends with 0 on SIGTERM while it waits for the CA', async () => {
    await authority.kill();
    await withWebhook({ tokenMode: 'service-account' }, async (_, webhook) => {
      await until(
        'a retry',
        async () => webhook.output(),
        (output) => output.includes('trying again'),
      );
      webhook.child.kill('SIGTERM');
      assert.equal(await webhook.exited, 0, webhook.output());
    });
  });

  const refusals: { name: string; config: string; env: Record<string, string>; args?: string[]; want: RegExp }[] = [
    { name: 'no argument', config: '', env: {}, args: [], want: /^usage: autocert-controller CONFIG\n$/ },
    { name: 'two arguments', config: '', env: {}, args: ['a', 'b'], want: /^usage: / },
    {
      name: 'a file that is not there',
      config: '',
      env: {},
      args: ['/nowhere/config.yaml'],
      want: /^error: config: \/nowhere\/config\.yaml cannot be read/,
    },
    { name: 'an unknown key', config: 'adress: :443', env: webhookEnvironment, want: /adress[\s\S]*address/ },
    { name: 'no NAMESPACE', config: 'address: :0', env: { PROVISIONER_NAME: 'autocert' }, want: /NAMESPACE/ },
  ];
  for (const { name, config, env, args, want } of refusals) {
    it(`ends with 1 and says why, given ${name}`, async () => {
      const file = temporaryFile('config.yaml', config);
      try {
        const webhook = startProcess(args ?? [file.path], env);
        assert.equal(await webhook.exited, 1);
        assert.match(webhook.output(), want);
      } finally {
        file.remove();
      }
    });
  }

  it('ends with 1 outside a cluster without a kubeconfig', async () => {
    const file = temporaryFile('config.yaml', configFor(authority));
    try {
      const webhook = startProcess([file.path], webhookEnvironment);
      assert.equal(await webhook.exited, 1);
      assert.match(webhook.output(), /^error: kubernetes: .*\nhint: .*KUBECONFIG/);
    } finally {
      file.remove();
    }
  });
});
