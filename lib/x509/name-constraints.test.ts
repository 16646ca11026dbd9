import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { contextTag, sequence, Tag, tlv } from '../encoding/index.ts';
import { isAppError } from '../errors/index.ts';
import { groupSans, type SanType } from './index.ts';
import { decodeNameConstraints, findNameConstraintProblem, type NameConstraints } from './name-constraints.ts';

const tags: Record<SanType, number> = { email: 1, dns: 2, uri: 6, ip: 7 };
const subtree = (type: SanType, value: string | Buffer): Buffer =>
  sequence(tlv(contextTag(tags[type], false), Buffer.from(value as string)));
const constraints = (permitted: Buffer[], excluded: Buffer[] = []): NameConstraints =>
  decodeNameConstraints(
    sequence(
      ...(permitted.length > 0 ? [tlv(contextTag(0, true), ...permitted)] : []),
      ...(excluded.length > 0 ? [tlv(contextTag(1, true), ...excluded)] : []),
    ),
    'certificate',
  );
const range = (hex: string): Buffer => Buffer.from(hex, 'hex');

/** The cases of step-ca's own constraint engine, and RFC 5280 4.2.1.10. `none` problem: the name may stand. */
type Row = [type: SanType, constraint: string | Buffer, name: string, covered: boolean];
const rows: Row[] = [
  ['dns', 'web.test', 'web.test', true],
  ['dns', 'web.test', 'a.b.web.test', true],
  ['dns', 'web.test', 'WEB.Test', true],
  ['dns', 'web.test', 'xweb.test', false],
  ['dns', 'web.test', 'test', false],
  ['dns', '.web.test', 'web.test', false],
  ['dns', '.web.test', 'a.web.test', true],
  ['dns', '', 'anything.test', true],
  ['dns', 'web.test', '*.web.test', true],
  ['ip', range('0a000000ff000000'), '10.1.2.3', true],
  ['ip', range('0a000000ff000000'), '11.1.2.3', false],
  ['ip', range('0a000000ff000000'), 'fd00::1', false],
  ['ip', range(`fd${'00'.repeat(15)}ff${'00'.repeat(15)}`), 'fd00::1', true],
  ['ip', range(`fd${'00'.repeat(15)}ff${'00'.repeat(15)}`), 'fe00::1', false],
  ['email', 'root@web.test', 'root@WEB.test', true],
  ['email', 'root@web.test', 'Root@web.test', false],
  ['email', 'web.test', 'any@web.test', true],
  ['email', '.web.test', 'any@web.test', false],
  ['email', '.web.test', 'any@a.web.test', true],
  ['uri', 'web.test', 'https://web.test:8443/x', true],
  ['uri', '.web.test', 'spiffe://a.web.test/x', true],
  ['uri', 'web.test', 'https://other.test/', false],
];

describe('name constraints', () => {
  for (const [type, constraint, name, covered] of rows) {
    const shown = typeof constraint === 'string' ? constraint : constraint.toString('hex');
    it(`${type} ${JSON.stringify(shown)} ${covered ? 'covers' : 'does not cover'} ${name}`, () => {
      const permitted = findNameConstraintProblem(
        [{ nameConstraints: constraints([subtree(type, constraint)]) }],
        groupSans([name]),
      );
      const excluded = findNameConstraintProblem(
        [{ nameConstraints: constraints([], [subtree(type, constraint)]) }],
        groupSans([name]),
      );
      assert.equal(permitted === undefined, covered);
      assert.equal(excluded === undefined, !covered);
    });
  }

  const incomparable: [SanType, string][] = [
    ['uri', 'urn:x'],
    ['uri', 'https://10.0.0.1/'],
    ['uri', 'https://[::1]:80/'],
    ['dns', 'web.test.'],
    ['dns', 'a b'],
    ['email', 'a@b@c..d'],
    ['email', '@web.test'],
  ];
  for (const [type, name] of incomparable) {
    it(`refuse ${name}, which cannot be compared, whatever they say about ${type} names`, () => {
      for (const nameConstraints of [
        constraints([subtree(type, 'other.test')]),
        constraints([], [subtree(type, 'other.test')]),
      ]) {
        const sans = { ...groupSans([]), [type]: [name] };
        assert.match(findNameConstraintProblem([{ nameConstraints }], sans) ?? '', /cannot/);
      }
    });
  }

  it('say nothing about kinds of names they do not mention', () => {
    const nameConstraints = constraints([subtree('dns', 'web.test')]);
    assert.equal(findNameConstraintProblem([{ nameConstraints }], groupSans(['urn:x', '10.0.0.1', 'a@b'])), undefined);
  });

  it('all hold when a chain has several', () => {
    const chain = ['web.test', 'a.web.test'].map((name) => ({ nameConstraints: constraints([subtree('dns', name)]) }));
    assert.equal(findNameConstraintProblem(chain, groupSans(['x.a.web.test'])), undefined);
    assert.match(findNameConstraintProblem(chain, groupSans(['b.web.test'])) ?? '', /not permitted/);
    assert.equal(findNameConstraintProblem([{ nameConstraints: undefined }], groupSans(['b'])), undefined);
  });

  it('speak step-ca’s words', () => {
    const problem = (nameConstraints: NameConstraints) =>
      findNameConstraintProblem([{ nameConstraints }], groupSans(['x.test']));
    assert.equal(
      problem(constraints([subtree('dns', 'web.test')])),
      'DNS name "x.test" is not permitted by any constraint',
    );
    assert.equal(
      problem(constraints([], [subtree('dns', 'test')])),
      'DNS name "x.test" is excluded by constraint "test"',
    );
  });

  const malformed: Record<string, Buffer> = {
    'an IP range of seven bytes': sequence(tlv(contextTag(0, true), subtree('ip', Buffer.alloc(7)))),
    'a constraint that is not ASCII': sequence(tlv(contextTag(0, true), subtree('dns', 'ü'))),
    'a minimum': sequence(tlv(contextTag(0, true), sequence(tlv(contextTag(2, false)), tlv(contextTag(0, false))))),
    'a third field': sequence(tlv(contextTag(2, true))),
  };
  for (const [name, bytes] of Object.entries(malformed)) {
    it(`are refused with ${name}`, () => {
      assert.throws(
        () => decodeNameConstraints(bytes, 'certificate'),
        (error) => isAppError(error) && error.kind === 'invalid',
      );
    });
  }

  it('answer any bytes with constraints or a coded error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          decodeNameConstraints(tlv(Tag.sequence, bytes), 'certificate');
        } catch (error) {
          assert.ok(isAppError(error) && error.kind === 'invalid', String(error));
        }
      }),
      { numRuns: 1000 },
    );
  });
});
