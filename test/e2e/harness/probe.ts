/** Constant load from inside a pod, over a kept connection and over new ones, with the certificate of that pod. */
import { folder } from './pods.ts';
import type { Scenario } from './scenario.ts';

export type ProbeResult = {
  readonly answered: number;
  /** Errors, at most a hundred. */
  readonly failures: readonly string[];
  /** Serial numbers that new connections saw, each time another one came. */
  readonly serials: readonly string[];
};

/** Runs in the pod. Reads its files anew for each new connection; the kept one lives on, as with a client that holds it. */
const script = `
import { Agent, request } from 'node:https';
import { readFileSync } from 'node:fs';
const [url, seconds] = process.argv.slice(2);
const read = (name) => readFileSync('${folder}/' + name);
const credentials = () => ({ ca: read('root.crt'), cert: read('site.crt'), key: read('site.key') });
const result = { answered: 0, failures: [], serials: [] };
const ask = (agent) => new Promise((resolve) => {
  const call = request(url, { agent, timeout: 10_000 }, (response) => {
    const serial = response.socket.getPeerCertificate().serialNumber;
    response.resume().on('end', () => {
      if (response.statusCode === 200) result.answered++;
      else fail('status ' + response.statusCode);
      resolve(serial);
    });
  });
  const fail = (text) => { if (result.failures.length < 100) result.failures.push(new Date().toISOString() + ' ' + text); };
  call.on('timeout', () => call.destroy(new Error('no answer within 10 s')));
  call.on('error', (error) => { fail(error.message); resolve(); });
  call.end();
});
const kept = new Agent({ ...credentials(), keepAlive: true, maxSockets: 1 });
const end = Date.now() + Number(seconds) * 1000;
while (Date.now() < end) {
  await ask(kept);
  const fresh = new Agent({ ...credentials(), keepAlive: false, maxCachedSessions: 0 });
  const serial = await ask(fresh);
  if (serial && serial !== result.serials.at(-1)) result.serials.push(serial);
  fresh.destroy();
  await new Promise((resolve) => setTimeout(resolve, 100));
}
kept.destroy();
console.log(JSON.stringify(result));
`;

export async function probe(s: Scenario, pod: string, url: string, seconds: number): Promise<ProbeResult> {
  const encoded = Buffer.from(script).toString('base64');
  const command = `echo ${encoded} | base64 -d > /tmp/probe.mjs && exec node /tmp/probe.mjs ${url} ${seconds}`;
  return JSON.parse(await s.exec(pod, 'app', command)) as ProbeResult;
}
