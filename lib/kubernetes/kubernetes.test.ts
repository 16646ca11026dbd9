/** Faults of an API server and of the way to it. What a healthy one does: test/integration/webhook-kubernetes.test.ts. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { answerJson, answerStatus, type FakeKubernetes, startFakeKubernetes } from '../../test/fakes/kubernetes.ts';
import { connectKubernetes, type KubernetesClient } from './index.ts';

const version = { major: '1', minor: '37+', gitVersion: 'v1.37.2' };

describe('KubernetesClient and a peer that misbehaves', () => {
  let fake: FakeKubernetes;
  let client: KubernetesClient;
  before(async () => {
    fake = await startFakeKubernetes((_, response) => answerJson(response, 200, version));
    client = await connectKubernetes({ kubeconfigPath: fake.kubeconfigPath, userAgent: 'test' });
  });
  after(async () => {
    client?.close();
    await fake?.stop();
  });

  it('uses one connection for many calls', async () => {
    fake.handler = (_, response) => answerJson(response, 200, version);
    const before = fake.connections;
    for (let call = 0; call < 5; call++) assert.equal((await client.serverVersion()).minor, 37);
    assert.ok(fake.connections - before <= 1, `${fake.connections - before} connections`);
  });

  it('opens a new connection when the server closed the kept one', async () => {
    fake.handler = (request, response) => {
      answerJson(response, 200, version);
      response.on('finish', () => request.socket.destroySoon());
    };
    for (let call = 0; call < 5; call++) assert.equal((await client.serverVersion()).major, 1);
  });

  it('gives up at the deadline when no answer comes', async () => {
    fake.handler = () => {};
    await assert.rejects(client.serverVersion(50), { code: 'ERR_KUBERNETES_UNREACHABLE', kind: 'unavailable' });
  });

  it('gives up at the deadline when the answer stops half-way', async () => {
    fake.handler = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' }).write('{"major":');
    };
    await assert.rejects(client.serverVersion(50), { code: 'ERR_KUBERNETES_UNREACHABLE' });
  });

  it('reports a connection that breaks in the middle of an answer', async () => {
    fake.handler = (request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
      response.write('{"major":', () => request.socket.destroy());
    };
    await assert.rejects(client.serverVersion(), { code: 'ERR_KUBERNETES_UNREACHABLE' });
  });

  const nonsense = [
    { name: 'no JSON', type: 'application/json', body: '<html>' },
    { name: 'another media type', type: 'text/html', body: '<html>' },
    { name: 'no version', type: 'application/json', body: '{"major":"x","minor":""}' },
  ];
  for (const { name, type, body } of nonsense) {
    it(`does not take ${name} for an answer`, async () => {
      fake.handler = (_, response) => response.writeHead(200, { 'content-type': type }).end(body);
      await assert.rejects(client.serverVersion(), { code: 'ERR_KUBERNETES_ANSWER', kind: 'unavailable' });
    });
  }

  const refusals = [
    { status: 401, kind: 'unauthenticated', hint: /token/ },
    { status: 403, kind: 'forbidden', hint: /resources: \["secrets"\], verbs: \["create"\]/ },
    { status: 409, kind: 'conflict', hint: /^$/ },
    { status: 422, kind: 'invalid', hint: /^$/ },
    { status: 429, kind: 'rate-limited', hint: /^$/ },
    { status: 503, kind: 'unavailable', hint: /^$/ },
  ];
  for (const { status, kind, hint } of refusals) {
    it(`tells a ${status} as ${kind}`, async () => {
      fake.handler = (_, response) => answerStatus(response, status, 'Reason', 'because');
      await assert.rejects(client.createSecret('default', {}), (error: Error & { hint?: string; kind: string }) => {
        assert.equal(error.kind, kind);
        assert.match(error.message, new RegExp(`^kubernetes: create secrets: refused \\(${status}\\)`));
        assert.match(error.hint ?? '', hint);
        return true;
      });
    });
  }

  it('keeps a token that is reviewed out of the error', async () => {
    fake.handler = (_, response, body) => answerStatus(response, 500, 'InternalError', JSON.parse(body).kind);
    const token = 'secret-token';
    await assert.rejects(client.reviewToken(token, 'audience'), (error: Error) => {
      assert.ok(!JSON.stringify(error, Object.getOwnPropertyNames(error)).includes(token));
      return true;
    });
  });
});

describe('connectKubernetes', () => {
  it('refuses a kubeconfig that is not there, naming it', () =>
    assert.rejects(connectKubernetes({ kubeconfigPath: '/nowhere/kubeconfig', userAgent: 'test' }), {
      code: 'ERR_KUBERNETES_CONFIG',
      message: /\/nowhere\/kubeconfig/,
    }));

  it('refuses to run outside a cluster without a kubeconfig', () =>
    assert.rejects(connectKubernetes({ userAgent: 'test' }), { code: 'ERR_KUBERNETES_CONFIG' }));
});
