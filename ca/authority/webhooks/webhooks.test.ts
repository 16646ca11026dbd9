import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import { generatePrivateKey } from '../../../lib/crypto/index.ts';
import { isAppError } from '../../../lib/errors/index.ts';
import { FakeClock } from '../../../lib/time/fake-clock.ts';
import { systemClock } from '../../../lib/time/index.ts';
import {
  buildCertificateRequest,
  type CertificateRequest,
  groupSans,
  parseCertificateRequest,
} from '../../../lib/x509/index.ts';
import { defaultLeaf } from '../certificate-json/certificate.ts';
import type { WebhookAnswer, WebhookCall } from '../ports.ts';
import { createTemplateLanguage } from '../templates/language.ts';
import { TemplateData } from '../templates/template-data.ts';
import { readAnswer } from './answer.ts';
import { bodyForAuthorizing } from './body.ts';
import { readWebhook, type Webhook } from './webhook.ts';
import { WebhookClient } from './webhooks.ts';

let csr: CertificateRequest;
before(async () => {
  const key = await generatePrivateKey();
  csr = parseCertificateRequest(buildCertificateRequest({ commonName: 'web', sans: [], key }));
});

const language = createTemplateLanguage(systemClock);
const dataOf = (claims: Record<string, unknown> = {}) =>
  new TemplateData({ subject: 'web', sans: ['web'], claims, fixed: {} });

const plain = { id: '1', name: 'people', url: 'https://hooks.test/', kind: 'ENRICHING' };

function hook(changes: Record<string, unknown> = {}): Webhook {
  const webhook = readWebhook({ ...plain, ...changes }, language);
  if (typeof webhook === 'string') throw new Error(webhook);
  return webhook;
}

const ok = { status: 200, body: '{"allow":true,"data":{"role":"x"}}' };

/** Answers the calls one after the other; nothing at all for `hang`. */
function createServer(...answers: (WebhookAnswer | 'fail' | 'hang')[]) {
  const calls: WebhookCall[] = [];
  const caller = (call: WebhookCall, signal: AbortSignal): Promise<WebhookAnswer> => {
    const answer = answers[calls.push(call) - 1] ?? 'fail';
    if (answer === 'fail') return Promise.reject(new Error('connect ECONNREFUSED 10.1.2.3:443'));
    if (answer !== 'hang') return Promise.resolve(answer);
    return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
  };
  return { calls, caller };
}

describe('WebhookClient', () => {
  const enrich = async (server: ReturnType<typeof createServer>, clock: FakeClock, ...webhooks: Webhook[]) => {
    const data = dataOf({ sub: 'a b' });
    const question = { csr, requestId: 'id', data };
    await new WebhookClient(server.caller, clock).enrich(webhooks.length ? webhooks : [hook()], question);
    return data;
  };

  it('gives what they say by their names', async () => {
    const server = createServer(ok, { status: 200, body: '{"allow":true}' });
    const data = await enrich(server, new FakeClock(), hook(), hook({ name: '__proto__' }));
    const shown = language.parse('{{ toJson .Webhooks }}').execute(data.root);
    assert.equal(shown, '{"__proto__":null,"people":{"role":"x"}}');
  });

  it('are asked at the URL that its template makes of the data', async () => {
    const server = createServer(ok, ok);
    const url = 'https://hooks.test/{{ .Token.sub | urlquery }}?role={{ with .Webhooks }}{{ .people.role }}{{ end }}';
    await enrich(server, new FakeClock(), hook({ url }), hook({ url }));
    assert.deepEqual(
      server.calls.map((call) => call.url),
      ['https://hooks.test/a+b?role=', 'https://hooks.test/a+b?role=x'],
    );
  });

  const badUrls: [bad: string, reason: RegExp][] = [
    ['{{', /^template: url:1: unclosed action/],
    ['{{ env "HOME" }}', /^template: url:1: function "env" not defined/],
    ['{{ asn1Enc "x" }}', /^template: url:1: function "asn1Enc" not defined/],
    ['{{ fail "x" }}', /^template: url:1:22: executing "url" at <fail "x">: error calling fail: x/],
    ['{{ .Token.sub.x }}', /^template: url:1:\d+: executing "url"/],
    ['{{ "a\\nb" }}', /^webhook url is invalid/],
  ];
  for (const [bad, reason] of badUrls) {
    it(`are not asked when no URL can be made: ${bad}`, async () => {
      const server = createServer(ok);
      await assert.rejects(
        enrich(server, new FakeClock(), hook({ url: `https://hooks.test/${bad}` })),
        (error) =>
          isAppError(error, 'ERR_WEBHOOK') &&
          error.message === 'webhook url cannot be made' &&
          reason.test(String(error.context?.reason)),
      );
      assert.deepEqual(server.calls, []);
    });
  }

  it('asks again one second after a failure, and leaves no timer behind', async () => {
    const [server, clock] = [createServer('fail', ok), new FakeClock()];
    const asked = enrich(server, clock);
    await clock.advance(999);
    assert.equal(server.calls.length, 1);
    await clock.advance(1);
    await asked;
    assert.equal(server.calls.length, 2);
    assert.equal(clock.sleeping, 0);
  });

  it('says nothing of the network to the client', async () => {
    const [server, clock] = [createServer('fail', 'fail'), new FakeClock()];
    const asked = assert.rejects(enrich(server, clock), {
      code: 'ERR_WEBHOOK',
      message: 'webhook server could not be reached',
    });
    await clock.advance(1000);
    await asked;
    assert.equal(server.calls.length, 2);
  });

  it('waits ten seconds in all, and does not ask again then', async () => {
    const [server, clock] = [createServer('hang', ok), new FakeClock()];
    const asked = assert.rejects(enrich(server, clock), { message: 'webhook server did not answer in time' });
    await clock.advance(10_000);
    await asked;
    assert.equal(server.calls.length, 1);
    const [second, later] = [createServer({ status: 500, body: '' }, 'hang'), new FakeClock()];
    const again = assert.rejects(enrich(second, later), { message: 'webhook server did not answer in time' });
    await later.advance(10_000);
    await again;
    assert.equal(later.sleeping, 0);
  });

  it('shows a long serial number to the last digit', () => {
    const json = { ...defaultLeaf('web', groupSans(['web']), csr), serialNumber: 2n ** 100n };
    assert.match(bodyForAuthorizing({ json, notBefore: 0, notAfter: 1 }, csr, 0), /:1267650600228229401496703205376,/);
  });
});

describe('readWebhook', () => {
  const problems: [string, Record<string, unknown>, RegExp][] = [
    ['no name', { name: '' }, /webhook name is required/],
    ['no URL', { url: undefined }, /webhook url is required/],
    ['a URL in clear', { url: 'http://hooks.test/' }, /must use https/],
    ['a URL that is none', { url: 'hooks' }, /url is invalid/],
    ['a URL of two lines', { url: 'https://hooks.test/\n' }, /url is invalid/],
    ['a host that is a template', { url: 'https://{{ .host }}/' }, /url is invalid/],
    ['a password in the URL', { url: 'https://a:b@hooks.test/' }, /may not contain username or password/],
    ['another kind', { kind: 'NO_KIND' }, /kind is invalid/],
    ['a secret that is not base64', { secret: 's3cret!' }, /^secret of webhook "people" is not base64$/],
  ];
  for (const [name, changes, problem] of problems) {
    it(`refuses ${name}`, () => assert.match(String(readWebhook({ ...plain, ...changes }, language)), problem));
  }

  it('minds the kind of certificates', () => {
    const wanted = { '': true, ALL: true, X509: true, SSH: false };
    for (const [certType, forX509] of Object.entries(wanted)) assert.equal(hook({ certType }).forX509, forX509);
  });
});

describe('readAnswer', () => {
  it('takes nothing but true for an allowance', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string(), fc.constant('{"allow":1}'), fc.constant('[true]')), (body) => {
        const verdict = readAnswer({ status: 200, body });
        if (verdict.kind === 'allowed') assert.equal(JSON.parse(body).allow ?? JSON.parse(body).Allow, true);
      }),
    );
  });

  it('does not look at the case of members, as Go', () => {
    assert.deepEqual(readAnswer({ status: 201, body: '{"Allow":true,"DATA":[1]}' }), { kind: 'allowed', data: [1] });
  });
});
