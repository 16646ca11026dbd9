/**
 * Asks the server again and again, each time twice: on a connection that is kept, and on a new one. Shows its own
 * certificate and checks the server's; both, and the root, are changed while it runs.
 */
import { Agent, request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { createCertificateLook, describeCertificate, readCertificates } from './certificates.mjs';

const url = process.env.HELLO_MTLS_URL ?? 'https://hello-mtls.default.svc.cluster.local';
const intervalMs = Number(process.env.INTERVAL_MS ?? 1000);

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop.abort());

let certificates = readCertificates();
const look = createCertificateLook(certificates);
let keptConnection = createAgent(true);

while (!stop.signal.aborted) {
  const renewed = look();
  if (renewed) {
    certificates = renewed;
    keptConnection.destroy(); // no request is under way here; a busy client would let the old agent run dry
    keptConnection = createAgent(true);
    console.log(`${now()}: certificate renewed: ${describeCertificate(renewed)}`);
  }
  await ask('kept connection', keptConnection);
  const newConnection = createAgent(false);
  await ask('new connection', newConnection);
  newConnection.destroy();
  await sleep(intervalMs, undefined, { signal: stop.signal }).catch(() => {});
}
keptConnection.destroy();

function createAgent(keepAlive) {
  return new Agent({ ...certificates, keepAlive, minVersion: 'TLSv1.2', maxCachedSessions: 0 });
}

async function ask(connection, agent) {
  try {
    console.log(`${now()}: ${await get(agent)} (${connection})`);
  } catch (error) {
    console.error(`${now()}: error: ${error.message} (${connection})`);
  }
}

function get(agent) {
  return new Promise((resolve, reject) => {
    const call = request(url, { agent, timeout: 10_000 }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200) resolve(text.trim());
        else reject(new Error(`status ${response.statusCode}`));
      });
    });
    call.on('timeout', () => call.destroy(new Error('no answer within 10 s')));
    call.on('error', reject);
    call.end();
  });
}

function now() {
  return new Date().toISOString();
}
