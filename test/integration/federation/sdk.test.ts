/** The SDK against running CAs: ours, the real step-ca, and one of each. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { bootstrapClient, bootstrapServer, type MtlsClient, type MtlsServer } from '../../../lib/ca-client/index.ts';
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
      const token = await cloud.token('localhost');
      const serving = await bootstrapServer(token, { trust: 'federation' }, async (request, response) => {
        response.write(`Hello ${request.socket.getPeerCertificate().subject.CN}`);
        if (request.url === '/long') await stream.promise;
        response.end('!');
      });
      t.after(() => serving.close(0));
      const kept = await bootstrapClient(await kubernetes.token('kept'), { trust: 'federation' });
      t.after(() => kept.close());
      const fresh = await bootstrapClient(await kubernetes.token('fresh'), {
        trust: 'federation',
        agent: { keepAlive: false },
      });
      t.after(() => fresh.close());
      const connections = new Map<string, number>();
      serving.server.on('secureConnection', (socket: TLSSocket) => {
        const name = String(socket.getPeerCertificate().subject.CN);
        connections.set(name, (connections.get(name) ?? 0) + 1);
      });
      const url = await listen(serving);
      const rotations = [serving, kept, fresh].map(({ identity }) => {
        const count = { renewed: 0 };
        identity.on('renewed', () => count.renewed++);
        return count;
      });
      const stream = Promise.withResolvers<void>();
      const long = await kept.fetch(`${url}/long`); // open from the first rotation to the last

      const enough = (): boolean => rotations.every(({ renewed }) => renewed >= 3);
      const keepAsking = async (client: MtlsClient, name: string): Promise<void> => {
        while (!enough()) {
          assert.equal(await (await client.fetch(url)).text(), `Hello ${name}!`);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      };
      await Promise.all([...Array.from({ length: 8 }, () => keepAsking(kept, 'kept')), keepAsking(fresh, 'fresh')]);
      assert.ok((connections.get('kept') ?? 0) <= 9, 'the connections of the first moment serve to the end');
      assert.ok((connections.get('fresh') ?? 0) > 5);
      stream.resolve();
      assert.equal(await long.text(), 'Hello kept!');
    });
  });
}
