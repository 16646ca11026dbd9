/** Name policies: the same names against the same policies, and what the client reads. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { renewOverTls, sign } from '../../integration/ca-fixture.ts';
import { ask } from '../../integration/ca-requests.ts';
import type { CaJson } from '../../peers/certificate-authority.ts';
import { onEachPeer } from './peers.ts';

type Names = { readonly sub: string; readonly sans?: readonly string[] };
/** `unparsable`: what the message says of a name that nothing can be compared with. */
type Verdict = 'issued' | { readonly refused: string } | { readonly unparsable: string };
type Case = readonly [names: Names | string, verdict: Verdict];

const refused = (name: string, type: string): Verdict => ({ refused: `${type} name "${name}" not allowed` });
const unparsable = (text: string): Verdict => ({ unparsable: text });

const policies: readonly {
  readonly name: string;
  readonly x509: Record<string, unknown>;
  readonly cases: readonly Case[];
}[] = [
  {
    name: 'allowed DNS names',
    x509: { allow: { dns: ['*.local', 'Exact.Test', 'münchen.de', ' db.test '] } },
    cases: [
      ['web.local', 'issued'],
      ['WEB.LOCAL', 'issued'],
      ['exact.test', 'issued'],
      ['db.test', 'issued'],
      ['xn--mnchen-3ya.de', 'issued'],
      ['a.web.local', refused('a.web.local', 'dns')],
      ['local', refused('local', 'dns')],
      ['sub.exact.test', refused('sub.exact.test', 'dns')],
      ['*.local', refused('*.local', 'dns')],
      [{ sub: 'web.local', sans: ['web.local', 'evil.test'] }, refused('evil.test', 'dns')],
      [{ sub: 'evil.test', sans: ['web.local'] }, refused('evil.test', 'cn')],
      [{ sub: 'web.local', sans: ['10.0.0.1'] }, refused('10.0.0.1', 'ip')],
      [{ sub: 'web.local', sans: ['a@web.local'] }, refused('a@web.local', 'email')],
      [{ sub: 'web.local', sans: ['https://web.local/x'] }, refused('https://web.local/x', 'uri')],
      [{ sub: '10.0.0.1', sans: ['web.local'] }, refused('10.0.0.1', 'cn')],
      [{ sub: 'Jane Doe', sans: ['web.local'] }, unparsable('cannot parse cn domain "Jane Doe"')],
      [{ sub: 'web.local', sans: ['under_score.local'] }, unparsable('cannot parse dns domain "under_score.local"')],
      ['-web.local', unparsable('cannot parse dns domain "-web.local"')],
      ['ab--cd.local', unparsable('cannot parse dns domain "ab--cd.local"')],
      ['web.*.local', unparsable('cannot parse dns domain "web.*.local"')],
      ['web.local.', unparsable('cannot parse dns domain "web.local."')],
    ],
  },
  {
    name: 'denied DNS names alone',
    x509: { deny: { dns: ['*.denied.test', 'gone.test'] } },
    cases: [
      ['web.local', 'issued'],
      ['gone.test', refused('gone.test', 'dns')],
      ['a.denied.test', refused('a.denied.test', 'dns')],
      ['b.a.denied.test', 'issued'],
      ['*.denied.test', 'issued'],
      [{ sub: 'gone.test', sans: ['web.local'] }, refused('gone.test', 'cn')],
      [{ sub: 'web.local', sans: ['10.0.0.1', 'a@b.test', 'https://gone.test/'] }, 'issued'],
      ['under_score.local', unparsable('cannot parse dns domain "under_score.local"')],
      ['a@b@c', 'issued'],
      ['.a@b', unparsable('cannot parse email rfc822Name ".a@b"')],
    ],
  },
  {
    name: 'literal wildcards',
    x509: { allow: { dns: ['*.local'] }, deny: { dns: ['not.local'] }, allowWildcardNames: true },
    cases: [
      ['*.local', 'issued'],
      ['*.web.local', refused('*.web.local', 'dns')],
      ['not.local', refused('not.local', 'dns')],
      ['web.local', 'issued'],
    ],
  },
  {
    name: 'common names',
    x509: { allow: { cn: ['Jane Doe'], dns: ['*.local'] }, deny: { cn: ['admin'] } },
    cases: [
      [{ sub: 'jane doe', sans: ['web.local'] }, 'issued'],
      [{ sub: 'web.local' }, 'issued'],
      [{ sub: 'admin', sans: ['web.local'] }, refused('admin', 'cn')],
      [{ sub: 'John Doe', sans: ['web.local'] }, unparsable('cannot parse cn domain "John Doe"')],
    ],
  },
  {
    name: 'a denied common name that is allowed as a DNS name',
    x509: { allow: { dns: ['*.local'] }, deny: { cn: ['web.local'] } },
    cases: [
      ['web.local', 'issued'],
      ['api.local', 'issued'],
    ],
  },
  {
    name: 'addresses',
    x509: {
      allow: { ip: ['10.1.0.0/16', '192.168.0.7', 'fd00::/8', '::ffff:172.16.0.0/108'] },
      deny: { ip: ['10.1.2.3'] },
    },
    cases: [
      ['10.1.255.255', 'issued'],
      ['10.2.0.0', refused('10.2.0.0', 'ip')],
      ['10.1.2.3', refused('10.1.2.3', 'ip')],
      ['192.168.0.7', 'issued'],
      ['192.168.0.8', refused('192.168.0.8', 'ip')],
      ['fd12::1', 'issued'],
      ['fe80::1', refused('fe80::1', 'ip')],
      ['172.31.0.1', 'issued'],
      ['172.32.0.1', refused('172.32.0.1', 'ip')],
      ['web.local', refused('web.local', 'dns')],
    ],
  },
  {
    name: 'email addresses',
    x509: { allow: { email: ['@example.test', 'Jane@other.test'] }, deny: { email: ['root@example.test'] } },
    cases: [
      ['max@example.test', 'issued'],
      ['max@EXAMPLE.test', 'issued'],
      ['root@example.test', refused('root@example.test', 'email')],
      ['ROOT@example.test', 'issued'],
      ['jane@other.test', 'issued'],
      ['Jane@other.test', refused('Jane@other.test', 'email')],
      ['a@sub.example.test', refused('a@sub.example.test', 'email')],
      ['"a b"@example.test', 'issued'],
      ['a..b@example.test', unparsable('cannot parse email rfc822Name "a..b@example.test"')],
    ],
  },
  {
    name: 'URIs',
    x509: { allow: { uri: ['*.example.test', 'example.test'] }, deny: { uri: ['bad.example.test'] } },
    cases: [
      ['https://example.test/path', 'issued'],
      ['spiffe://a.example.test/ns', 'issued'],
      ['https://a.example.test:8443/', 'issued'],
      ['https://user@a.example.test/', 'issued'],
      ['https://bad.example.test/', refused('https://bad.example.test/', 'uri')],
      ['https://a.b.example.test/', refused('https://a.b.example.test/', 'uri')],
      ['https://other.test/', refused('https://other.test/', 'uri')],
      ['urn:uuid:1', unparsable('error matching uri name "urn:uuid:1" to constraint')],
      ['https://10.0.0.1/', unparsable('error matching uri name "https://10.0.0.1/" to constraint')],
      ['https://[::1]/', unparsable('error matching uri name "https://[::1]/" to constraint')],
      ['https://*.example.test/', unparsable('error matching uri name "https://*.example.test/" to constraint')],
    ],
  },
];

onEachPeer('name policy', (ca) => {
  const withPolicy = (x509: Record<string, unknown>) => (config: CaJson) => {
    config.authority.policy = { x509 };
  };

  const verdictOf = async (port: number, { sub, sans }: Names) => {
    const { status, body } = await sign(port, ca.bench, {
      csr: ca.bench.csr({ commonName: '', sans: [] }),
      ott: ca.bench.token({ sub, sans }),
    });
    return status === 201 ? 'issued' : { status, message: body.message };
  };

  const wanted = (verdict: Verdict) => {
    if (verdict === 'issued') return verdict;
    const forbidden = (text: string) => ({
      status: 403,
      message: `The request was forbidden by the certificate authority: ${text}`,
    });
    if ('refused' in verdict) return forbidden(verdict.refused);
    // step-ca takes a name that it cannot read for an error of its own
    return ca.differs<object>({ status: 500, message: 'error creating certificate' }, forbidden(verdict.unparsable));
  };

  for (const { name, x509, cases } of policies) {
    it(`${name}: issues what is allowed and says what is not`, async () => {
      const { port } = await ca.start(withPolicy(x509));
      for (const [given, verdict] of cases) {
        const names = typeof given === 'string' ? { sub: given, sans: [given] } : given;
        assert.deepEqual(await verdictOf(port, names), wanted(verdict), JSON.stringify(names));
      }
    });
  }

  it('forbids nothing without names', async () => {
    const { port } = await ca.start(withPolicy({ allow: { dns: [] }, deny: {}, allowWildcardNames: false }));
    assert.equal(await verdictOf(port, { sub: '*.any.test' }), 'issued');
  });

  const broken: readonly [string, Record<string, unknown>][] = [
    ['dns', { allow: { dns: ['a*.test'] } }],
    ['dns', { deny: { dns: ['.test'] } }],
    ['dns', { deny: { dns: ['*x.test'] } }],
    ['dns', { allow: { dns: ['*'] } }],
    ['dns', { allow: { dns: [''] } }],
    ['dns', { allow: { dns: ['a_b.test'] } }],
    ['cn', { allow: { cn: ['*'] } }],
    ['ip', { allow: { ip: ['10.0.0.0/33'] } }],
    ['ip', { allow: { ip: ['host'] } }],
    ['email', { allow: { email: ['*@a.test'] } }],
    ['email', { allow: { email: ['.a.test'] } }],
    ['uri', { allow: { uri: ['https://a.test'] } }],
    ['uri', { allow: { uri: ['a.test:443'] } }],
    ['uri', { allow: { uri: ['10.0.0.1'] } }],
  ];
  it('is refused at the start when a text in it cannot be compared with', async () => {
    for (const [kind, x509] of broken) {
      await assert.rejects(ca.start(withPolicy(x509)), /CA ended with [12]/, `${kind}: ${JSON.stringify(x509)}`);
    }
  });

  it('is not asked for renewals', async () => {
    const { port } = await ca.start(withPolicy({ allow: { dns: ['other.test'] } }));
    assert.equal((await renewOverTls(port, ca.bench.leaf())).status, 201);
  });

  it('of a provisioner counts too, which step-ca has in its database only', async () => {
    const { port } = await ca.start((config) => {
      withPolicy({ deny: { dns: ['gone.test'] } })(config);
      for (const provisioner of config.authority.provisioners) {
        provisioner.policy = { x509: { allow: { dns: ['web.test', 'gone.test'] } } };
      }
    });
    const forbidden = (text: string) => wanted({ refused: text });
    assert.equal(await verdictOf(port, { sub: 'web.test' }), 'issued');
    assert.deepEqual(await verdictOf(port, { sub: 'gone.test' }), forbidden('dns name "gone.test" not allowed'));
    const other = ca.differs<unknown>('issued', forbidden('dns name "other.test" not allowed'));
    assert.deepEqual(await verdictOf(port, { sub: 'other.test' }), other);
  });

  it('of a provisioner that cannot be read disables it', async () => {
    const { port } = await ca.start((config) => {
      for (const provisioner of config.authority.provisioners) {
        provisioner.policy = { x509: { allow: { dns: ['a*'] } } };
      }
    });
    const { status, body } = await ask(port, '/provisioners');
    assert.equal(status, 200);
    const [shown] = body.provisioners as { state?: string; policy?: unknown }[];
    assert.deepEqual([shown?.state, shown?.policy], [ca.differs(undefined, 'Uninitialized'), undefined]);
  });
});
