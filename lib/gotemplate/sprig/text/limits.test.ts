/** No function on text holds up the process or fills its memory, whatever it is given. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isAppError } from '../../../errors/index.ts';
import { parseTemplate, sprigFunctions, type TemplateLimits, valueOfJson } from '../../index.ts';
import { textFunctions } from './index.ts';

const counting = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, index) => index);
const functions = sprigFunctions({ now: () => 0, randomBytes: counting });

const render = (text: string, data: unknown, limits: Partial<TemplateLimits> = {}): string =>
  parseTemplate('web', text, { now: () => 0, limits, functions }).execute(valueOfJson(data));

const data = { l: ['b', 'a', null, 1], m: { scheme: 'a', host: 'b', path: 'c' }, s: 'Hello, Wörld 12', e: '(a|b*)+?' };

const atoms = fc.oneof(
  fc.constantFrom('.l', '.m', '.s', '.e', '.none', 'nil', 'true', '""', '"a"', '"^1.2 || >3-a"', '"v1.2.3-rc.1+b"'),
  fc.constantFrom('1', '0', '-1', '3', '1e300', '9223372036854775807', '-9223372036854775808', '$t', '(until 9)'),
  fc.constantFrom(
    '"http://a:b@[::1]:80/%41?q#f"',
    '"(?i)[^a-z]{2,5}\\\\pL"',
    '"a/../b//c"',
    '"MZXW6==="',
    '"\\xff\\xc3"',
  ),
  fc.string({ maxLength: 6, unit: 'binary' }).map((text) => JSON.stringify(text).replace(/[\u007f-\uffff]/g, '?')),
);
const calls = fc.letrec<{ call: string; argument: string }>((tie) => ({
  argument: fc.oneof({ maxDepth: 3 }, atoms, tie('call')),
  call: fc
    .tuple(fc.constantFrom(...Object.keys(textFunctions(counting))), fc.array(tie('argument'), { maxLength: 4 }))
    .map(([name, args]) => `(${[name, ...args].join(' ')})`),
}));
const actions = fc.oneof(
  calls.call.map((call) => `{{${call}}}`),
  calls.call.map((call) => `{{$t = ${call}}}`),
  calls.call.map((call) => `{{range 50}}{{${call}}}{{end}}`),
);

describe('the functions of sprig on text', () => {
  it('end with text or an error of their own', () =>
    fc.assert(
      fc.property(fc.array(actions, { minLength: 1, maxLength: 6 }), (parts) => {
        const text = `{{$t := .s}}${parts.join('')}`;
        try {
          assert.equal(typeof render(text, data, { steps: 20_000, madeBytes: 1 << 20 }), 'string');
        } catch (error) {
          assert.ok(isAppError(error), `${text}: ${error instanceof Error ? error.stack : String(error)}`);
          assert.match(error.code, /^ERR_TEMPLATE_(SYNTAX|EXECUTION|LIMIT)$/);
        }
      }),
      { numRuns: 2000 },
    ));

  it('find a regular expression in linear time where backtracking would take for ever', () =>
    assert.equal(
      render(
        '{{regexMatch "^(a|a?)+$" .}}{{regexMatch "(x+x+)+y" .}}{{regexFind "(a*)*(a*)*$" .}}',
        `${'a'.repeat(500)}b`,
      ),
      'falsefalse',
    ));

  const often = (action: string): string => `{{range until 99999}}{{$_ := ${action}}}{{end}}`;
  const hungry: [what: string, text: string][] = [
    ['a long repetition', '{{repeat 999999999 "abc"}}'],
    ['a long indent', '{{indent 9223372036854775807 "x"}}'],
    ['an indent of many lines', '{{nindent 99999 $.lines}}'],
    ['text that grows by itself', '{{$t := "ab"}}{{range 60}}{{$t = cat $t $t}}{{end}}'],
    ['text that grows by its replacements', '{{$t := "ab"}}{{range 60}}{{$t = replace "" $t $t}}{{end}}'],
    ['text that grows by quotes', '{{$t := "\\\\"}}{{range 60}}{{$t = quote $t $t}}{{end}}'],
    ['text that grows by its encoding', '{{$t := "a"}}{{range 999}}{{$t = b32enc $t}}{{end}}'],
    ['long ends of lines', '{{wrapWith 1 $.lines $.lines}}'],
    ['long separators', '{{join $.lines (splitList "" $.lines)}}'],
    ['many parts', `{{range 99}}${often('splitList "" $.lines')}{{end}}`],
    ['dicts of many parts', often('split "" $.long')],
    ['searches for what is nearly everywhere', often('contains (print "b" (repeat 500000 "a")) $.long')],
    ['replacements of what is nearly everywhere', often('replace (print "b" (repeat 500000 "a")) "" $.long')],
    ['capitals of long texts', often('upper $.long | title | swapcase | untitle')],
    ['names of long texts', often('snakecase $.long | camelcase | kebabcase')],
    ['digests of long texts', often('sha512sum $.long | print (adler32sum $.long)')],
    ['trimmed long texts', often('trimAll "a" $.long | print (trim $.long) (nospace $.long)')],
    ['sorted long texts', often('sortAlpha $.many')],
    ['a long text by chance', '{{randAscii 9223372036854775807}}'],
    ['many bytes by chance', '{{randBytes 99999999}}'],
    ['shuffles', often('shuffle $.long')],
    ['an expression of many repetitions', '{{regexMatch (repeat 50000 "a{1000}") "a"}}'],
    ['an expression of many groups', '{{regexReplaceAll (repeat 30000 "(a?)") $.long "$1"}}'],
    ['an expression of many alternatives', '{{regexFindAll (repeat 50000 "a|") $.long -1}}'],
    ['an expression of many classes', '{{regexMatch (repeat 50000 "[\\\\PL\\\\pN](?i)") "a"}}'],
    ['an expression of nested groups', '{{regexMatch (print (repeat 100000 "(?:a") (repeat 100000 "b)")) "a"}}'],
    [
      'an expression with long names',
      '{{regexMatch (repeat 99999 "(?P<abcdefgh") "a"}}{{regexMatch (repeat 300000 "[[:a]") "a"}}',
    ],
    ['a long text for an expression', '{{regexFindAll "(?:a?){200}b" $.long -1}}'],
    ['an expression that matches nothing everywhere', often('regexReplaceAll "" $.long $.lines')],
    ['an expression at every place', '{{regexFindAll "a*b" $.long -1}}'],
    ['expressions again and again', often('regexSplit "(a+)+" $.long -1')],
    ['constraints on versions', often('semverCompare (repeat 200 ">=1.2.3-a.b.c ") "1.2.3-a.b.d"')],
    ['a long constraint', '{{semverCompare (repeat 50000 "1 - 2 ") "1"}}'],
    [
      'long prereleases',
      '{{$v := semver (print "1.2.3-" (repeat 9999 "a.") "b")}}{{range until 99999}}{{$_ := $v.Compare $v}}{{end}}',
    ],
    ['long paths', often('clean (repeat 99999 "a/../b/")')],
    ['long URLs', often('urlParse (print "http://h/" $.long) | urlJoin')],
    ['long ciphers', often('encryptAES "k" $.long | decryptAES "k"')],
    ['references to groups', '{{regexReplaceAll "a" $.long (repeat 99999 "$0")}}'],
  ];
  const large = {
    long: 'a'.repeat(1_000_000),
    lines: '\n'.repeat(100_000),
    many: Array.from({ length: 1000 }, (_, index) => `${'a'.repeat(1000)}${index}`),
  };
  for (const [what, text] of hungry) {
    it(`stop at the limits: ${what}`, () =>
      assert.throws(
        () => render(text, large),
        (error) => isAppError(error, 'ERR_TEMPLATE_LIMIT'),
      ));
  }

  it('take chance from the port', () => {
    const byChance = (byte: number): string =>
      parseTemplate('web', '{{randAlpha 3}} {{randNumeric 3}} {{uuidv4}} {{randBytes 3}} {{shuffle "abc"}}', {
        now: () => 0,
        functions: sprigFunctions({ now: () => 0, randomBytes: (size) => new Uint8Array(size).fill(byte) }),
      }).execute(null);
    assert.deepEqual(
      [byChance(0), byChance(3)],
      [
        'AAA 000 00000000-0000-4000-8000-000000000000 AAAA bca',
        'DDD 333 03030303-0303-4303-8303-030303030303 AwMD cba',
      ],
    );
  });
});
