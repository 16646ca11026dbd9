import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAnswer, renderRequest } from './connection.ts';

const parse = (text: string) => {
  const answer = parseAnswer(Buffer.from(text));
  return answer && { status: answer.status, body: answer.body.toString() };
};

describe('parseAnswer', () => {
  it('waits for the whole head and the whole body', () => {
    const whole = 'HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\nbody';
    for (let length = 0; length < whole.length; length++) assert.equal(parse(whole.slice(0, length)), undefined);
    assert.deepEqual(parse(whole), { status: 201, body: 'body' });
  });

  it('joins chunks', () => {
    const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
    assert.equal(parse(`${head}3\r\nabc\r\n`), undefined);
    assert.deepEqual(parse(`${head}3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n`), { status: 200, body: 'abcde' });
  });
});

describe('renderRequest', () => {
  it('counts bytes, not characters', () => {
    assert.match(renderRequest('POST', '/', 'ä').toString(), /Content-Length: 2\r\n/);
    assert.doesNotMatch(renderRequest('GET', '/').toString(), /Content-Length/);
  });
});
