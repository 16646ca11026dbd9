/**
 * The tutorial's client: enrols with the one-time token on its standard input and asks the server again and again, over
 * a connection that is kept. It renews by itself, at once on SIGHUP.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
// in a service of your own: from '@autocert/autocert/client'
import { bootstrapClient } from '../../lib/ca-client/index.ts';

const url = process.argv[2] ?? 'https://localhost:8443';
const intervalMs = Number(process.env.INTERVAL_MS ?? 5000);

const client = await bootstrapClient(await text(process.stdin), { trust: 'federation' });
client.identity.on('renewed', ({ serial }) => console.log(`Certificate renewed: ${serial}`));
client.identity.on('renewal-failed', (error) => console.error(`Renewal failed: ${error}`));
writeFileSync('client.pid', `${process.pid}\n`);

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop.abort());
process.on('SIGHUP', () =>
  client.identity.renew().catch((error: Error) => console.error(`Renewal failed: ${error.message}`)),
);

while (!stop.signal.aborted) {
  try {
    const response = await client.fetch(url, { signal: stop.signal });
    console.log(`Server responded: ${(await response.text()).trim()}`);
  } catch (error) {
    if (!stop.signal.aborted) console.error(`Request failed: ${error}`);
  }
  await sleep(intervalMs, undefined, { signal: stop.signal }).catch(() => {});
}
rmSync('client.pid', { force: true });
await client.close();
