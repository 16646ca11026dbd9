/** The SDK against running CAs: ours, the real step-ca, and one of each. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { bootstrapClient, bootstrapServer, type MtlsServer } from '../../../lib/ca-client/index.ts';
import { type Federation, startFederation } from './federation.ts';

const pairs = [
  { cloud: 'autocert-ca', kubernetes: 'autocert-ca' },
  { cloud: 'step-ca', kubernetes: 'autocert-ca' },
  { cloud: 'autocert-ca', kubernetes: 'step-ca' },
] as const;

async function listen({ server }: MtlsServer): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `https://localhost:${(server.address() as AddressInfo).port}`;
}

for (const pair of pairs) {
  describe(`a service of ${pair.cloud} and one of ${pair.kubernetes}`, () => {
    let federation: Federation;
    before(async () => {
      federation = await startFederation(pair);
    });
    after(() => federation.remove());

    it('talk through rotations, over kept and new connections, without a failed request', async (t) => {
      const { cloud, kubernetes } = federation;
      const serving = await bootstrapServer(
        await cloud.token('localhost'),
        { trust: 'federation' },
        (request, response) => {
          response.end(`Hello ${request.socket.getPeerCertificate().subject.CN}`);
        },
      );
      t.after(() => serving.close(0));
      const client = await bootstrapClient(await kubernetes.token('sdk_client'), { trust: 'federation' });
      t.after(() => client.close());
      let connections = 0;
      serving.server.on('secureConnection', () => connections++);
      const url = await listen(serving);
      const rotations = { server: 0, client: 0 };
      serving.identity.on('renewed', () => rotations.server++);
      client.identity.on('renewed', () => rotations.client++);
      while (rotations.server < 3 || rotations.client < 3) {
        const answer = await client.fetch(url);
        assert.equal(await answer.text(), 'Hello sdk_client');
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      assert.equal(connections, 1);
    });
  });
}
