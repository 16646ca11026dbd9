import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Pod, Service } from '../manifests/objects.ts';
import { findService, resolveDestination, type ServiceTable } from './cluster-names.ts';
import { LocalNetwork } from './local-network.ts';
import { buildServiceLinks, describeReachableServices } from './reachable-services.ts';
import { buildServiceEntries } from './service-table.ts';

const pod = (name: string, labels: Record<string, string>, spec: Partial<Pod['spec']> = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'apps', labels },
  spec: { containers: [{ name: 'c', ports: [{ containerPort: 8443, name: 'https' }] }], ...spec },
});
const service = (name: string, spec: Service['spec']) => ({
  source: `s.yaml: Service ${name}`,
  object: { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec } as Service,
});

describe('buildServiceEntries', () => {
  const build = (spec: Service['spec'], ...pods: Pod[]) =>
    buildServiceEntries([service('web', spec)], pods, 'apps')[0]?.ports;

  it('takes the pods that all labels select, of the same namespace', () =>
    assert.deepEqual(
      build(
        { selector: { app: 'web', tier: 'a' }, ports: [{ port: 443, targetPort: 8443 }] },
        pod('one', { app: 'web', tier: 'a', more: 'x' }),
        pod('two', { app: 'web' }),
        {
          ...pod('three', { app: 'web', tier: 'a' }),
          metadata: { name: 'three', namespace: 'other', labels: { app: 'web', tier: 'a' } },
        },
      ),
      [{ port: 443, endpoints: [{ pod: 'apps/one', hostname: 'one', port: 8443 }] }],
    ));
  it('resolves a named targetPort in each pod', () =>
    assert.deepEqual(
      build(
        { selector: { app: 'web' }, ports: [{ port: 443, targetPort: 'https' }] },
        pod('one', { app: 'web' }),
        pod('two', { app: 'web' }, { containers: [{ name: 'c' }] }),
      )?.[0]?.endpoints,
      [{ pod: 'apps/one', hostname: 'one', port: 8443 }],
    ));
  it('takes the port itself where targetPort is not given', () =>
    assert.deepEqual(
      build({ selector: { app: 'web' }, ports: [{ port: 80 }] }, pod('one', { app: 'web' }))?.[0]?.endpoints,
      [{ pod: 'apps/one', hostname: 'one', port: 80 }],
    ));
  for (const spec of [{ type: 'ExternalName' }, { ports: [{ port: 80 }] }]) {
    it(`refuses ${JSON.stringify(spec)}`, () => assert.throws(() => build(spec), { code: 'ERR_LOCAL_NOT_SIMULATED' }));
  }
});

const table: ServiceTable = {
  clusterDomain: 'cluster.local',
  services: [
    {
      namespace: 'apps',
      name: 'web',
      ports: [
        {
          port: 443,
          endpoints: [
            { pod: 'apps/web-0', hostname: 'web-0', port: 8443 },
            { pod: 'apps/web-1', hostname: 'web-1', port: 8443 },
          ],
        },
      ],
    },
    { namespace: 'step', name: 'autocert', ports: [{ port: 4444, endpoints: [{ localPort: 40_000 }] }] },
  ],
};

describe('findService', () => {
  const rows = [
    { host: 'web', namespace: 'apps', found: 'web' },
    { host: 'web', namespace: 'other', found: undefined },
    { host: 'web.apps', namespace: 'other', found: 'web' },
    { host: 'web.apps.svc', namespace: 'other', found: 'web' },
    { host: 'WEB.apps.svc.cluster.local', namespace: 'other', found: 'web' },
    { host: 'web.apps.svc.cluster.local.', namespace: 'other', found: 'web' },
    { host: 'web.', namespace: 'apps', found: undefined },
    { host: 'web-1.web', namespace: 'apps', found: 'web', hostname: 'web-1' },
    { host: 'web-1.web.apps.svc.cluster.local', namespace: 'other', found: 'web', hostname: 'web-1' },
    { host: 'a.b.web.apps.svc.cluster.local', namespace: 'apps', found: undefined },
    { host: 'web.apps.svc.example.com', namespace: 'apps', found: undefined },
    { host: 'example.com', namespace: 'apps', found: undefined },
  ];
  for (const { host, namespace, found, hostname } of rows) {
    it(`finds ${found} for ${host} in ${namespace}`, () => {
      const result = findService(table, namespace, host);
      assert.equal(result?.service.name, found);
      assert.equal(result?.hostname, hostname);
    });
  }
});

describe('resolveDestination', () => {
  const ports: Record<string, number> = { 'apps/web-0:8443': 1000, 'apps/web-1:8443': 1001, 'apps/me:80': 1002 };
  const resolve = (host: string, port: number) =>
    resolveDestination(table, { namespace: 'apps', pod: 'apps/me' }, host, port, (of, at) => ports[`${of}:${at}`]);

  it('leads to every pod that listens', () => assert.deepEqual(resolve('web', 443), [1000, 1001]));
  it('leads to the one pod that is named', () => assert.deepEqual(resolve('web-1.web', 443), [1001]));
  it('leads to a port of this machine', () => assert.deepEqual(resolve('autocert.step.svc', 4444), [40_000]));
  it('leads nowhere for a port the Service does not have', () => assert.deepEqual(resolve('web', 80), []));
  it('leads from loopback to the ports of the own pod', () => assert.deepEqual(resolve('localhost', 80), [1002]));
  it('leaves loopback alone where the own pod does not listen', () =>
    assert.equal(resolve('127.0.0.1', 8443), 'untouched'));
  it('leaves other names alone', () => assert.equal(resolve('example.com', 443), 'untouched'));
});

describe('Services from outside', () => {
  const find = (of: string): number | undefined => (of === 'apps/web-1' ? 1001 : undefined);

  it('names the port of this machine behind each Service that somebody listens for, the control plane apart', () =>
    assert.deepEqual(describeReachableServices(table, find), [
      {
        name: 'web.apps.svc.cluster.local:443',
        host: 'web.apps.svc.cluster.local',
        port: 443,
        localPort: 1001,
        how: 'curl --connect-to web.apps.svc.cluster.local:443:127.0.0.1:1001 …',
      },
    ]));
  it('sets the variables of Kubernetes for the Services of the own namespace', () => {
    assert.deepEqual(buildServiceLinks(table, 'apps', find), {
      WEB_SERVICE_HOST: '127.0.0.1',
      WEB_SERVICE_PORT: '1001',
    });
    assert.deepEqual(buildServiceLinks(table, 'other', find), {});
    assert.deepEqual(
      buildServiceLinks(table, 'apps', () => undefined),
      {},
    );
  });
});

describe('preload', () => {
  const server = `
    import { createServer } from 'node:http';
    const servers = ['a', 'b'].map((text) => createServer((_, response) => response.end(text)));
    servers[0].listen(80, () => servers[1].listen({ port: 8080, host: '0.0.0.0' }, async () => {
      const { connect } = await import('node:net');
      const raw = await new Promise((resolve) => connect(80, 'web', function () { this.destroy(); resolve('raw'); }));
      const { get } = await import('node:http');
      const byAgent = await new Promise((resolve) => get('http://web/', (response) => response.setEncoding('utf8').once('data', resolve)));
      const answers = [raw, byAgent];
      for (const url of ['http://web.apps/', 'http://web.apps.svc.cluster.local:8080/', 'http://localhost:8080/'])
        answers.push(await (await fetch(url)).text());
      answers.push(await fetch('http://web.apps:81/').catch((error) => error.cause.code));
      answers.push(servers[0].address().address);
      console.log(answers.join(' '));
      for (const server of servers) server.close();
    }));
  `;

  it('lets a Node program listen on any port and reach Services by name', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'autocert-network-'));
    try {
      const network = new LocalNetwork(folder, 'cluster.local');
      network.setServices(
        buildServiceEntries(
          [service('web', { selector: {}, ports: [{ port: 80 }, { port: 8080 }, { port: 81 }] })],
          [pod('one', {})],
          'apps',
        ),
      );
      const environment = network.environment(pod('one', {}), new URL('preload.ts', import.meta.url));
      const output = await run(['--input-type=module', '-e', server], { ...environment, PATH: process.env.PATH ?? '' });
      assert.equal(output, 'raw a a b b ECONNREFUSED 127.0.0.1\n');
      assert.equal(network.findLocalPort('apps/one', 80), undefined, 'the port is given back when the server closes');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

function run(args: readonly string[], env: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk;
    });
    child.once('error', reject);
    child.once('close', () => resolve(output));
  });
}
