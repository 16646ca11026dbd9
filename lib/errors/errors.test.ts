import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError, describeError, isAppError, isTransient } from './index.ts';

describe('AppError', () => {
  it('is recognised by class and by code', () => {
    const error = new AppError('ERR_TEST', 'invalid', 'test: wrong');
    assert.ok(isAppError(error));
    assert.ok(isAppError(error, 'ERR_TEST'));
    assert.ok(!isAppError(error, 'ERR_OTHER'));
    assert.ok(!isAppError(new Error('test: wrong')));
  });

  it('is transient only when waiting may help', () => {
    assert.ok(isTransient(new AppError('ERR_TEST', 'unavailable', 'down')));
    assert.ok(isTransient(new AppError('ERR_TEST', 'rate-limited', 'slow down')));
    assert.ok(!isTransient(new AppError('ERR_TEST', 'unauthenticated', 'no')));
    assert.ok(!isTransient(new Error('down')));
  });
});

describe('describeError', () => {
  it('joins causes, outermost first', () => {
    const error = new AppError('ERR_TEST', 'unavailable', 'ca: unreachable', { cause: new Error('ECONNREFUSED') });
    assert.equal(describeError(error), 'ca: unreachable: ECONNREFUSED');
  });

  it('leaves out a cause that the message already repeats', () => {
    assert.equal(describeError(new Error('read: ENOENT', { cause: new Error('ENOENT') })), 'read: ENOENT');
  });

  it('ends on a cause that is its own cause', () => {
    const error = new Error('loop');
    error.cause = error;
    assert.equal(describeError(error), 'loop');
  });

  it('takes what is not an error', () => assert.equal(describeError('text'), 'text'));
});
