import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { groupSans } from '../../../lib/x509/index.ts';
import type { NamePolicyJson } from '../../config/index.ts';
import { parseMailbox } from './mailbox.ts';
import { readNamePolicy } from './name-policy.ts';

const problemOf = (policy: NamePolicyJson, ...names: string[]): string | undefined => {
  const read = readNamePolicy(policy, 'test');
  assert.ok(read);
  return read.findProblem({ commonName: '', sans: groupSans(names) });
};

const label = fc.stringMatching(/^[a-z]([a-z0-9]{0,8}[a-z0-9])?$/);
const domain = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
const octets = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 4, maxLength: 4 });
/** Names of every kind, and texts that are none. */
const anyName = fc.oneof(
  domain,
  domain.map((name) => `*.${name}`),
  fc.tuple(label, domain).map(([local, host]) => `${local}@${host}`),
  domain.map((host) => `https://${host}/path`),
  octets.map((bytes) => bytes.join('.')),
  fc.string({ unit: 'binary' }),
);

describe('readNamePolicy', () => {
  it('reads lists without a name as no policy', () => {
    for (const empty of [undefined, {}, { allow: {} }, { deny: { dns: [] }, allowWildcardNames: true }]) {
      assert.equal(readNamePolicy(empty, 'test'), undefined);
    }
  });

  it('says which text of which list is wrong', () => {
    assert.throws(() => readNamePolicy({ deny: { ip: ['10.0.0.1', '10.0.0.0/40'] } }, 'authority.policy.x509'), {
      code: 'ERR_CA_POLICY',
      message: 'authority.policy.x509.deny.ip: cannot parse constraint "10.0.0.0/40" as IP nor CIDR',
    });
  });

  it('never fails otherwise than with its own error', () => {
    fc.assert(
      fc.property(fc.constantFrom('cn', 'dns', 'ip', 'email', 'uri'), fc.string({ unit: 'binary' }), (kind, text) => {
        try {
          readNamePolicy({ allow: { [kind]: [text] } }, 'test');
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'ERR_CA_POLICY');
        }
      }),
    );
  });
});

describe('NamePolicy', () => {
  it('allows exactly one label for a wildcard', () => {
    fc.assert(
      fc.property(domain, label, label, (base, one, two) => {
        const policy = { allow: { dns: [`*.${base}`] } };
        assert.equal(problemOf(policy, `${one}.${base}`), undefined);
        assert.ok(problemOf(policy, base));
        assert.ok(problemOf(policy, `${two}.${one}.${base}`));
      }),
    );
  });

  it('denies what is denied, whatever else is allowed', () => {
    fc.assert(
      fc.property(domain, fc.boolean(), (name, allowWildcardNames) => {
        const policy = { allow: { dns: [name, 'other.test'] }, deny: { dns: [name] }, allowWildcardNames };
        assert.equal(problemOf(policy, name), `dns name ${JSON.stringify(name)} not allowed`);
      }),
    );
  });

  it('does not care for the case of domains', () => {
    fc.assert(
      fc.property(domain, domain, (allowed, name) => {
        const policy = { allow: { dns: [allowed] } };
        assert.equal(problemOf(policy, name.toUpperCase()) === undefined, problemOf(policy, name) === undefined);
      }),
    );
  });

  it('compares as many bits of an address as the range says', () => {
    fc.assert(
      fc.property(octets, octets, fc.integer({ min: 0, max: 32 }), (base, address, bits) => {
        const number = (bytes: number[]): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
        const same = number(base) >> BigInt(32 - bits) === number(address) >> BigInt(32 - bits);
        const range = `${base.join('.')}/${bits}`;
        assert.equal(problemOf({ allow: { ip: [range] } }, address.join('.')) === undefined, same);
        assert.equal(problemOf({ deny: { ip: [range] } }, address.join('.')) === undefined, !same);
      }),
    );
  });

  it('refuses every kind that is not listed once anything is allowed, and none of them otherwise', () => {
    const names = ['web.test', '10.0.0.1', 'a@web.test', 'https://web.test/'];
    for (const name of names) {
      assert.match(problemOf({ allow: { cn: ['x'] } }, name) ?? '', / not allowed$/);
      assert.equal(problemOf({ deny: { cn: ['x'] } }, name), undefined);
    }
  });

  it('lets an empty common name pass, and judges another by its kind', () => {
    const policy = readNamePolicy({ allow: { dns: ['*.test'] } }, 'test');
    assert.equal(policy?.findProblem({ commonName: '', sans: groupSans([]) }), undefined);
    assert.equal(
      policy?.findProblem({ commonName: '10.0.0.1', sans: groupSans([]) }),
      'cn name "10.0.0.1" not allowed',
    );
  });

  it('answers whatever the name is, and alike for the same name', () => {
    const policy = {
      allow: { dns: ['*.test'], email: ['@mail.test'], uri: ['*.test'], ip: ['10.0.0.0/8'], cn: ['any'] },
      deny: { dns: ['bad.test'] },
      allowWildcardNames: true,
    };
    fc.assert(fc.property(anyName, (name) => assert.equal(problemOf(policy, name), problemOf(policy, name))));
  });
});

describe('parseMailbox', () => {
  const cases: [string, ReturnType<typeof parseMailbox>][] = [
    ['a@b', { local: 'a', domain: 'b' }],
    ['"a b"@c.d', { local: 'a b', domain: 'c.d' }],
    ['"a\\"b"@c', { local: 'a"b', domain: 'c' }],
    ['a\\@b@c', { local: 'a@b', domain: 'c' }],
    ['".a"@b', { local: '.a', domain: 'b' }],
    ['.a@b', undefined],
    ['a.@b', undefined],
    ['a..b@c', undefined],
    ['@b', undefined],
    ['a@b c', undefined],
    ['a@b..c', undefined],
    ['"a\n"@b', undefined],
    ['"a\0"@b', undefined],
    ['ä@b', undefined],
  ];
  for (const [text, mailbox] of cases) {
    it(`reads ${JSON.stringify(text)}`, () => assert.deepEqual(parseMailbox(text), mailbox));
  }
});
