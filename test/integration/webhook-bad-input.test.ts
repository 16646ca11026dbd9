/**
 * What a client may throw at the webhook: each request gets its documented answer (docs/reference/webhook-http.md) or a
 * closed connection, and a good one in between is served.
 */
import assert from 'node:assert/strict';
import { connect as connectTcp, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { answerJson, type FakeKubernetes, startFakeKubernetes } from '../fakes/kubernetes.ts';
import { createAuthority, type WebhookAuthority } from './webhook-authority.ts';
import {
  type Answer,
  ask,
  podManifest,
  postReview,
  reviewOf,
  startTestWebhook,
  type TestWebhook,
  until,
  untilReady,
} from './webhook-harness.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const mebibyte = 1024 * 1024;
const json = { 'content-type': 'application/json' };
const good = reviewOf(podManifest('web', 'default', 'web.default.svc'));

describe('bad input to the webhook', () => {
  let authority: WebhookAuthority;
  let kubernetes: FakeKubernetes;
  let webhook: TestWebhook;
  before(async () => {
    authority = await createAuthority('step-ca');
    await authority.start();
    // It refuses every token: what matters here never gets as far.
    kubernetes = await startFakeKubernetes((request, response) =>
      request.url?.startsWith('/version')
        ? answerJson(response, 200, { major: '1', minor: '37', gitVersion: 'v1.37.2' })
        : answerJson(response, 201, { status: { authenticated: false } }),
    );
    webhook = await startTestWebhook(authority, kubernetes.kubeconfigPath, { tokenMode: 'service-account' });
    await untilReady(webhook.address);
  });
  after(async () => {
    await webhook?.stop(0);
    await kubernetes?.stop();
    await authority?.remove();
  });

  async function isServing(): Promise<void> {
    const { status, text } = await postReview(webhook.address, good, { rootPem: authority.rootPem });
    assert.equal(status, 200);
    assert.equal(JSON.parse(text).response.allowed, true);
  }

  const codeOf = ({ text }: Answer): unknown => (JSON.parse(text) as { code?: unknown }).code;

  describe('POST /mutate', () => {
    const deep = '['.repeat(200_000) + ']'.repeat(200_000);
    const deepPod = good.replace('"app"', `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`);
    const rows: [
      name: string,
      body: string | Uint8Array,
      headers: Record<string, string>,
      status: number,
      code: string,
    ][] = [
      ['nothing', '', json, 400, 'ERR_BODY_EMPTY'],
      ['nothing of no type', '', {}, 400, 'ERR_BODY_EMPTY'],
      ['no type', good, {}, 415, 'ERR_CONTENT_TYPE'],
      ['another type', good, { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'ERR_CONTENT_TYPE'],
      ['a type that begins alike', good, { 'content-type': 'application/json5' }, 415, 'ERR_CONTENT_TYPE'],
      ['a broken type', good, { 'content-type': ';;;' }, 415, 'ERR_CONTENT_TYPE'],
      ['no JSON', 'kind: AdmissionReview', json, 400, 'ERR_BODY_MALFORMED'],
      ['a review cut off', good.slice(0, -20), json, 400, 'ERR_BODY_MALFORMED'],
      ['text after the review', `${good}x`, json, 400, 'ERR_BODY_MALFORMED'],
      [
        'invalid UTF-8',
        Buffer.concat([Buffer.from('"'), Buffer.from([0xc3, 0x28]), Buffer.from('"')]),
        json,
        400,
        'ERR_BODY_MALFORMED',
      ],
      ['null', 'null', json, 400, 'ERR_ADMISSION_REVIEW'],
      ['a list', '[]', json, 400, 'ERR_ADMISSION_REVIEW'],
      ['another kind', '{"kind":"Pod","apiVersion":"v1"}', json, 400, 'ERR_ADMISSION_REVIEW'],
      [
        'a review without request',
        '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}',
        json,
        400,
        'ERR_ADMISSION_REVIEW',
      ],
      ['a list in lists', deep, json, 400, 'ERR_ADMISSION_REVIEW'],
      ['8 MiB', Buffer.alloc(8 * mebibyte, ' '), json, 413, 'ERR_BODY_TOO_LARGE'],
      [
        'a length that is too large',
        'x',
        { ...json, 'content-length': String(8 * mebibyte) },
        413,
        'ERR_BODY_TOO_LARGE',
      ],
    ];
    for (const [name, body, headers, status, code] of rows) {
      it(`answers ${name} with ${status}`, async () => {
        const answer = await ask(webhook.address, { method: 'POST', path: '/mutate', headers, body });
        assert.deepEqual([answer.status, codeOf(answer)], [status, code]);
        assert.equal(answer.headers['content-type'], 'application/json');
        await isServing();
      });
    }

    it('takes a type with parameters, and a query it does not know', async () => {
      const headers = { 'content-type': 'Application/JSON; charset=utf-8' };
      const answer = await postReview(webhook.address, good, { headers, path: '/mutate?timeout=forever&x=%zz' });
      assert.equal(answer.status, 200);
    });

    it('answers an object in objects as the pod that it is not', async () => {
      const { status, text } = await postReview(webhook.address, deepPod);
      assert.equal(status, 200);
      assert.equal(JSON.parse(text).response.allowed, false);
    });

    it('takes the last of keys that come twice, as the API server does', async () => {
      const twice = good.replace('"kind":"AdmissionReview"', '"kind":"Pod","kind":"AdmissionReview"');
      assert.equal((await postReview(webhook.address, twice)).status, 200);
    });

    it('denies an object that is no pod, with the uid of the request', async () => {
      for (const object of [null, 7, 'pod', [], { metadata: [] }, { spec: 'none' }]) {
        const { status, text } = await postReview(
          webhook.address,
          reviewOf({ metadata: { namespace: 'default' } }, { object }),
        );
        assert.equal(status, 200, text);
        assert.equal(JSON.parse(text).response.uid, '705ab4f5-6393-11e8-b7cc-42010a800002');
      }
    });

    it('answers any bytes, and reviews with any object', async () => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (bytes) => {
          assert.equal((await postReview(webhook.address, Buffer.from(bytes).toString('latin1'))).status, 400);
        }),
        { numRuns: 30 },
      );
      await fc.assert(
        fc.asyncProperty(fc.jsonValue({ maxDepth: 5 }), async (object) => {
          const { status, text } = await postReview(
            webhook.address,
            reviewOf({ metadata: { namespace: 'default' } }, { object }),
          );
          assert.equal(status, 200);
          assert.equal(typeof JSON.parse(text).response.allowed, 'boolean');
        }),
        { numRuns: 60 },
      );
      await isServing();
    });
  });

  describe('other paths and methods', () => {
    const rows: [method: string, path: string, status: number, allow?: string][] = [
      ['GET', '/mutate', 405, 'POST'],
      ['DELETE', '/mutate', 405, 'POST'],
      ['POST', '/healthz', 405, 'GET'],
      ['PUT', '/readyz', 405, 'GET'],
      ['HEAD', '/healthz', 200],
      ['GET', '/', 404],
      ['POST', '/mutate/', 404],
      ['POST', '/v1/bootstrap', 404],
      ['PROPFIND', '/mutate', 404],
      ['GET', '/%', 400],
    ];
    for (const [method, path, status, allow] of rows) {
      it(`${method} ${path} is ${status}`, async () => {
        const answer = await ask(webhook.address, { method, path });
        assert.equal(answer.status, status);
        assert.equal(answer.headers.allow, allow);
        if (method !== 'HEAD') assert.equal((JSON.parse(answer.text) as { status: number }).status, status);
      });
    }
  });

  describe('POST /v1/bootstrap', () => {
    const authorization = 'Bearer abc';
    const rows: [name: string, body: string | Uint8Array, headers: Record<string, string>, status: number][] = [
      ['nothing', '', { ...json, authorization }, 400],
      ['another type', '{}', { authorization }, 415],
      ['no token', '{"csr":""}', json, 401],
      ['no request', '{}', { ...json, authorization }, 422],
      ['invalid UTF-8', Buffer.from([0x22, 0xff, 0x22]), { ...json, authorization }, 422],
      ['a list in lists', '['.repeat(30_000), { ...json, authorization }, 422],
      ['65 KiB', Buffer.alloc(65 * 1024 + 1, ' '), { ...json, authorization }, 413],
    ];
    for (const [name, body, headers, status] of rows) {
      it(`answers ${name} with ${status}`, async () => {
        const bootstrapAddress = webhook.bootstrapAddress ?? '';
        const answer = await ask(bootstrapAddress, { method: 'POST', path: '/v1/bootstrap', headers, body });
        assert.equal(answer.status, status);
        assert.match(String(codeOf(answer)), /^ERR_/);
      });
    }

    it('has nothing else', async () => {
      for (const path of ['/mutate', '/metrics', '/healthz']) {
        assert.equal((await ask(webhook.bootstrapAddress ?? '', { path })).status, 404);
      }
    });
  });

  describe('connections', () => {
    const { hostname: host, port } = {
      hostname: '127.0.0.1',
      port: () => Number(new URL(`https://${webhook.address}`).port),
    };
    const sockets: Socket[] = [];
    after(() => {
      for (const socket of sockets) socket.destroy();
    });
    const keep = <T extends Socket>(socket: T): T => {
      sockets.push(socket);
      socket.on('error', () => {}); // a closed connection is one of the answers
      return socket;
    };
    const tls = (): Promise<TLSSocket> =>
      new Promise((resolve) => {
        const socket = keep(connectTls({ host, port: port(), rejectUnauthorized: false }, () => resolve(socket)));
      });

    it('serves beside 200 connections that say nothing, and beside drips', async () => {
      for (let number = 0; number < 200; number++) keep(connectTcp(port(), host));
      for (let number = 0; number < 5; number++) {
        const socket = await tls();
        socket.write(
          'POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 4096\r\n\r\n{',
        );
      }
      await isServing();
    });

    it('answers what is no HTTP with 400 and closes', async () => {
      const socket = await tls();
      let text = '';
      socket.on('data', (chunk: Buffer) => {
        text += chunk;
      });
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.write('\u0000\u0001 nonsense\r\n\r\n');
      await closed;
      assert.match(text, /^HTTP\/1\.1 400 /);
      await isServing();
    });

    it('survives a client that leaves in the middle of a body', async () => {
      const socket = await tls();
      socket.write(
        'POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 4096\r\n\r\n{',
      );
      socket.destroy();
      await isServing();
    });

    it('gives its memory back', async () => {
      const body = Buffer.alloc(8 * mebibyte, ' ');
      const flood = async (): Promise<void> => {
        await Promise.all(
          Array.from({ length: 8 }, () =>
            ask(webhook.address, { method: 'POST', path: '/mutate', headers: json, body }),
          ),
        );
      };
      const held = (): number => {
        collectGarbage();
        const { arrayBuffers, heapUsed } = process.memoryUsage();
        return arrayBuffers + heapUsed;
      };
      await flood();
      const before = held();
      for (let round = 0; round < 5; round++) await flood(); // 320 MiB in all
      await until(
        'memory given back',
        async () => held() - before,
        (more) => more < 16 * mebibyte,
      );
      await isServing();
    });
  });

  it('logged no body and no token of all this', () => {
    const text = JSON.stringify(webhook.log);
    assert.ok(!text.includes('Bearer abc') && !text.includes('"volumeMounts"'));
  });
});
