/** No function on data holds up the process or fills its memory, whatever it is given. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isAppError } from '../../../errors/index.ts';
import { parseTemplate, sprigFunctions, type TemplateLimits, valueOfJson } from '../../index.ts';

const functions = sprigFunctions({ now: () => 1_720_000_000_000, randomBytes: (size) => new Uint8Array(size).fill(7) });

const render = (text: string, data: unknown, limits: Partial<TemplateLimits> = {}): string =>
  parseTemplate('web', text, { now: () => 0, limits, functions }).execute(valueOfJson(data));

const data = {
  l: [1, 'x', null, [2, {}]],
  m: { a: 'ü', b: { c: 1 } },
  s: '2024-07-02T23:16:02Z',
  n: 5e15,
  t: 'utf8:x',
};

const atoms = fc.oneof(
  fc.constantFrom('.l', '.m', '.s', '.n', '.t', '.m.b', '.none', 'nil', 'true', 'false', '""', '"UTC"', '"1h"'),
  fc.constantFrom('now', '(now.AddDate 999999999 1 1)', '(toTime .n)', '(until 9)', '(list)', '(dict)', '$d', '$l'),
  fc.constantFrom('1', '0', '-1', '1e300', '-0.5', '9223372036854775807', '-9223372036854775808', '"Asia/Kolkata"'),
  fc.string({ maxLength: 6, unit: 'binary' }).map((text) => JSON.stringify(text).replace(/[\u007f-\uffff]/g, '?')),
);
const names = fc.constantFrom(...functions.keys());
const calls = fc.letrec<{ call: string; argument: string }>((tie) => ({
  argument: fc.oneof({ maxDepth: 3 }, atoms, tie('call')),
  call: fc
    .tuple(names, fc.array(tie('argument'), { maxLength: 4 }))
    .map(([name, args]) => `(${[name, ...args].join(' ')})`),
}));
const actions = fc.oneof(
  calls.call.map((call) => `{{${call}}}`),
  calls.call.map((call) => `{{$l = ${call}}}`),
  calls.call.map((call) => `{{$_ := set $d "k" ${call}}}`),
  calls.call.map((call) => `{{range 50}}{{${call}}}{{end}}`),
);

describe('the functions of sprig and step on data', () => {
  it('end with text or an error of their own', () =>
    fc.assert(
      fc.property(fc.array(actions, { minLength: 1, maxLength: 6 }), (parts) => {
        const text = `{{$d := dict "a" (list 1)}}{{$l := .l}}${parts.join('')}`;
        try {
          assert.equal(typeof render(text, data, { steps: 20_000, madeBytes: 1 << 20 }), 'string');
        } catch (error) {
          assert.ok(isAppError(error), `${text}: ${error instanceof Error ? error.stack : String(error)}`);
          assert.match(error.code, /^ERR_TEMPLATE_(SYNTAX|EXECUTION|LIMIT)$/);
        }
      }),
      { numRuns: 2000 },
    ));

  const doubled = (list: string): string => `{{$l := ${list}}}{{range 60}}{{$l = concat $l $l}}{{end}}`;
  const tree = '{{$l := list 1}}{{range 60}}{{$l = list $l $l}}{{end}}';
  const cycle = '{{$d := dict}}{{$_ := set $d "d" $d}}';
  const hungry: [what: string, text: string][] = [
    ['numbers to the end of the world', '{{until 9223372036854775807}}'],
    ['numbers down to its other end', '{{until -9223372036854775808}}'],
    ['steps that would run over', '{{untilStep -9223372036854775808 9223372036854775807 1}}'],
    ['a sequence without end', '{{seq 1 1 9223372036854775807}}'],
    ['a list that doubles', doubled('list 1')],
    [
      'a list that doubles by its slices',
      '{{$l := list 1}}{{range 60}}{{$l = concat (slice $l) (rest (append $l 1))}}{{end}}',
    ],
    ['a copy of a list of lists of lists', `${tree}{{deepCopy $l}}`],
    ['JSON of a list of lists of lists', `${tree}{{toJson $l}}`],
    [
      'a comparison of lists of lists',
      `${tree}{{deepEqual $l (list (index $l 0) (list (index $l 0 0) (list)))}}{{uniq (list $l (concat $l))}}{{toJson $l}}`,
    ],
    ['DER of a list of lists of lists', `${tree}{{asn1Marshal $l}}`],
    ['JSON of a dict that holds itself', `${cycle}{{toJson $d}}`],
    ['a dict that holds itself', `${cycle}{{$d}}`],
    ['a copy of a dict that holds itself', `${cycle}{{deepCopy $d}}`],
    ['a merge of dicts that hold themselves', `${cycle}{{$e := dict}}{{$_ := set $e "d" $e}}{{merge $d $e}}`],
    ['a comparison of dicts that hold themselves', `${cycle}{{$e := dict}}{{$_ := set $e "d" $e}}{{deepEqual $d $e}}`],
    [
      'a dict that grows',
      '{{$d := dict}}{{range $i := until 9999}}{{range $j := until 9999}}{{$_ := set $d (toJson (list $i $j)) 1}}{{end}}{{end}}',
    ],
    ['merges of what is large', '{{range until 999}}{{range until 999}}{{$_ := merge (dict) $.large}}{{end}}{{end}}'],
    [
      'keys of what is large',
      '{{range until 9999}}{{$_ := keys $.large $.large}}{{$_ := omit $.large}}{{$_ := values $.large}}{{end}}',
    ],
    ['distinct items of what is large', '{{uniq (until 9999)}}'],
    ['products of what is large', `{{$l := 1e308}}{{range until 99999}}{{$_ := mulf ${'$l '.repeat(200)}}}{{end}}`],
    [
      'times of many zones',
      '{{range $i := until 14}}{{range until 9999}}{{dateInZone "MST" now (list "Asia/Tokyo" "Asia/Kolkata" "Africa/Lagos" | last)}}{{end}}{{end}}',
    ],
    ['zones that there are not', '{{range until 99999}}{{dateInZone "MST" now "Nowhere/Land"}}{{end}}'],
    ['a long layout', '{{$_ := date $.layout now}}'],
    ['a long layout to read by', '{{$_ := toDate $.layout $.layout}}'],
    ['a long duration', '{{durationRound $.duration}}'],
    ['long names of zones', '{{range until 999999}}{{toDate "MST" $.zone | date "MSTMSTMST"}}{{end}}'],
    ['long parameters', '{{asn1Marshal 1 $.layout}}'],
    ['JSON that is deep', '{{fromJson $.deep}}'],
    ['JSON that is read again and again', '{{range until 99999}}{{$_ := fromJson $.wide}}{{end}}'],
  ];
  const large = {
    large: Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`k${index}`, index])),
    layout: '1,'.repeat(600_000),
    duration: '0s'.repeat(600_000),
    zone: `GMT+${'0'.repeat(1000)}`,
    deep: '['.repeat(100_000),
    wide: `[${'1,'.repeat(1000)}1]`,
  };
  for (const [what, text] of hungry) {
    it(`stop at the limits: ${what}`, () =>
      assert.throws(
        () => render(text, large),
        (error) => isAppError(error, 'ERR_TEMPLATE_LIMIT'),
      ));
  }

  it('are not there when they are not supported', () => {
    for (const name of ['env', 'expandenv', 'getHostByName', 'genCA', 'genSelfSignedCert', 'buildCustomCert']) {
      assert.throws(() => render(`{{if false}}{{${name} "x"}}{{end}}`, {}), {
        code: 'ERR_TEMPLATE_SYNTAX',
        message: `template: web:1: function "${name}" not defined`,
      });
    }
  });

  it('take the time from the port', () => {
    assert.equal(
      render('{{now}} {{formatTime nil}} {{date "2006" "x"}}', {}),
      '2024-07-03 09:46:40 +0000 UTC 2024-07-03T09:46:40Z 2024',
    );
  });

  it('take chance from the port', () => {
    const dice = (byte: number): string =>
      parseTemplate('web', '{{randInt 1 7}}', {
        now: () => 0,
        functions: sprigFunctions({ now: () => 0, randomBytes: (size) => new Uint8Array(size).fill(byte) }),
      }).execute(null);
    assert.deepEqual([dice(0), dice(1)], ['1', String(1 + Number(BigInt(`0x${'01'.repeat(16)}`) % 6n))]);
  });
});
