/**
 * Somebody who can run pods tries to get a certificate that is not theirs. Each attempt is refused, logged with its reason and
 * counted.
 */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { kubectl, readObject } from '../../harness/kubectl.ts';
import { folder, pod } from '../../harness/pods.ts';
import { type Scenario, scenario } from '../../harness/scenario.ts';

const bootstrapUrl = 'https://autocert.step.svc:4444/v1/bootstrap';
const caUrl = 'https://autocert-step-certificates.step.svc';

type Answer = { readonly status: number; readonly body: Readonly<Record<string, unknown>> };

/** A pod that holds a ServiceAccount token with our audience in a container of its own. */
const withToken = (name: string, annotations: Record<string, string> = {}): object =>
  pod(name, {
    annotations,
    spec: {
      volumes: [
        {
          name: 'mine',
          projected: {
            sources: [
              { serviceAccountToken: { audience: 'autocert.step.sm', path: 'token', expirationSeconds: 3600 } },
            ],
          },
        },
      ],
    },
    container: { volumeMounts: [{ name: 'mine', mountPath: '/mine' }] },
  });

/** Posts JSON from inside a pod, without looking at the server's certificate: an attacker does not care. */
async function post(s: Scenario, from: string, url: string, body: object, token?: string): Promise<Answer> {
  const script = `
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    const [url, body, token] = JSON.parse(Buffer.from(process.argv[1], 'base64'));
    const headers = { 'content-type': 'application/json', ...(token ? { authorization: 'Bearer ' + token } : {}) };
    const answer = await fetch(url, { method: 'POST', headers, body });
    console.log(JSON.stringify({ status: answer.status, body: await answer.json().catch(() => ({})) }));`;
  const encode = (text: string): string => Buffer.from(text).toString('base64');
  const given = encode(JSON.stringify([url, JSON.stringify(body), token]));
  const output = await s.exec(
    from,
    'app',
    `node --no-warnings --input-type=module -e "$(echo ${encode(script)} | base64 -d)" ${given}`,
  );
  return JSON.parse(output) as Answer;
}

const makeCsr = (s: Scenario, from: string, name: string): Promise<string> =>
  s.exec(
    from,
    'app',
    `cd /tmp && step certificate create --csr --no-password --insecure --force ${name} csr key >/dev/null 2>&1 && cat csr`,
  );

const tokenOf = async (s: Scenario, name: string): Promise<string> =>
  (await s.exec(name, 'app', 'cat /mine/token')).trim();

const askForToken = async (s: Scenario, from: string, token: string, name: string): Promise<Answer> =>
  post(s, from, bootstrapUrl, { csr: await makeCsr(s, from, name) }, token);

/** Sum of a counter over the replicas of the webhook. */
async function count(s: Scenario, from: string, result: string): Promise<number> {
  const { items } = await readObject<{ items: { status: { podIP: string } }[] }>(
    'step',
    'pods',
    '--selector=app.kubernetes.io/name=autocert',
  );
  let sum = 0;
  for (const { status } of items) {
    const text = await s.exec(from, 'app', `curl -ks https://${status.podIP}:4443/metrics`);
    sum += Number(new RegExp(`autocert_bootstrap_requests_total\\{result="${result}"\\} (\\d+)`).exec(text)?.[1] ?? 0);
  }
  return sum;
}

const logs = (selector: string): Promise<string> =>
  kubectl('logs', '--namespace=step', `--selector=${selector}`, '--tail=-1');

describe('a stolen or misused token', { concurrency: 3 }, () => {
  scenario('is good once, for its names, with its request', async (s) => {
    const name = `victim.${s.namespace}.svc`;
    await s.apply(withToken('victim', { name }));
    await s.readyPod('victim');
    const csr = await makeCsr(s, 'victim', name);
    const minted = await post(s, 'victim', bootstrapUrl, { csr }, await tokenOf(s, 'victim'));
    assert.equal(minted.status, 200, JSON.stringify(minted.body));
    const { ott } = minted.body;

    const other = await post(s, 'victim', `${caUrl}/1.0/sign`, {
      csr: await makeCsr(s, 'victim', 'other.example.com'),
      ott,
    });
    assert.equal(other.status, 403, 'a request for another name');
    const again = await post(s, 'victim', bootstrapUrl, { csr }, await tokenOf(s, 'victim'));
    const another = await post(s, 'victim', `${caUrl}/1.0/sign`, {
      csr: await makeCsr(s, 'victim', name),
      ott: again.body.ott,
    });
    assert.equal(another.status, 403, 'another request for the same name');

    const fresh = await post(s, 'victim', bootstrapUrl, { csr }, await tokenOf(s, 'victim'));
    assert.equal((await post(s, 'victim', `${caUrl}/1.0/sign`, { csr, ott: fresh.body.ott })).status, 201);
    assert.equal(
      (await post(s, 'victim', `${caUrl}/1.0/sign`, { csr, ott: fresh.body.ott })).status,
      401,
      'a second use',
    );
    const log = await logs('app.kubernetes.io/name=step-certificates');
    assert.match(log, /ERR_TOKEN_REUSED/);
    assert.match(log, /ERR_CSR_FINGERPRINT/);
    assert.ok(!log.includes(String(ott)), 'the log holds a token');
  });

  scenario('of a pod that asks for nothing, of the same ServiceAccount, gets nothing', async (s) => {
    await s.apply(pod('victim', { annotations: { name: `victim.${s.namespace}.svc` } }), withToken('thief'));
    await s.readyPod('victim');
    await s.readyPod('thief');
    const before = await count(s, 'thief', 'ERR_BOOTSTRAP_NOT_INJECTED');
    const answer = await askForToken(s, 'thief', await tokenOf(s, 'thief'), `victim.${s.namespace}.svc`);
    assert.deepEqual([answer.status, answer.body.code], [403, 'ERR_BOOTSTRAP_NOT_INJECTED']);
    assert.equal(answer.body.ott, undefined);
    assert.ok((await count(s, 'thief', 'ERR_BOOTSTRAP_NOT_INJECTED')) > before);
    assert.match(await logs('app.kubernetes.io/name=autocert'), /ERR_BOOTSTRAP_NOT_INJECTED/);
  });

  scenario('of another pod gets the names of that pod only', async (s) => {
    await s.apply(withToken('thief', { name: `thief.${s.namespace}.svc` }));
    await s.readyPod('thief');
    const answer = await askForToken(s, 'thief', await tokenOf(s, 'thief'), 'victim.other.svc');
    assert.ok(answer.status === 422 || answer.body.subject === `thief.${s.namespace}.svc`, JSON.stringify(answer.body));
  });

  scenario('of a pod that was deleted is refused', async (s) => {
    await s.apply(withToken('gone', { name: `gone.${s.namespace}.svc` }), withToken('thief'));
    await s.readyPod('gone');
    await s.readyPod('thief');
    const token = await tokenOf(s, 'gone');
    await s.kubectl('delete', 'pod', 'gone', '--grace-period=0', '--force');
    const answer = await askForToken(s, 'thief', token, `gone.${s.namespace}.svc`);
    assert.ok([401, 404].includes(answer.status), JSON.stringify(answer));
  });

  scenario('of the API server, or none, is refused', async (s) => {
    await s.apply(withToken('thief', { name: `thief.${s.namespace}.svc` }));
    await s.readyPod('thief');
    const usual = await s.exec('thief', 'app', 'cat /var/run/secrets/kubernetes.io/serviceaccount/token');
    assert.equal((await askForToken(s, 'thief', usual.trim(), 'x.example.com')).status, 401);
    assert.equal((await askForToken(s, 'thief', '', 'x.example.com')).status, 401);
  });

  scenario('is not to be had by asking the webhook directly', async (s) => {
    await s.apply(pod('thief'));
    await s.readyPod('thief');
    const object = pod('web', { annotations: { name: `web.kube-system.svc` } });
    const request = {
      uid: 'x',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      namespace: s.namespace,
      operation: 'CREATE',
      object,
    };
    const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request };
    const answer = await post(s, 'thief', 'https://autocert.step.svc/mutate', review);
    const { allowed } = (answer.body.response ?? {}) as { allowed?: boolean };
    assert.equal(allowed, false, JSON.stringify(answer.body));
    const secrets = await s.read<{ items: unknown[] }>('secrets');
    assert.equal(secrets.items.length, 0);
  });

  scenario('is mounted in no container of the application', async (s) => {
    await s.apply(pod('web', { annotations: { name: `web.${s.namespace}.svc` } }));
    await s.readyPod('web');
    assert.equal(
      await s.exec('web', 'app', `find ${folder}/ / -xdev -path '*autocert.step.sm*' -name token 2>/dev/null | wc -l`),
      '0\n',
    );
  });
});
