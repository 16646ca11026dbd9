/**
 * Every template of docs/guides/templates.md, issued by the real step-ca and by ours from the same token and request: the
 * certificates say the same, byte by byte, but for what is drawn and told by the clock.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { leafOf, sign, useCa } from '../../integration/ca-fixture.ts';
import type { JsonAnswer } from '../../integration/ca-requests.ts';
import type { CaJson, CaProcess } from '../../peers/certificate-authority.ts';
import { richNames, richRequest } from './rich-request.ts';

const guide = readFileSync(join(import.meta.dirname, '../../../docs/guides/templates.md'), 'utf8');

/** By the heading above it. */
const templates = new Map(
  guide.split(/^### /m).flatMap((part): [string, string][] => {
    const [, heading = '', template] = /^(.+)\n[\s\S]*?```gotemplate\n([\s\S]*?)```/.exec(part) ?? [];
    return template === undefined ? [] : [[heading, template]];
  }),
);

type Case = {
  readonly claims?: Record<string, unknown>;
  readonly members?: Record<string, unknown>;
  /** P-256 when absent. */
  readonly key?: 'RSA-2048' | 'EC-P384';
  readonly csr?: 'rich';
  /** What the client reads, or a part of the subject of what is issued. */
  readonly refused?: string;
  readonly subject?: string;
};

const sans = richNames;

const cases: Readonly<Record<string, readonly Case[]>> = {
  'A subject of your own': [
    { claims: { team: 'blue & "', sans }, subject: 'CN=web.test,OU=blue & \\",O=Example,C=CH' },
    { subject: 'CN=web.test,O=Example,C=CH' },
  ],
  'Only for clients': [{ claims: { sans } }, { key: 'RSA-2048' }],
  'Keys of one kind': [
    { key: 'EC-P384', subject: 'CN=web.test' },
    { key: 'RSA-2048', refused: 'keys have to be of an elliptic curve' },
  ],
  'Names of one domain': [
    { claims: { sub: 'web', sans: ['web.internal.example.com'] }, subject: 'CN=web' },
    { claims: { sans: ['web.internal.example.com', 'web.test'] }, refused: 'web.test is not in internal.example.com' },
    { claims: { sans: ['10.0.0.1'] }, refused: '10.0.0.1 is not in internal.example.com' },
  ],
  'What the client may choose': [
    { subject: 'CN=web.test,OU=web' },
    { members: { templateData: { role: 'queue' } }, subject: 'CN=web.test,OU=queue' },
    { members: { templateData: { role: 'root' } }, refused: 'role has to be web, db or queue' },
    { members: { templateData: 'db' }, subject: 'CN=web.test,OU=web' },
  ],
  'By a claim of the token': [{}, { claims: { iss: 'ops' } }],
  'Where to ask about it': [{}],
  'Names of other kinds': [{ claims: { sans } }],
  'An extension of your own': [{ claims: { sub: 'wéb.test', sans: ['web.test'] } }],
  'An intermediate authority': [{ claims: { sub: 'Sub CA', sans: [''] } }],
  'As the client asks': [{}, { csr: 'rich', claims: { sans } }, { key: 'RSA-2048' }],
};

/** What a certificate says, but for what is drawn or told by the clock. */
function describeAnswer(answer: JsonAnswer): Record<string, unknown> {
  if (answer.status !== 201) return { status: answer.status, message: answer.body.message };
  const { subjectDer, extensions, notAfter, notBefore } = leafOf(answer);
  return {
    subject: subjectDer.toString('hex'),
    extensions: extensions.map(({ oid, der }) => `${oid} ${der.toString('hex')}`),
    life: notAfter - notBefore,
  };
}

describe('the templates of the guide', () => {
  const [real, ours] = [useCa('step-ca'), useCa()];

  it('are all tried', () => assert.deepEqual([...templates.keys()], Object.keys(cases)));

  it('make the same certificates as with the real step-ca, and the same refusals', async () => {
    const change = (config: CaJson): void => {
      const [admin] = config.authority.provisioners;
      assert.ok(admin);
      const options = (template: string) => ({
        x509: { template: Buffer.from(template).toString('base64'), templateData: { organization: 'Example' } },
      });
      config.authority.provisioners = [...templates].map(([name, template]) => ({
        ...admin,
        name,
        options: options(template),
      }));
      const [, template = ''] = [...templates].find(([name]) => name === 'By a claim of the token') ?? [];
      config.authority.provisioners.push({ ...admin, name: 'ops', options: options(template) });
    };
    const process = await ours.start(change);
    const csrs = { rich: await richRequest(ours.files, await ours.bench.keyOf('EC-P256')) };
    const results = async ({ port }: CaProcess): Promise<[string, Record<string, unknown>][]> => {
      const found: [string, Record<string, unknown>][] = [];
      for (const [name, tries] of Object.entries(cases)) {
        for (const [index, { claims, members, key, csr }] of tries.entries()) {
          const request = csr
            ? csrs[csr]
            : ours.bench.csr({ commonName: '', sans: [], ...(key ? { key: await ours.bench.keyOf(key) } : {}) });
          const answer = await sign(port, ours.bench, {
            csr: request,
            ott: ours.bench.token({ iss: name, ...claims }),
            ...members,
          });
          found.push([
            `${name} ${index}`,
            { ...describeAnswer(answer), ...(answer.status === 201 ? { text: leafOf(answer).subject.text } : {}) },
          ]);
        }
      }
      return found;
    };
    const got = await results(process);
    await process.kill();
    const peer = await real.restart(ours.files);
    assert.deepEqual(got, await results(peer));
    for (const [name, tries] of Object.entries(cases)) {
      for (const [index, { subject, refused }] of tries.entries()) {
        const result = new Map(got).get(`${name} ${index}`);
        const message = refused && `The request could not be completed: ${refused}.`;
        assert.equal(result?.message, message, name);
        if (subject !== undefined) assert.equal(result?.text, subject, name);
      }
    }
  });
});
