/**
 * Whatever is thrown at the CA gets a documented answer or a closed connection, a good request in between is served, and
 * the memory comes back.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import fc from 'fast-check';
import { type CaFiles, type CaProcess, initCa, startCaProcess } from '../peers/certificate-authority.ts';
import { createWorkbench, type Workbench } from './ca-beside/workbench.ts';
import { ask } from './ca-requests.ts';

const mib = 1024 * 1024;
const postPaths = ['/sign', '/renew', '/rekey', '/revoke', '/1.0/sign', '/ssh/sign', '/nosuch'];

describe('bad input', () => {
  let files: CaFiles;
  let ca: CaProcess;
  let bench: Workbench;
  before(async () => {
    files = await initCa('autocert-ca');
    bench = await createWorkbench(files);
    ca = await startCaProcess('autocert-ca', files);
  });
  after(async () => {
    await ca?.kill();
    await files?.remove();
  });

  const stillServes = async (): Promise<void> => {
    const body = JSON.stringify({ csr: bench.csr(), ott: bench.token() });
    assert.equal((await ask(ca.port, '/sign', { body })).status, 201);
  };

  const deep = (opening: string, closing: string, depth: number): string =>
    opening.repeat(depth) + closing.repeat(depth);
  const bodies: { name: string; body: () => string | Buffer; status: readonly number[] }[] = [
    { name: 'nothing', body: () => '', status: [400, 404] },
    { name: 'random bytes', body: () => randomBytes(5000), status: [400, 404] },
    { name: 'a JSON text that is cut', body: () => '{"csr":"---', status: [400, 404] },
    { name: 'a list in a list, 400 000 deep', body: () => deep('[', ']', 400_000), status: [400, 404] },
    {
      name: 'objects 100 000 deep',
      body: () => `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
      status: [400, 404],
    },
    { name: 'depth without an end', body: () => '['.repeat(500_000), status: [400, 404] },
    { name: 'bytes that are no UTF-8', body: () => Buffer.from('7b22c3283a22fffe227d', 'hex'), status: [400, 404] },
    { name: 'NUL', body: () => '{"csr":"\0"}', status: [400, 404] },
    {
      name: 'the same member a thousand times',
      body: () => `{${'"ott":"x",'.repeat(1000)}"ott":"y"}`,
      status: [400, 404],
    },
    { name: '__proto__', body: () => '{"__proto__":{"csr":"x","ott":"y"},"constructor":1}', status: [400, 404] },
    { name: 'a number without end', body: () => '9'.repeat(500_000), status: [400, 404] },
    {
      name: 'a serial number without end',
      body: () => `{"passive":true,"serial":"${'9'.repeat(500_000)}"}`,
      status: [400, 404],
    },
    {
      name: 'a PEM block without end',
      body: () => JSON.stringify({ csr: `-----BEGIN X-----\n${'A'.repeat(900_000)}` }),
      status: [400, 404],
    },
    {
      name: 'a thousand PEM beginnings',
      body: () => JSON.stringify({ csr: '-----BEGIN X-----\n'.repeat(40_000) }),
      status: [400, 404],
    },
    { name: '1 MiB and a byte', body: () => Buffer.alloc(mib + 1, 0x20), status: [413] },
    { name: '8 MiB', body: () => Buffer.alloc(8 * mib, 0x41), status: [413] },
  ];
  for (const { name, body, status } of bodies) {
    it(`answers ${name}`, async () => {
      for (const path of postPaths) {
        const answer = await ask(ca.port, path, { body: body() });
        assert.ok(status.includes(answer.status), `${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
        if (answer.status !== 404) assert.deepEqual(Object.keys(answer.body), ['status', 'message'], path);
      }
      await stillServes();
    });
  }

  it('answers any bytes as a body', async () => {
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc.json().map((text) => Buffer.from(text)),
      fc
        .record({ csr: fc.anything(), ott: fc.anything(), notAfter: fc.anything() })
        .map((value) => Buffer.from(safeJson(value))),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...postPaths), body, async (path, bytes) => {
        const { status } = await ask(ca.port, path, { body: bytes });
        assert.ok([400, 401, 404, 501].includes(status), `${path}: ${status}`);
      }),
      { numRuns: 150 },
    );
    await stillServes();
  });

  it('answers any token', async () => {
    const part = fc.oneof(
      fc.string(),
      fc.json().map((text) => Buffer.from(text).toString('base64url')),
    );
    const header = Buffer.from(JSON.stringify({ alg: 'ES256', kid: bench.key.kid })).toString('base64url');
    const token = fc.tuple(fc.oneof(fc.constant(header), part), part, part).map((parts) => parts.join('.'));
    await fc.assert(
      fc.asyncProperty(token, async (ott) => {
        const body = JSON.stringify({ csr: bench.csr(), ott });
        assert.equal((await ask(ca.port, '/sign', { body })).status, ott === '' ? 400 : 401);
        const headers = {
          Authorization: `Bearer ${Buffer.from(ott)
            .toString('latin1')
            .replace(/[^\x20-\x7e]/g, '')}`,
        };
        assert.ok([400, 401].includes((await ask(ca.port, '/renew', { method: 'POST', headers })).status));
      }),
      { numRuns: 100 },
    );
    await stillServes();
  });

  it('answers any claims under a good signature', async () => {
    const odd = fc.oneof(fc.anything(), fc.string(), fc.double(), fc.constant(undefined));
    const claims = fc.record(
      { sub: odd, sans: odd, aud: odd, exp: odd, nbf: odd, iat: odd, jti: odd, cnf: odd },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(claims, async (changes) => {
        const clean = JSON.parse(safeJson(changes)) as Record<string, unknown>;
        const body = JSON.stringify({ csr: bench.csr({ commonName: '', sans: [] }), ott: bench.token(clean) });
        const { status } = await ask(ca.port, '/sign', { body });
        assert.ok([201, 400, 401, 403].includes(status), `${status} for ${safeJson(changes)}`);
      }),
      { numRuns: 150 },
    );
    await stillServes();
  });

  it('answers any path and query', async () => {
    const path = fc.webPath().map((text) => `/${text.replace(/[^\x21-\x7e]|#/g, '')}`);
    const query = fc.webQueryParameters();
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('', '/root', '/provisioners', '/1.0/root'),
        path,
        query,
        async (prefix, tail, text) => {
          const { status } = await ask(ca.port, `${prefix}${tail}?${text}`);
          assert.ok([200, 201, 400, 404].includes(status), `${prefix}${tail}?${text}: ${status}`);
        },
      ),
      { numRuns: 150 },
    );
    for (const odd of [
      '/%',
      '/%zz',
      '/root/%00',
      '/root/%ff',
      `/root/${'a'.repeat(5000)}`,
      '/../../etc/passwd',
      '/provisioners?limit=%zz',
    ]) {
      assert.ok([200, 400, 404].includes((await ask(ca.port, odd)).status), odd);
    }
    await stillServes();
  });

  const wires: { name: string; bytes: () => string | Buffer }[] = [
    { name: 'no HTTP', bytes: () => randomBytes(2000) },
    { name: 'a header of 1 MiB', bytes: () => `GET / HTTP/1.1\r\nX: ${'a'.repeat(mib)}\r\n\r\n` },
    { name: 'ten thousand headers', bytes: () => `GET / HTTP/1.1\r\n${'A: b\r\n'.repeat(10_000)}\r\n` },
    {
      name: 'two lengths',
      bytes: () => 'POST /sign HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
    },
    {
      name: 'length and chunks',
      bytes: () => 'POST /sign HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    },
    {
      name: 'a chunk that lies',
      bytes: () => 'POST /sign HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    },
    { name: 'HTTP/2', bytes: () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' },
    { name: 'no host', bytes: () => 'GET /health HTTP/1.1\r\n\r\n' },
  ];
  for (const { name, bytes } of wires) {
    it(`answers or closes: ${name}`, async () => {
      const socket = connectTls({ host: '127.0.0.1', port: ca.port, rejectUnauthorized: false });
      socket.on('error', () => {});
      await once(socket, 'secureConnect');
      socket.write(bytes());
      const answer = await firstBytes(socket);
      assert.match(answer, /^(HTTP\/1\.1 4\d\d |HTTP\/1\.1 404 |$)/);
      socket.destroy();
      await stillServes();
    });
  }

  it('serves while 200 connections send nothing and 20 drip', async () => {
    const silent = Array.from({ length: 200 }, () => connectTcp(ca.port, '127.0.0.1'));
    await Promise.all(silent.map((socket) => once(socket, 'connect')));
    const dripping = Array.from({ length: 20 }, () =>
      connectTls({ host: '127.0.0.1', port: ca.port, rejectUnauthorized: false }),
    );
    await Promise.all(dripping.map((socket) => once(socket, 'secureConnect')));
    for (const socket of dripping) socket.write('POST /sign HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{');
    for (let count = 0; count < 20; count++) {
      for (const socket of dripping) socket.write(' ');
      await stillServes();
    }
    for (const socket of [...silent, ...dripping]) socket.destroy();
  });

  it('serves while 12 000 connections are opened and stall, more than it holds', async () => {
    const stalled: Socket[] = [];
    for (let batch = 0; batch < 120; batch++) {
      const sockets = Array.from({ length: 100 }, () =>
        connectTcp(ca.port, '127.0.0.1')
          .resume()
          .on('error', () => {}),
      );
      stalled.push(...sockets);
      await Promise.all(sockets.map((socket) => once(socket, 'connect')));
      if (batch % 20 === 19) await stillServes();
    }
    const ended = stalled.filter((socket) => !socket.closed).map((socket) => once(socket, 'close'));
    assert.ok(ended.length <= 10_000 + 1);
    for (const socket of stalled) socket.destroy();
    await Promise.all(ended);
    await stillServes();
  });

  it('serves good tokens among a flood of bad ones, and each good one once', async () => {
    const flood = new AbortController();
    const bad = JSON.stringify({ csr: bench.csr(), ott: bench.token({}, {}, await bench.keyOf('EC-P256')) });
    const statuses = new Set<number>();
    const attackers = Array.from({ length: 30 }, async () => {
      while (!flood.signal.aborted) statuses.add((await ask(ca.port, '/sign', { body: bad })).status);
    });
    for (let count = 0; count < 30; count++) await stillServes();
    flood.abort();
    await Promise.all(attackers);
    assert.deepEqual([...statuses], [401]);
  });

  it('has its memory back after 100 bodies of 8 MiB', async () => {
    const big = Buffer.alloc(8 * mib, 0x41);
    const round = async (count: number): Promise<void> => {
      for (let index = 0; index < count; index++) await ask(ca.port, '/sign', { body: big });
    };
    await round(20);
    const before = residentBytes(ca.pid);
    await round(80);
    // the collector runs when it likes: what may not happen is that they add up
    for (let waited = 0; residentBytes(ca.pid) > before + 64 * mib; waited += 100) {
      assert.ok(waited < 20_000, `${residentBytes(ca.pid)} bytes after, ${before} before`);
      await stillServes();
      await delay(100);
    }
  });

  it('never wrote a stack trace, a token or an unhandled error', () => {
    assert.doesNotMatch(ca.output(), /\n {4}at |unhandled|Unhandled|eyJ[\w-]{20,}\.[\w-]{20,}/);
  });
});

/** What JSON can say of it: cycles, bigint and symbols left out. */
function safeJson(value: unknown): string {
  try {
    return JSON.stringify(value, (_name, member) => (typeof member === 'bigint' ? String(member) : member)) ?? 'null';
  } catch {
    return '{}';
  }
}

function firstBytes(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
      resolve(text);
    });
    socket.on('close', () => resolve(text));
  });
}

const residentBytes = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
