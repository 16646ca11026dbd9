import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import fastJsonPatch from 'fast-json-patch';
import { applyJsonPatch, type Json } from './json-patch.ts';

describe('applyJsonPatch (RFC 6902)', () => {
  const rows: { name: string; document: Json; patch: unknown; want: Json }[] = [
    { name: 'adds a member', document: {}, patch: [{ op: 'add', path: '/a', value: 1 }], want: { a: 1 } },
    { name: 'adds null', document: {}, patch: [{ op: 'add', path: '/a', value: null }], want: { a: null } },
    {
      name: 'replaces a member by adding it',
      document: { a: 1 },
      patch: [{ op: 'add', path: '/a', value: 2 }],
      want: { a: 2 },
    },
    { name: 'inserts into an array', document: [1, 3], patch: [{ op: 'add', path: '/1', value: 2 }], want: [1, 2, 3] },
    {
      name: 'adds at the end of an array by index',
      document: [1],
      patch: [{ op: 'add', path: '/1', value: 2 }],
      want: [1, 2],
    },
    { name: 'appends to an array', document: [1], patch: [{ op: 'add', path: '/-', value: 2 }], want: [1, 2] },
    { name: 'adds to the empty member', document: {}, patch: [{ op: 'add', path: '/', value: 1 }], want: { '': 1 } },
    { name: 'replaces the document', document: { a: 1 }, patch: [{ op: 'replace', path: '', value: [2] }], want: [2] },
    {
      name: 'reads ~1 and ~0 in this order',
      document: { '~1': 1, '/': 2 },
      patch: [{ op: 'remove', path: '/~01' }],
      want: { '/': 2 },
    },
    { name: 'removes from an array', document: [1, 2, 3], patch: [{ op: 'remove', path: '/1' }], want: [1, 3] },
    {
      name: 'replaces an array element',
      document: [1, 2],
      patch: [{ op: 'replace', path: '/1', value: 3 }],
      want: [1, 3],
    },
    {
      name: 'moves',
      document: { a: [1], b: 2 },
      patch: [{ op: 'move', from: '/b', path: '/a/0' }],
      want: { a: [2, 1] },
    },
    {
      name: 'copies by value',
      document: { a: { x: 1 } },
      patch: [
        { op: 'copy', from: '/a', path: '/b' },
        { op: 'add', path: '/b/x', value: 2 },
      ],
      want: { a: { x: 1 }, b: { x: 2 } },
    },
    {
      name: 'tests deeply, order of members apart',
      document: { a: { x: 1, y: [2] } },
      patch: [{ op: 'test', path: '/a', value: { y: [2], x: 1 } }],
      want: { a: { x: 1, y: [2] } },
    },
    {
      name: 'takes __proto__ as a plain member',
      document: {},
      patch: [{ op: 'add', path: '/__proto__', value: { a: 1 } }],
      want: JSON.parse('{"__proto__":{"a":1}}'),
    },
  ];
  for (const { name, document, patch, want } of rows) {
    it(name, () => assert.deepEqual(applyJsonPatch(document, patch), want));
  }

  const refused: { name: string; document: Json; patch: unknown }[] = [
    { name: 'a patch that is no array', document: {}, patch: {} },
    { name: 'an unknown operation', document: {}, patch: [{ op: 'merge', path: '/a', value: 1 }] },
    { name: 'an operation without value', document: {}, patch: [{ op: 'add', path: '/a' }] },
    { name: 'a missing parent', document: {}, patch: [{ op: 'add', path: '/a/b', value: 1 }] },
    { name: 'a parent that is text', document: { a: 'x' }, patch: [{ op: 'add', path: '/a/0', value: 1 }] },
    { name: 'removing what is not there', document: {}, patch: [{ op: 'remove', path: '/a' }] },
    { name: 'removing what is inherited', document: {}, patch: [{ op: 'remove', path: '/toString' }] },
    { name: 'replacing what is not there', document: {}, patch: [{ op: 'replace', path: '/a', value: 1 }] },
    { name: 'an index beyond the end', document: [1], patch: [{ op: 'add', path: '/2', value: 1 }] },
    { name: 'an index with a leading zero', document: [1, 2], patch: [{ op: 'remove', path: '/01' }] },
    { name: '"-" where something must be', document: [1], patch: [{ op: 'remove', path: '/-' }] },
    { name: 'a pointer without slash', document: { a: 1 }, patch: [{ op: 'remove', path: 'a' }] },
    { name: 'a tilde that escapes nothing', document: { '~2': 1 }, patch: [{ op: 'remove', path: '/~2' }] },
    { name: 'a failed test', document: { a: 1 }, patch: [{ op: 'test', path: '/a', value: '1' }] },
    { name: 'moving something into itself', document: { a: {} }, patch: [{ op: 'move', from: '/a', path: '/a/b' }] },
  ];
  for (const { name, document, patch } of refused) {
    it(`refuses ${name}`, () => assert.throws(() => applyJsonPatch(document, patch), { code: 'ERR_JSON_PATCH' }));
  }

  it('leaves the document and the patch alone', () => {
    const document = { list: [{ a: 1 }] };
    const patch = [
      { op: 'add', path: '/list/-', value: { b: 2 } },
      { op: 'add', path: '/list/1/c', value: 3 },
    ];
    applyJsonPatch(document, patch);
    assert.deepEqual(document, { list: [{ a: 1 }] });
    assert.deepEqual(patch[0]?.value, { b: 2 });
  });

  it('turns any document into any other by the patch of another implementation', () => {
    const documents = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }));
    fc.assert(
      fc.property(documents, documents, (before, after) => {
        const [from, to] = [before, after].map((value) => JSON.parse(JSON.stringify(value)));
        assert.deepEqual(applyJsonPatch(from, fastJsonPatch.compare(from, to)), to);
      }),
      { numRuns: 200 },
    );
  });
});
