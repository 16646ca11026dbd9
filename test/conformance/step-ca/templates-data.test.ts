/**
 * What the operator and the client put beside the data of a template, how long what it describes lives, and what is
 * answered when a template cannot be executed.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { leafOf, sign } from '../../integration/ca-fixture.ts';
import { ask, type JsonAnswer } from '../../integration/ca-requests.ts';
import type { CaJson } from '../../peers/certificate-authority.ts';
import { type OneCa, onOneCa } from './one-ca.ts';

type X509 = { readonly template: string; readonly templateData?: unknown };

const show = (expression: string, templateData?: unknown): X509 => ({
  template: `{"subject": {"commonName": {{ print (${expression}) | toJson }} } }`,
  ...(templateData === undefined ? {} : { templateData }),
});

/** Whole seconds, as certificates and RFC 3339 have them. */
const end = Math.floor(Date.now() / 1000) * 1000 + 2 * 3_600_000;
const time = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');

const options: Readonly<Record<string, X509>> = {
  member: show('.organization', { organization: 'Example' }),
  nested: show('toJson .a.b', { a: { b: [1, 'two', null, { c: '<' }] } }),
  subject: { template: '{"subject": {{ toJson .Subject }}}', templateData: { Subject: { commonName: 'fixed' } } },
  token: show('toJson .Token', { Token: { sub: 'fixed' } }),
  insecure: show('toJson .Insecure.x', { Insecure: { x: 1 } }),
  webhooks: show('toJson .Webhooks', { Webhooks: { people: 1 } }),
  small: show('toJson .subject', { subject: 'in small letters' }),
  user: show('.Insecure.User'),
  json: show('toJson .Insecure.User'),
  deep: show('len (toJson .Insecure.User)'),
  end: { template: `{"subject": "web", "notAfter": "${time(end)}"}` },
  start: { template: `{"subject": "web", "notBefore": "${time(end - 3_600_000)}", "notAfter": "${time(end)}"}` },
  long: { template: `{"subject": "web", "notAfter": "${time(end + 100 * 3_600_000)}"}` },
  dates: {
    template: '{"subject": "web", "notAfter": {{ .Token.exp | toTime | dateModify "2h" | formatTime | toJson }}}',
  },
  greedy: { template: '{{ range .Insecure.User.l }}{{ range $.Insecure.User.l }}{{ end }}{{ end }}{"subject": "web"}' },
  endless: { template: '{{ range 3000 }}{{ range 1000 }}{{ end }}{{ end }}{"subject": "web"}' },
};

const withOptions = (config: CaJson): void => {
  const [first] = config.authority.provisioners;
  assert.ok(first);
  for (const [name, x509] of Object.entries(options)) {
    config.authority.provisioners.push({ ...first, name, options: { x509 } });
  }
};

const signBy = ({ port, bench }: OneCa, iss: string, members = {}, claims = {}): Promise<JsonAnswer> =>
  sign(port, bench, { ott: bench.token({ iss, ...claims }), ...members });

const noDetail = {
  400: 'The request could not be completed: template data is too large or nested too deeply.',
  500: 'The certificate authority encountered an Internal Server Error. Please see the certificate authority logs for more info.',
};

onOneCa(
  'data of templates',
  (ca) => {
    const nameFrom = async (iss: string, members = {}): Promise<string> => {
      const answer = await signBy(ca, iss, members);
      return answer.status === 201 ? leafOf(answer).commonName : String(answer.body.message);
    };

    it('has the members of the provisioner at the top, which may take the place of others', async () => {
      const wanted = {
        member: 'Example',
        nested: '[1,"two",null,{"c":"\\u003c"}]',
        subject: 'fixed',
        token: '{"sub":"fixed"}',
        insecure: 'null',
        webhooks: '{"people":1}',
        small: '"in small letters"',
      };
      const got: Record<string, string> = {};
      for (const name of Object.keys(wanted)) got[name] = await nameFrom(name);
      assert.deepEqual(got, wanted);
    });

    const users: readonly (readonly [given: unknown, printed: string, json: string])[] = [
      [undefined, '<nil>', 'null'],
      [null, 'map[]', 'null'],
      [[1], 'map[]', '{}'],
      ['x', 'map[]', '{}'],
      [7, 'map[]', '{}'],
      [{}, 'map[]', '{}'],
      [{ b: 1, a: [true, null], __proto__: 2 }, 'map[a:[true <nil>] b:1]', '{"a":[true,null],"b":1}'],
      [{ 'a b': 1e21, é: 0.1 }, 'map[a b:1e+21 é:0.1]', '{"a b":1e+21,"é":0.1}'],
    ];
    for (const [templateData, printed, json] of users) {
      it(`shows what a client says, if it is an object: ${JSON.stringify(templateData)}`, async () => {
        const got = [await nameFrom('user', { templateData }), await nameFrom('json', { templateData })];
        assert.deepEqual(got, [printed, json]);
      });
    }

    it('goes by the times of the template unless the request has some', async () => {
      assert.equal(leafOf(await signBy(ca, 'end')).notAfter, end);
      const { notBefore, notAfter } = leafOf(await signBy(ca, 'start'));
      assert.deepEqual([notBefore, notAfter], [end - 3_600_000, end]);
      assert.equal(leafOf(await signBy(ca, 'end', { notAfter: time(end + 60_000) })).notAfter, end + 60_000);
      const exp = Math.floor(Date.now() / 1000) + 300;
      assert.equal(leafOf(await signBy(ca, 'dates', {}, { exp })).notAfter, (exp + 7200) * 1000);
    });

    it('does not let a template go beyond the claims', async () => {
      const { status, body } = await signBy(ca, 'long');
      assert.equal(status, 403);
      assert.match(String(body.message), /more than the authorized maximum certificate duration/);
    });

    it('ends a template that takes too long, and says nothing of it; step-ca goes on', async () => {
      const answer = await signBy(ca, 'endless');
      assert.deepEqual(
        [answer.status, answer.body.message],
        ca.differs<unknown>([201, undefined], [500, noDetail[500]]),
      );
      const templateData = { l: Array.from({ length: 2000 }, () => 1) };
      const greedy = await signBy(ca, 'greedy', { templateData });
      assert.deepEqual(
        [greedy.status, greedy.body.message],
        ca.differs<unknown>([201, undefined], [400, noDetail[400]]),
      );
    });

    it('lets data be deep to a point; step-ca to 10,000 levels', async () => {
      const answer = (iss: string, depth: number): Promise<JsonAnswer> => {
        // as text: JSON.stringify does not go that deep
        const members = { csr: ca.bench.csr(), ott: ca.bench.token({ iss }), templateData: {} };
        const data = `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
        return ask(ca.port, '/sign', { body: JSON.stringify(members).replace('{}', data) });
      };
      assert.equal((await answer('deep', 100)).status, 201);
      assert.equal((await answer('deep', 5000)).status, ca.differs(201, 400));
      assert.equal((await answer('member', 900)).status, 201);
    });
  },
  withOptions,
);
