/** Item 34: webhooks. A real server is asked by the real step-ca and by ours; what it is sent is the same. */
import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { after, before, it } from 'node:test';
import { leafOf, renewOverTls, sign } from '../../integration/ca-fixture.ts';
import type { CaJson } from '../../peers/certificate-authority.ts';
import { onEachPeer } from './peers.ts';
import { type Question, startWebhookServer, type WebhookServer } from './webhook-server.ts';

const refusal = (text: string) => ({
  status: 403,
  message: `The request was forbidden by the certificate authority: ${text}.`,
});
const unsaid = refusal('error creating certificate');

/** Values that differ from one request to the next, by what they have to look like. */
function settle(question: Question, csrPem: string): unknown {
  const csr = csrPem.replace(/-----[^-]+-----|\s/g, '');
  const texts: [string | RegExp, string][] = [
    [csr, 'CSR'],
    [/"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"/g, '"TIME"'],
    [/"publicKey":"[\w+/=]+"/g, '"publicKey":"KEY"'],
  ];
  const text = texts.reduce((all, [from, to]) => all.replaceAll(from, to), question.text);
  return JSON.parse(text);
}

onEachPeer('item 34, webhooks', (ca) => {
  let server: WebhookServer;
  before(async () => {
    server = await startWebhookServer(ca.files);
  });
  after(() => server?.close());

  const withWebhooks =
    (...webhooks: Record<string, unknown>[]) =>
    (config: CaJson) => {
      server.questions.length = 0;
      server.answer = { body: { allow: true, data: { role: 'tester' } } };
      for (const provisioner of config.authority.provisioners) {
        provisioner.options = {
          webhooks: webhooks.map((webhook, index) => ({
            id: `id-${index}`,
            name: `hook${index}`,
            url: `${server.url}/${index}?q=1`,
            certType: 'X509',
            ...webhook,
          })),
        };
      }
    };
  const enriching = { kind: 'ENRICHING' };
  const authorizing = { kind: 'authorizing' };

  const refused = async (port: number) => {
    const { status, body } = await sign(port, ca.bench);
    return { status, message: body.message };
  };

  it('34: are asked in order, by POST, with the headers of step-ca and the certificate of the CA', async () => {
    const { port } = await ca.start(withWebhooks(enriching, authorizing));
    leafOf(await sign(port, ca.bench));
    assert.deepEqual(
      server.questions.map(({ path, method, client }) => [path, method, client]),
      [
        ['/0?q=1', 'POST', 'Step Online CA'],
        ['/1?q=1', 'POST', 'Step Online CA'],
      ],
    );
    for (const [index, { headers, text }] of server.questions.entries()) {
      const names = ['Content-Length', 'X-Request-Id', 'X-Smallstep-Signature', 'X-Smallstep-Webhook-Id'];
      assert.deepEqual(
        [...headers.keys()].map((name) => name.toLowerCase()).sort(),
        names.map((n) => n.toLowerCase()),
      );
      const get = (wanted: string) => [...headers].find(([name]) => name.toLowerCase() === wanted)?.[1];
      assert.equal(get('x-smallstep-signature'), createHmac('sha256', '').update(text).digest('hex'));
      assert.equal(get('x-smallstep-webhook-id'), `id-${index}`);
      assert.match(get('x-request-id') ?? '', /^[0-9a-f-]{36}$/);
    }
  });

  it('34: are shown the request, and then the certificate, in the JSON of step-ca', async () => {
    const { port } = await ca.start(withWebhooks(enriching, authorizing));
    const rsa = await ca.bench.keyOf('RSA-2048');
    const csr = ca.bench.csr({ key: rsa, commonName: '', sans: ['web.test', '10.0.0.1'] });
    const sans = ['web.test', 'a@b.test', '10.0.0.1', 'https://web.test/<x>'];
    await sign(port, ca.bench, { csr, ott: ca.bench.token({ sub: 'web.test', sans }) });
    const [request, certificate] = server.questions.map((question) => settle(question, csr));
    // as text, since the order of the members is the same too
    assert.equal(
      JSON.stringify(request),
      JSON.stringify({
        timestamp: 'TIME',
        x509CertificateRequest: {
          version: 0,
          subject: {},
          rawSubject: 'MAA=',
          dnsNames: ['web.test'],
          emailAddresses: null,
          ipAddresses: ['10.0.0.1'],
          uris: null,
          sans: null,
          extensions: [{ id: '2.5.29.17', critical: true, value: 'MBCCCHdlYi50ZXN0hwQKAAAB' }],
          keyUsage: null,
          extKeyUsage: [],
          unknownExtKeyUsage: null,
          basicConstraints: null,
          signatureAlgorithm: '',
          publicKey: 'KEY',
          publicKeyAlgorithm: 'RSA',
          raw: 'CSR',
        },
      }),
    );
    assert.equal(
      JSON.stringify(certificate),
      JSON.stringify({
        timestamp: 'TIME',
        x509Certificate: {
          version: 0,
          subject: { commonName: 'web.test' },
          rawSubject: null,
          issuer: {},
          serialNumber: null,
          dnsNames: null,
          emailAddresses: null,
          ipAddresses: null,
          uris: null,
          sans: [
            { type: 'dns', value: 'web.test' },
            { type: 'ip', value: '10.0.0.1' },
            { type: 'email', value: 'a@b.test' },
            { type: 'uri', value: 'https://web.test/%3Cx%3E' },
          ],
          extensions: null,
          keyUsage: ['digitalSignature', 'keyEncipherment'],
          extKeyUsage: ['serverAuth', 'clientAuth'],
          unknownExtKeyUsage: null,
          subjectKeyId: null,
          authorityKeyId: null,
          ocspServer: null,
          issuingCertificateURL: null,
          crlDistributionPoints: null,
          policyIdentifiers: null,
          basicConstraints: null,
          nameConstraints: null,
          signatureAlgorithm: '',
          publicKey: 'KEY',
          publicKeyAlgorithm: 'RSA',
          notBefore: 'TIME',
          notAfter: 'TIME',
          raw: null,
        },
      }),
    );
  });

  it('34: refuse with a reason that the client reads, when they enrich', async () => {
    const { port } = await ca.start(withWebhooks(enriching));
    const cases: [WebhookServer['answer'], object][] = [
      [{ body: { allow: false } }, refusal('webhook server did not allow request')],
      [{ body: {} }, refusal('webhook server did not allow request')],
      [{ body: { allow: false, error: { code: 'E1', message: 'not on a Sunday' } } }, refusal('not on a Sunday (E1)')],
      [{ status: 404, body: { allow: true } }, refusal('Webhook server responded with 404')],
    ];
    for (const [answer, wanted] of cases) {
      server.answer = answer;
      assert.deepEqual(await refused(port), wanted);
    }
  });

  it('34: refuse without a reason, when they authorize', async () => {
    const { port } = await ca.start(withWebhooks(authorizing));
    for (const body of [{ allow: false }, { allow: false, error: { code: 'E1', message: 'no' } }]) {
      server.answer = { body };
      assert.deepEqual(await refused(port), unsaid);
    }
  });

  it('34: are asked once more when the server fails, and no third time', async () => {
    const { port } = await ca.start(withWebhooks(enriching));
    server.answer = { status: 503, body: '' };
    assert.deepEqual(await refused(port), refusal('Webhook server responded with 503'));
    assert.equal(server.questions.length, 2);
    assert.equal(server.questions[0]?.text, server.questions[1]?.text);
    server.questions.length = 0;
    server.answer = () => ({ status: server.questions.length === 1 ? 500 : 200, body: { allow: true } });
    leafOf(await sign(port, ca.bench));
    assert.equal(server.questions.length, 2);
  });

  it('34: cost the token when they refuse, and the second is not asked after the first has refused', async () => {
    const { port } = await ca.start(withWebhooks(enriching, enriching));
    server.answer = { body: { allow: false } };
    const ott = ca.bench.token();
    assert.equal((await sign(port, ca.bench, { ott })).status, 403);
    assert.equal(server.questions.length, 1);
    server.answer = { body: { allow: true } };
    assert.equal((await sign(port, ca.bench, { ott })).status, 401);
    assert.equal(server.questions.length, 1, 'a used token is nobody else’s business');
  });

  it('34: are not asked for renewals, for SSH alone, nor about a request that the token does not allow', async () => {
    const { port } = await ca.start(withWebhooks({ ...enriching, certType: 'SSH' }, { ...authorizing, certType: '' }));
    assert.equal((await renewOverTls(port, ca.bench.leaf())).status, 201);
    assert.equal((await sign(port, ca.bench, { csr: ca.bench.csr({ commonName: 'other.test' }) })).status, 403);
    assert.equal(server.questions.length, 0);
    leafOf(await sign(port, ca.bench));
    assert.deepEqual(
      server.questions.map(({ path }) => path),
      ['/1?q=1'],
    );
  });

  it('34: refuse when what they answer is no JSON', async () => {
    const { port } = await ca.start(withWebhooks(enriching));
    server.answer = { body: 'yes, of course' };
    const { status, message } = await refused(port);
    assert.equal(status, 403);
    const ours =
      'The request was forbidden by the certificate authority: webhook server sent no answer that can be read.';
    // step-ca shows the error of its JSON parser
    assert.equal(ca.differs(true, message === ours), true);
  });

  it('34: are signed with the secret, and get bearer token or password, which step-ca has in its database only', async () => {
    const secret = randomBytes(32);
    const { port } = await ca.start(
      withWebhooks(
        { ...enriching, secret: secret.toString('base64'), bearerToken: 'bearer' },
        { ...authorizing, basicAuth: { username: 'Aladdin', password: 'open sesame' } },
      ),
    );
    leafOf(await sign(port, ca.bench));
    const [first, second] = server.questions;
    assert.ok(first && second);
    const key = ca.differs(Buffer.alloc(0), secret);
    assert.equal(
      first.headers.get('X-Smallstep-Signature'),
      createHmac('sha256', key).update(first.text).digest('hex'),
    );
    assert.deepEqual(
      [first, second].map(({ headers }) => headers.get('Authorization')),
      ca.differs([undefined, undefined], ['Bearer bearer', 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==']),
    );
  });

  it('34: are asked without a certificate if they do not want one; step-ca then trusts servers of the web only', async () => {
    const { port } = await ca.start(withWebhooks({ ...enriching, disableTLSClientAuth: true }));
    const { status } = await sign(port, ca.bench);
    assert.deepEqual(
      [status, server.questions.map(({ client }) => client)],
      ca.differs<unknown>([403, []], [201, [undefined]]),
    );
  });

  const withTemplate = (template: string, change: (config: CaJson) => void) => (config: CaJson) => {
    change(config);
    for (const provisioner of config.authority.provisioners) {
      provisioner.options = { ...(provisioner.options as object), x509: { template, templateData: { unit: 'ops' } } };
    }
  };

  it('34: give their data to templates, by their names, the second after it has seen that of the first', async () => {
    const url = `${server.url}/{{ .Token.sub }}/{{ .unit }}/{{ len .SANs }}/{{ with .Webhooks }}{{ .hook0.role }}{{ end }}`;
    const template = '{"subject": {{ printf "%s %v" .Webhooks.hook0.role .Webhooks.hook1 | toJson }}}';
    const { port } = await ca.start(withTemplate(template, withWebhooks({ ...enriching, url }, { ...enriching, url })));
    server.answer = ({ path }) => ({ body: { allow: true, data: path.endsWith('/') ? { role: 'a b' } : ['<', 1] } });
    assert.equal(leafOf(await sign(port, ca.bench)).commonName, 'a b [< 1]');
    assert.deepEqual(
      server.questions.map(({ path }) => path),
      ['/web.test/ops/1/', '/web.test/ops/1/a%20b'],
    );
  });

  it('34: are asked at a URL that sees the templateData of the request, and when they authorize the request itself', async () => {
    const url = (what: string): string => `${server.url}/{{ toJson ${what} | b64enc }}`;
    const user = { ...enriching, url: url('.Insecure.User') };
    const request = { ...authorizing, url: url('.Insecure.CR.DNSNames') };
    const asked = async (change: (config: CaJson) => void): Promise<string[]> => {
      const { port, kill } = await ca.start(change);
      leafOf(await sign(port, ca.bench, { templateData: { role: 'db' } }));
      await kill();
      return server.questions.map(({ path }) => Buffer.from(path.slice(1), 'base64').toString());
    };
    const withOne = withTemplate('{"subject": "web"}', withWebhooks(user, request));
    assert.deepEqual(await asked(withOne), ['{"role":"db"}', '["web.test"]']);
    assert.deepEqual(
      await asked(withWebhooks(user, request)),
      ['null', '["web.test"]'],
      'the template that is built in',
    );
  });

  it('34: refuse when no URL can be made of their template', async () => {
    for (const bad of ['{{', '{{ env "HOME" }}', '{{ fail "x" }}', '{{ asn1Enc "x" }}', '{{ "a\\nb" }}']) {
      const { port, kill } = await ca.start(withWebhooks({ ...enriching, url: `${server.url}/${bad}` }));
      const { status, message } = await refused(port);
      assert.equal(status, 403, bad);
      const ours = 'The request was forbidden by the certificate authority: webhook url cannot be made.';
      assert.equal(ca.differs(true, message === ours), true, String(message)); // step-ca shows what the template said
      assert.equal(server.questions.length, 0);
      await kill();
    }
  });

  it('34: are disabled with their provisioner when a template stands for the host, or the URL has a line end', async () => {
    for (const url of ['https://{{ .Token.sub }}/', 'https://localhost/\n']) {
      const { port, kill } = await ca.start(withWebhooks({ ...enriching, url }));
      assert.equal((await refused(port)).status, 401, url);
      await kill();
    }
  });
});
