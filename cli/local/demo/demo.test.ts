import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { createFakeTerminal } from '../../terminal/fake-terminal.ts';
import { createTerminal } from '../../terminal/terminal.ts';
import { quote, renderNextSteps } from './next-steps.ts';
import { formatElapsed, renderPicture, renderSummary } from './picture.ts';
import { createScreen } from './screen.ts';
import { type DemoState, findShortcomings, initialState, isShown, type Observation, observe } from './state.ts';

const start = Date.UTC(2026, 0, 1);
const certificate = (serialHex: string, bornAfterMs = 0) => ({
  commonName: 'web.default.svc',
  serialHex,
  notBefore: start + bornAfterMs,
  notAfter: start + bornAfterMs + 60_000,
});
const seen = (...observations: Observation[]): DemoState =>
  observations.reduce((state, observation) => observe(state, observation, start + 1000), initialState(start, 1));
const { outStyles: plain } = createFakeTerminal();
const coloured = createTerminal({
  stdin: {},
  stdout: process.stdout,
  stderr: process.stderr,
  env: { FORCE_COLOR: '1' },
}).outStyles;

const pod: Observation = { type: 'pod', pod: 'default/web-1' };
const first: Observation = { type: 'certificate', pod: 'default/web-1', certificate: certificate('aaaa0000ffff') };
const second: Observation = {
  type: 'certificate',
  pod: 'default/web-1',
  certificate: certificate('bbbb0000ffff', 40_000),
};
const answers: Observation[] = [
  { type: 'answered', connection: 'kept' },
  { type: 'answered', connection: 'new' },
  { type: 'answered', connection: 'kept' },
  { type: 'answered', connection: 'new' },
];

describe('demo state', () => {
  it('counts another serial as a rotation, the first one not', () => {
    assert.equal(seen(pod, first, first).pods[0]?.rotations, 0);
    assert.equal(seen(pod, first, second, second).pods[0]?.rotations, 1);
  });

  const rows: { name: string; observations: Observation[]; shown: boolean }[] = [
    { name: 'without pods', observations: answers, shown: false },
    { name: 'before the rotation', observations: [pod, first, ...answers], shown: false },
    { name: 'while the new certificate is not used', observations: [pod, first, ...answers, second], shown: false },
    { name: 'when the new certificate has been used', observations: [pod, first, second, ...answers], shown: true },
    {
      name: 'while one of two pods lags',
      observations: [pod, { type: 'pod', pod: 'default/late' }, first, second, ...answers],
      shown: false,
    },
  ];
  for (const { name, observations, shown } of rows) {
    it(`${shown ? 'is' : 'is not'} shown ${name}`, () => assert.equal(isShown(seen(...observations)), shown));
  }

  it('finds nothing wrong with a whole demo', () =>
    assert.deepEqual(findShortcomings(seen(pod, first, second, ...answers)), []));
  it('says which rotation, which requests and which answers are missing', () => {
    assert.deepEqual(findShortcomings(seen(pod, first, { type: 'failed', text: 'reset' })), [
      'default/web-1: 0 of 1 rotations',
      '1 of 1 requests failed',
      'no request was answered',
    ]);
  });
});

describe('renderPicture', () => {
  const state = seen(pod, first, ...answers, { type: 'failed', text: 'reset' });
  const render = (columns: number, styles = plain) =>
    renderPicture(state, start + 20_000, { columns, styles, lifetime: '1m' });

  it('shows pods, serials, what is left of a life, rotations, requests and events', () =>
    assert.deepEqual(render(100), [
      'autocert demo   0:20   certificates of 1m',
      '',
      'default/web-1   web.default.svc',
      '  serial aaaa0000   █████████████░░░░░░░    40 s left   rotated 0 of 1',
      '',
      'requests   4 answered (2 on a kept connection, 2 on new ones), 1 failed',
      '',
      '0:01   web.default.svc: first certificate, serial aaaa0000',
      '0:01   request failed: reset',
    ]));
  it('fits a narrow terminal, colours or not, and is as high', () => {
    for (const styles of [plain, coloured]) {
      const lines = render(30, styles);
      assert.equal(lines.length, 9);
      for (const line of lines) assert.ok([...stripVTControlCharacters(line)].length < 30, line);
    }
  });
  it('closes every colour it opens when a line is cut', () => {
    const [, , , bar = ''] = render(30, coloured);
    assert.ok(bar.lastIndexOf('\x1b[39m') > bar.lastIndexOf('\x1b[32m'));
  });
  it('shows an expired certificate as empty', () =>
    assert.match(
      renderPicture(state, start + 90_000, { columns: 100, styles: plain, lifetime: '1m' })[3] ?? '',
      / ░{20} +0 s left/,
    ));
});

describe('renderSummary', () => {
  it('marks what was shown and what was not', () => {
    assert.deepEqual(
      renderSummary(seen(pod, first, second, ...answers), start + 65_000, plain).map((line) => line.slice(0, 1)),
      ['', '✔', '✔'],
    );
    assert.match(renderSummary(seen(pod, first), start, plain)[1] ?? '', /^✘ web\.default\.svc: rotated 0 times/);
  });
});

describe('createScreen', () => {
  it('writes a line an event where there is no terminal, each once', () => {
    const terminal = createFakeTerminal();
    const screen = createScreen(terminal, '1m');
    screen.show(seen(pod, first), start);
    screen.show(seen(pod, first), start);
    screen.show(seen(pod, first, second), start + 16_000);
    screen.leave();
    assert.equal(
      terminal.out(),
      '0:01   web.default.svc: first certificate, serial aaaa0000\n' +
        '0:01   web.default.svc: rotation 1, serial bbbb0000\n' +
        '0:16   requests: 0 answered, 0 failed\n',
    );
  });

  it('redraws in place on a terminal, and gives the cursor back', () => {
    const terminal = { ...createFakeTerminal(), live: true, columns: 80 };
    const screen = createScreen(terminal, '1m');
    screen.show(seen(pod, first), start);
    screen.show(seen(pod, first), start + 1000);
    screen.leave();
    const output = terminal.out();
    assert.ok(output.startsWith('\x1b[?25l'));
    assert.ok(output.includes('\x1b[8F\x1b[J'), 'goes up by as many lines as it wrote');
    assert.ok(output.endsWith('\x1b[?25h'));
  });
});

describe('renderNextSteps', () => {
  it('writes whole commands', () => {
    const lines = renderNextSteps({
      service: { name: 'web.default.svc:443', host: 'web.default.svc', port: 443, localPort: 40_001, how: '' },
      certificates: '/tmp/a b/certs',
      caUrl: 'https://127.0.0.1:4000',
      program: 'bin/autocert',
    });
    assert.ok(lines.includes("  export CERTS='/tmp/a b/certs'"));
    assert.ok(
      lines.includes(
        '  curl --resolve web.default.svc:40001:127.0.0.1 --cacert $CERTS/root.crt --cert $CERTS/site.crt --key $CERTS/site.key https://web.default.svc:40001/',
      ),
    );
    assert.ok(lines.includes('  bin/autocert ca health --ca-url https://127.0.0.1:4000 --root $CERTS/root.crt'));
  });
  it('quotes only what a shell would read otherwise', () => {
    assert.equal(quote('/tmp/x-1_y.z'), '/tmp/x-1_y.z');
    assert.equal(quote("it's"), `'it'\\''s'`);
  });
});

describe('formatElapsed', () => {
  for (const [ms, text] of [
    [0, '0:00'],
    [61_999, '1:01'],
    [600_000, '10:00'],
    [-5, '0:00'],
  ] as const) {
    it(`writes ${text} for ${ms} ms`, () => assert.equal(formatElapsed(ms), text));
  }
});
