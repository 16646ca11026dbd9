import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLogger, type LoggerOptions, parseLogLevel } from './index.ts';

const clock = { now: () => 0 };

function record(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const log = createLogger({ name: 'test', clock, write: (line) => lines.push(line), ...options });
  return { log, lines };
}

describe('createLogger', () => {
  it('writes one JSON object a line', () => {
    const { log, lines } = record();
    log.info('hello\nworld', { serial: 7n });
    assert.deepEqual(lines, [
      '{"time":"1970-01-01T00:00:00.000Z","level":"info","name":"test","msg":"hello\\nworld","serial":"7"}\n',
    ]);
  });

  it('drops what is below its level', () => {
    const { log, lines } = record({ level: 'warn' });
    log.debug('a');
    log.info('b');
    log.warn('c');
    log.error('d');
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).msg),
      ['c', 'd'],
    );
  });

  it('gives the fields of a child to each of its records', () => {
    const { log, lines } = record();
    log.child({ pod: 'a' }).child({ uid: 1 }).info('x', { uid: 2 });
    assert.deepEqual(JSON.parse(lines[0] ?? ''), {
      time: '1970-01-01T00:00:00.000Z',
      level: 'info',
      name: 'test',
      msg: 'x',
      pod: 'a',
      uid: 2,
    });
  });

  it('lets no field forge the head of a record', () => {
    const { log, lines } = record();
    log.info('x', { level: 'error', time: 'never', msg: 'y' });
    assert.equal(JSON.parse(lines[0] ?? '').level, 'info');
    assert.equal(JSON.parse(lines[0] ?? '').msg, 'x');
  });

  it('redacts message, bound and given fields', () => {
    const { log, lines } = record({ level: 'debug' });
    const token = `eyJ${'a'.repeat(20)}.${'b'.repeat(20)}.${'c'.repeat(20)}`;
    log.child({ bound: token, password: 'hunter2' }).debug(token, { given: [token] });
    assert.doesNotMatch(lines.join(''), /aaaa|bbbb|cccc|hunter2/);
  });

  it('writes text for people on one line', () => {
    const { log, lines } = record({ format: 'text' });
    log.warn('odd\nthing', { path: '/a', why: 'it is so', count: 2 });
    assert.deepEqual(lines, ['1970-01-01T00:00:00.000Z WARN  test: odd thing path=/a why="it is so" count=2\n']);
  });
});

describe('parseLogLevel', () => {
  it('takes any case', () => assert.equal(parseLogLevel(' Debug ', 'AUTOCERT_LOG_LEVEL'), 'debug'));
  it('names the source and the choices', () =>
    assert.throws(() => parseLogLevel('loud', 'AUTOCERT_LOG_LEVEL'), {
      code: 'ERR_LOG_LEVEL',
      kind: 'invalid',
      message: /^AUTOCERT_LOG_LEVEL: unknown log level "loud"/,
      hint: /debug, info, warn, error/,
    }));
});
