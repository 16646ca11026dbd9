/** What holds for any template: it ends, within its limits, and says what it ran into. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isAppError } from '../errors/index.ts';
import { parseTemplate, type TemplateLimits, valueOfJson } from './index.ts';

const render = (text: string, data: unknown = {}, limits: Partial<TemplateLimits> = {}): string =>
  parseTemplate('web', text, { now: () => 0, limits }).execute(valueOfJson(data));

/** Pieces that templates are made of, well and badly put together. */
const pieces = fc.oneof(
  fc.constantFrom(
    '{{',
    '}}',
    '{{-',
    '-}}',
    '{{end}}',
    '{{else}}',
    '{{if .a}}',
    '{{range .l}}',
    '{{with .m}}',
    '|',
    '(',
  ),
  fc.constantFrom(
    ')',
    '.',
    '.a',
    '.m.b',
    '$',
    '$x',
    ':=',
    '=',
    ',',
    ' ',
    '\n',
    '"s"',
    '`r`',
    "'c'",
    '1',
    '-2.5',
    '0x1F',
  ),
  fc.constantFrom(
    '{{define "t"}}',
    '{{template "t" .}}',
    '{{block "b" .}}',
    '{{break}}',
    '{{continue}}',
    '/*',
    '*/',
    'nil',
  ),
  fc.constantFrom(
    'printf "%d"',
    'index',
    'len',
    'eq',
    'and',
    'print',
    'html',
    'true',
    'true}}',
    '{{.l}}',
    '{{range 9}}',
  ),
  fc.string({ maxLength: 4, unit: 'binary' }),
);
const data = { a: 1, l: [1, 'x', null, [2]], m: { b: 'ü', c: {} } };

describe('a template', () => {
  it('ends with text or an error of its own, whatever it is', () =>
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
        try {
          assert.equal(typeof render(parts.join(''), data, { steps: 20_000 }), 'string');
        } catch (error) {
          assert.ok(isAppError(error), String(error));
          assert.match(error.code, /^ERR_TEMPLATE_(SYNTAX|EXECUTION|LIMIT)$/);
        }
      }),
      { numRuns: 3000 },
    ));

  it('without actions is its own output', () =>
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('{{')),
        (text) => assert.equal(render(text), text),
      ),
    ));

  it('prints any text of its data unchanged', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => assert.equal(render('{{.x}}', { x: text }), text)),
    ));

  const limits: [what: string, text: string, limits: Partial<TemplateLimits>, message: RegExp][] = [
    ['that loops for ever', '{{range 1000000}}{{range 1000000}}{{end}}{{end}}', {}, /more than 1000000 steps/],
    [
      'that calls itself',
      '{{define "x"}}{{template "x"}}{{end}}{{template "x"}}',
      {},
      /calls templates more than 200 deep/,
    ],
    [
      'that writes without end',
      '{{range 9999}}0123456789{{end}}',
      { outputBytes: 1000 },
      /writes more than 1000 bytes/,
    ],
    ['that pads to a million', '{{printf "%999999d" 1}}', { madeBytes: 1000 }, /makes more than 1000 bytes/],
    ['that is long', 'x'.repeat(2000), { inputBytes: 1000 }, /longer than 1000 bytes/],
    ['that is deep', `${'{{('.padEnd(600, '(')}1`, {}, /nested deeper/],
    ['that is deep in blocks', '{{if 1}}'.repeat(300), {}, /nested deeper/],
  ];
  for (const [what, text, bounds, message] of limits) {
    it(`${what} is stopped`, () =>
      assert.throws(
        () => render(text, {}, bounds),
        (error) => isAppError(error, 'ERR_TEMPLATE_LIMIT') && message.test(error.message),
      ));
  }

  it('is stopped by the clock', () => {
    let now = 0;
    const template = parseTemplate('web', '{{range 100000}}{{end}}', { now: () => (now += 100) });
    assert.throws(() => template.execute(null), /takes longer than 2000 ms/);
  });

  it('names itself, the line and the place of what is wrong', () => {
    assert.throws(() => render('a\n{{if}}'), {
      code: 'ERR_TEMPLATE_SYNTAX',
      message: 'template: web:2: missing value for if',
    });
    assert.throws(() => render('a\n  {{.x.y}}', { x: 1 }), {
      code: 'ERR_TEMPLATE_EXECUTION',
      message: 'template: web:2:6: executing "web" at <.x.y>: can\'t evaluate field y in type interface {}',
    });
  });
});
