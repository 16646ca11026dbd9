import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, it } from 'node:test';
import { AppError } from '../../lib/errors/index.ts';
import { usage } from '../errors.ts';
import { createFakeTerminal } from './fake-terminal.ts';
import { askPassword } from './prompts.ts';
import { exitCodeOf, renderError } from './render-error.ts';
import { renderTable, wrap } from './table.ts';
import { createTerminal } from './terminal.ts';

describe('createTerminal', () => {
  it('puts the result on stdout and everything else on stderr', () => {
    const terminal = createFakeTerminal();
    terminal.write('result\n');
    terminal.selected('CA', 'https://ca');
    terminal.note('saved');
    assert.equal(terminal.out(), 'result\n');
    assert.equal(terminal.err(), '✔ CA: https://ca\nsaved\n');
  });

  const colours: { name: string; isTTY: boolean; env: Record<string, string>; coloured: boolean }[] = [
    { name: 'a terminal', isTTY: true, env: {}, coloured: true },
    { name: 'a pipe', isTTY: false, env: {}, coloured: false },
    { name: 'a terminal with NO_COLOR', isTTY: true, env: { NO_COLOR: '1' }, coloured: false },
    { name: 'a dumb terminal', isTTY: true, env: { TERM: 'dumb' }, coloured: false },
    { name: 'a pipe with FORCE_COLOR', isTTY: false, env: { FORCE_COLOR: '1' }, coloured: true },
  ];
  for (const { name, isTTY, env, coloured } of colours) {
    it(`${coloured ? 'colours' : 'does not colour'} ${name}`, () => {
      const stream = Object.assign(new Writable({ write: (_chunk, _encoding, done) => done() }), { isTTY });
      const { outStyles } = createTerminal({ stdin: {}, stdout: stream, stderr: stream, env });
      assert.equal(outStyles.red('x') !== 'x', coloured);
    });
  }
});

describe('askPassword', () => {
  it('never waits where nobody is there: it names the option instead', async () => {
    const question = { message: 'password?', hint: 'give --password-file' };
    await assert.rejects(askPassword(createFakeTerminal(), question), {
      code: 'ERR_CLI_NO_TERMINAL',
      hint: 'give --password-file',
    });
  });
});

describe('renderError', () => {
  const { errorStyles } = createFakeTerminal();
  const render = (error: unknown, debug = false): string => renderError(error, errorStyles, debug);

  it('writes an error: line with causes and a hint: line', () => {
    const error = new AppError('ERR_TEST', 'unavailable', 'ca: unreachable', {
      cause: new Error('refused'),
      hint: 'start it',
    });
    assert.equal(render(error), 'error: ca: unreachable: refused\nhint: start it');
  });
  it('shows nothing of an internal error but its code', () =>
    assert.equal(render(new AppError('ERR_TEST', 'internal', 'secret detail')), 'error: internal error (ERR_TEST)'));
  it('tells a defect from a failure', () =>
    assert.match(render(new TypeError('x')), /^error: x\nhint: this is a defect/));
  it('adds code and stack on STEPDEBUG', () =>
    assert.match(render(usage('x'), true), /\[ERR_CLI_USAGE\] AppError: x\n +at /));
  it('ends wrong use with 2 and everything else with 1', () => {
    assert.equal(exitCodeOf(usage('x')), 2);
    assert.equal(exitCodeOf(new AppError('ERR_TEST', 'unavailable', 'x')), 1);
    assert.equal(exitCodeOf(new Error('x')), 1);
  });
});

describe('renderTable', () => {
  it('lines columns up, colours not counted', () => {
    const rows = [
      ['a', 'bb', 'x'],
      ['\x1b[31mlong\x1b[39m', 'b', 'y'],
    ];
    assert.equal(renderTable(rows, { indent: 1 }), ' a     bb  x\n \x1b[31mlong\x1b[39m  b   y');
  });
});

describe('wrap', () => {
  it('breaks at spaces, never inside a word', () =>
    assert.deepEqual(wrap('aa bb  cc dddddddd e', 5), ['aa bb', 'cc', 'dddddddd', 'e']));
  it('makes nothing of nothing', () => assert.deepEqual(wrap(' ', 5), []));
});
