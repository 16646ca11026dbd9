import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { serializeResponse } from './index.ts';
import { quote } from './quote.ts';

describe('serializeResponse', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('"patch":""', '\\"patch\\":\\"\\"', 'é"\u2028'),
  );

  it('says what JSON.stringify says, whatever stands around the patch', () => {
    const bodies = fc.record({
      kind: texts,
      response: fc.oneof(
        fc.record({ uid: texts, patch: fc.base64String(), warnings: fc.array(texts) }),
        fc.record({ uid: texts, patch: fc.base64String(), auditAnnotations: fc.dictionary(texts, texts) }),
        fc.dictionary(
          texts,
          texts.filter((text) => /^[A-Za-z0-9+/=]*$/.test(text)),
        ),
        texts,
        fc.constant(null),
      ),
    });
    fc.assert(
      fc.property(bodies, (body) =>
        assert.deepEqual(JSON.parse(serializeResponse(body)), JSON.parse(JSON.stringify(body))),
      ),
      { verbose: 1 },
    );
  });

  it('leaves answers without a patch to JSON.stringify', () => {
    for (const body of [{ status: 400, code: 'ERR_X' }, { response: { allowed: true } }, []]) {
      assert.equal(serializeResponse(body), JSON.stringify(body));
    }
  });
});

describe('quote', () => {
  it('shows short printable text and anything else by the same rule', () => {
    const byTheRule = (value: string): string =>
      JSON.stringify([...value].length > 80 ? `${[...value].slice(0, 80).join('')}…` : value).replace(
        /[\u007f-\u009f\u2028\u2029]/g,
        (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
      );
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'grapheme-ascii', maxLength: 100 }), fc.string({ unit: 'binary', maxLength: 100 })),
        (value) => assert.equal(quote(value), byTheRule(value)),
      ),
      { verbose: 1 },
    );
  });
});
