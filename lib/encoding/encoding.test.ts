import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  DerReader,
  decodeBase64url,
  decodeTime,
  encodeBase64url,
  encodePem,
  integer,
  namedBits,
  oid,
  parseCertificatePem,
  parsePem,
  sequence,
  setOf,
  Tag,
  time,
  tlv,
} from './index.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('DER writer', () => {
  it('writes integers in their shortest form (X.690 8.3)', () => {
    const rows: [number | bigint, string][] = [
      [0, '020100'],
      [127, '02017f'],
      [128, '02020080'],
      [-1, '0201ff'],
      [-129, '0202ff7f'],
      [2n ** 64n, '0209010000000000000000'],
    ];
    for (const [value, want] of rows) assert.equal(hex(integer(value)), want);
  });

  it('drops trailing zero bits of named bit strings (X.690 11.2.2)', () => {
    assert.equal(hex(namedBits([0])), '03020780');
    assert.equal(hex(namedBits([0, 2])), '030205a0');
    assert.equal(hex(namedBits([5, 6])), '03020106');
    assert.equal(hex(namedBits([])), '030100');
  });

  it('sorts the members of SET OF (X.690 11.6)', () => {
    assert.equal(hex(setOf(integer(2), integer(1))), '3106020101020102');
  });

  it('switches from UTCTime to GeneralizedTime in 2050 (RFC 5280 4.1.2.5)', () => {
    assert.equal(
      time(Date.UTC(2049, 11, 31, 23, 59, 59, 999))
        .toString('latin1')
        .slice(2),
      '491231235959Z',
    );
    assert.equal(
      time(Date.UTC(2050, 0, 1))
        .toString('latin1')
        .slice(2),
      '20500101000000Z',
    );
  });
});

describe('DerReader', () => {
  it('reads back every integer', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }), (value) => {
        assert.equal(new DerReader(integer(value), 'test').readInteger(), value);
      }),
    );
  });

  it('reads back every object identifier', () => {
    const arcs = fc.tuple(fc.constant(2), fc.nat(), fc.array(fc.nat(), { maxLength: 6 }));
    fc.assert(
      fc.property(arcs, ([first, second, rest]) => {
        const dotted = [first, second, ...rest].join('.');
        assert.equal(new DerReader(oid(dotted), 'test').readOid(), dotted);
      }),
    );
  });

  it('reads back values of every length form', () => {
    for (const length of [0, 127, 128, 255, 256, 65535, 65536, 0xffffff, 0x1000000]) {
      const bytes = tlv(Tag.octetString, Buffer.alloc(length, 7));
      assert.equal(new DerReader(bytes, 'test').read(Tag.octetString).content.length, length);
    }
  });

  const refused: [string, string][] = [
    ['an indefinite length', '3080020101000'],
    ['a length longer than it need be', '308103020101'],
    ['a value that is cut off', '3003020101'.slice(0, 8)],
    ['an integer longer than it need be', '02020001'],
    ['an empty integer', '0200'],
    ['a tag above 30', '1f0101'],
  ];
  for (const [name, bytes] of refused) {
    it(`refuses ${name}`, () => {
      const read = (): void => {
        const reader = new DerReader(Buffer.from(bytes, 'hex'), 'test');
        if (reader.nextTag === Tag.integer) reader.readInteger();
        else reader.read();
      };
      assert.throws(read, { code: 'ERR_DER', message: /^test: malformed/ });
    });
  }

  it('refuses an object identifier so long that decoding it would hang', () => {
    const reader = new DerReader(tlv(Tag.oid, Buffer.alloc(1_000_000, 0x81)), 'test');
    assert.throws(() => reader.readOid(), { code: 'ERR_DER' });
  });

  for (const text of ['20260230000000Z', '20260101240000Z', '20261301000000Z', '20260101000060Z', '20260101000000z']) {
    it(`refuses the time ${text}`, () => {
      const value = new DerReader(tlv(Tag.generalizedTime, Buffer.from(text)), 'test').read();
      assert.throws(() => decodeTime(value, 'test'), { code: 'ERR_DER' });
    });
  }

  it('refuses bytes after the end', () => {
    const reader = new DerReader(Buffer.concat([sequence(), Buffer.from([0])]), 'test');
    reader.read();
    assert.throws(() => reader.end(), { code: 'ERR_DER' });
  });

  it('never fails otherwise than with ERR_DER on arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          const reader = new DerReader(bytes, 'test');
          while (!reader.atEnd) {
            const value = reader.read();
            if (value.tag === Tag.utcTime || value.tag === Tag.generalizedTime) decodeTime(value, 'test');
          }
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'ERR_DER');
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('PEM', () => {
  it('is read back as it was written', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (der) => {
        const [block] = parsePem(`text before\n${encodePem('CERTIFICATE', der)}text after`);
        assert.equal(block?.label, 'CERTIFICATE');
        assert.deepEqual(new Uint8Array(block?.der ?? []), der);
      }),
    );
  });

  it('keeps the headers of old key files (RFC 1421)', () => {
    const text =
      '-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END EC PRIVATE KEY-----\n';
    const [block] = parsePem(text);
    assert.equal(block?.headers.get('DEK-Info'), 'AES-256-CBC,00');
    assert.equal(block?.der.length, 3);
  });

  it('refuses a block that ends under another label', () => {
    assert.throws(() => parsePem('-----BEGIN A-----\nAAAA\n-----END B-----\n'), { code: 'ERR_PEM' });
  });

  it('gets through a megabyte of blocks that are opened and never closed (quadratic before)', () => {
    assert.deepEqual(parsePem('-----BEGIN A-----\n'.repeat(60_000)), []);
    assert.equal(parsePem(`-----BEGIN A-----\n${'a: b\n'.repeat(200_000)}-----END A-----`)[0]?.headers.size, 1);
  });

  it('quotes no more than the start of a label', () => {
    const label = 'A'.repeat(10_000);
    assert.throws(
      () => parsePem(`-----BEGIN ${label}-----\n$-----END ${label}-----`),
      (error: Error) => error.message.length < 100,
    );
  });

  it('refuses text that is not base64', () => {
    assert.throws(() => parsePem('-----BEGIN A-----\n$$$$\n-----END A-----\n'), { code: 'ERR_PEM' });
  });

  it('says when there is no certificate', () => {
    assert.throws(() => parseCertificatePem('hello'), { code: 'ERR_PEM', message: /no certificate/ });
  });
});

describe('base64url', () => {
  it('is read back as it was written', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (b) => assert.deepEqual(new Uint8Array(decodeBase64url(encodeBase64url(b))), b)),
    );
  });
  for (const text of ['YQ==', 'a+b/', 'Y', 'YR']) {
    it(`refuses "${text}"`, () => assert.throws(() => decodeBase64url(text), { code: 'ERR_BASE64URL' }));
  }
});
