/**
 * Our CA beside the real step-ca, on the same files at the same time: the same question, made afresh for each, must get
 * the same answer. The table grows where the recorded exchanges leave off.
 */
import assert from 'node:assert/strict';
import { request } from 'node:https';
import { after, before, describe, it } from 'node:test';
import { encodePrivateKeyPem } from '../../lib/crypto/index.ts';
import { parseCertificateChainPem } from '../../lib/x509/index.ts';
import { type CaFiles, type CaProcess, initCa, startCaProcess } from '../peers/certificate-authority.ts';
import { freePort } from '../peers/ports.ts';
import { forgedTokens } from './ca-beside/forged-tokens.ts';
import { oddRequests } from './ca-beside/odd-requests.ts';
import { type Question, questions } from './ca-beside/questions.ts';
import { createWorkbench, type Workbench } from './ca-beside/workbench.ts';

type Answer = { status: number; type: string; allow: string; text: string };

/** Where ours differs on purpose: what it answers instead, and why. */
const differences: Readonly<Record<string, { readonly reason: string; readonly status: number }>> = {
  'renew token: audience of sign': { reason: 'the client’s fault is not an error of the server', status: 401 },
  'renew token: no audience': { reason: 'the client’s fault is not an error of the server', status: 401 },
  'renew token: signed by another key': { reason: 'the client’s fault is not an error of the server', status: 401 },
  'renew token: no certificates': { reason: 'step-ca panics and drops the connection', status: 401 },
  'forged token: empty crit': { reason: 'RFC 7515 4.1.11 forbids an empty list', status: 401 },
  'forged token: crit null': { reason: 'RFC 7515 4.1.11 wants a list', status: 401 },
  'forged token: a start of 1e30': { reason: 'step-ca’s clock overflows: the token is not valid yet', status: 401 },
  'forged token: JSON serialization': { reason: 'a JWT is compact (RFC 7519 3)', status: 401 },
  'request: the attributes left out': { reason: 'some writers leave the empty set out', status: 201 },
  'request: names with bytes after them': { reason: 'it is no DER', status: 400 },
  'request: a kind of name that is not there': { reason: 'RFC 5280 4.2.1.6 has nine kinds', status: 400 },
  'request: an empty RDN': { reason: 'RFC 5280 4.1.2.4 wants one name at least', status: 400 },
  'request: a common name that is a number': { reason: 'it is another name than the token’s', status: 403 },
  'token: a name that is not ASCII': { reason: 'a name that cannot be written is the client’s fault', status: 400 },
};

describe('our CA beside the real step-ca', () => {
  let files: CaFiles;
  let theirs: CaProcess;
  let ours: CaProcess;
  let bench: Workbench;
  before(async () => {
    files = await initCa('step-ca');
    await files.makeOlder(24 * 60 * 60 * 1000);
    theirs = await startCaProcess('step-ca', files);
    const port = await freePort();
    await files.configure((config) => {
      config.address = `127.0.0.1:${port}`;
    });
    ours = await startCaProcess('autocert-ca', files);
    bench = await createWorkbench(files);
  });
  after(async () => {
    await theirs?.kill();
    await ours?.stop();
    await files?.remove();
  });

  async function ask({ port }: CaProcess, question: Question): Promise<Answer> {
    const { method, path = '/sign', body } = question;
    const bytes = await body?.(bench);
    const leaf = question.client?.(bench);
    const headers = {
      ...(question.bearer ? { Authorization: `Bearer ${question.bearer(bench)}` } : {}),
      ...question.headers,
    };
    return new Promise((resolve) => {
      const outgoing = request(
        {
          host: '127.0.0.1',
          port,
          path,
          method: method ?? 'POST',
          rejectUnauthorized: false,
          agent: false,
          ...(leaf ? { cert: leaf.chainPem, key: encodePrivateKeyPem(leaf.key) } : {}),
          headers: { ...(bytes === undefined ? {} : { 'Content-Length': Buffer.byteLength(bytes) }), ...headers },
        },
        async (response) => {
          let text = '';
          for await (const chunk of response) text += chunk;
          const { 'content-type': type = '', allow = '' } = response.headers;
          resolve({ status: response.statusCode ?? 0, type, allow, text });
        },
      );
      outgoing.on('error', () => resolve({ status: 0, type: '', allow: '', text: 'connection dropped' }));
      outgoing.end(bytes);
    });
  }

  for (const question of [...questions, ...forgedTokens, ...oddRequests]) {
    it(question.name, async () => {
      const [expected, got] = [await ask(theirs, question), await ask(ours, question)];
      const difference = differences[question.name];
      if (!difference) {
        assert.deepEqual(comparable(got), comparable(expected));
        return;
      }
      assert.equal(got.status, difference.status, difference.reason);
      assert.notEqual(expected.status, difference.status, 'the difference is gone: take it off the list');
    });
  }
});

/** Issued leaves by what decides them; messages to the letter but for the seconds of a time. */
function comparable({ status, type, allow, text }: Answer): Record<string, unknown> {
  const message = text
    .replace(/\d\d:\d\d:\d\d \+0000 UTC/g, 'TIME')
    .replace(/(?<=duration of \d{4,}h)\d+m\d+s/, 'REST') // until a day in years: a second may pass between the two
    .replace(/certificate serial number \\"\d+/, '');
  if (status !== 201 || !text.includes('"certChain"')) return { status, type, allow, message };
  const [leaf] = parseCertificateChainPem((JSON.parse(text) as { crt: string }).crt);
  assert.ok(leaf);
  return {
    status,
    type,
    subject: leaf.subject.text,
    sans: leaf.sans,
    life: (leaf.notAfter - leaf.notBefore) / 1000,
    startMinute: Math.round((leaf.notBefore - Date.now()) / 60_000),
    extensions: leaf.extensions.map(({ der }) => der.toString('hex')),
  };
}
