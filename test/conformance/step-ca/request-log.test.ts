/** The log of requests in each of the formats: what reads the log of step-ca reads ours. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { leafOf, renewOverTls, sign, untilLogged } from '../../integration/ca-fixture.ts';
import { ask } from '../../integration/ca-requests.ts';
import type { CaProcess } from '../../peers/certificate-authority.ts';
import { onEachPeer } from './peers.ts';

onEachPeer('the log of requests', (ca) => {
  /** Lines about the requests, in their order. */
  async function record(format: string): Promise<{ lines: string[]; serial: bigint; kid: string }> {
    const process = await ca.start((config) => {
      config.logger = { format };
    });
    const headers = { 'X-Request-Id': 'first', 'User-Agent': 'me "x"' };
    await ask(process.port, '/health?x=a%20b', { headers });
    const names = { sub: 'web.test', sans: ['web.test', '10.0.0.1'] };
    const csr = ca.bench.csr({ sans: names.sans });
    const leaf = leafOf(await sign(process.port, ca.bench, { csr, ott: ca.bench.token(names) }));
    await sign(process.port, ca.bench, { ott: 'no token' });
    await renewOverTls(process.port, ca.bench.leaf());
    const ott = ca.bench.token({ aud: 'https://localhost/1.0/revoke', sub: '7', sans: undefined });
    const body = { serial: '7', ott, reasonCode: 1, reason: 'lost it', passive: true };
    await ask(process.port, '/revoke', { body: JSON.stringify(body) });
    await ask(process.port, '/', { headers: { 'X-Request-Id': 'last' } });
    await untilLogged(process, 'last');
    return { lines: linesOf(process), serial: leaf.serial, kid: ca.bench.key.kid };
  }

  const linesOf = (process: CaProcess): string[] =>
    process
      .output()
      .split('\n')
      .filter((line) => /"(GET|POST) |"?method"?[:=]/.test(line));

  it('text: names and values of step-ca, sorted, in quotes where they need them', async () => {
    const { lines, serial, kid } = await record('text');
    assert.equal(lines.length, 6);
    const time = '"\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ"';
    const duration = `duration="?[\\d.]+(µs|ms)"? duration-ns=\\d+`;
    assert.match(
      lines[0] ?? '',
      new RegExp(
        `^time=${time} level=info ${duration} fields.time=${time} method=GET name=ca path="/health\\?x=a%20b" ` +
          'protocol=HTTP/1.1 referer= remote-address=127.0.0.1 request-id=first size=16 status=200 ' +
          'user-agent="me \\\\"x\\\\"" user-id=$',
      ),
    );
    const signed = lines[1] ?? '';
    for (const part of [
      ' issuer="Peers Intermediate CA" ',
      ` provisioner="admin (${kid})" `,
      ' public-key="ECDSA P-256" ',
      ' sans="map[dns:[web.test] ip:[10.0.0.1]]" ',
      ` serial=${serial} `,
      ' status=201 subject=web.test ',
    ]) {
      assert.ok(signed.includes(part), `${part}\n${signed}`);
    }
    assert.match(signed, new RegExp(` valid-from=${time} valid-to=${time}$`));
    assert.match(lines[2] ?? '', / level=warning .* status=401 /);
    assert.match(lines[4] ?? '', / mTLS=false .* passiveOnly=true .* reason="lost it" reasonCode=1 .* serial=7 /);
  });

  it('json: the same as an object', async () => {
    const { lines, serial, kid } = await record('json');
    const [health, signed, refused, renewed, revoked] = lines.map(
      (line) => JSON.parse(line) as Record<string, unknown>,
    );
    assert.ok(health && signed && refused && renewed && revoked);
    const { duration, 'duration-ns': ns, time, 'fields.time': fieldTime, ...rest } = health;
    assert.match(`${duration} ${ns} ${time} ${fieldTime}`, /^[\d.]+(µs|ms) \d+ \S+Z \S+Z$/);
    assert.deepEqual(rest, {
      level: 'info',
      method: 'GET',
      msg: '',
      name: 'ca',
      path: '/health?x=a%20b',
      protocol: 'HTTP/1.1',
      referer: '',
      'remote-address': '127.0.0.1',
      'request-id': 'first',
      size: 16,
      status: 200,
      'user-agent': 'me "x"',
      'user-id': '',
    });
    assert.deepEqual(
      [signed.serial, signed.provisioner, signed.sans, renewed.status, refused.level, revoked.reasonCode],
      [String(serial), `admin (${kid})`, { dns: ['web.test'], ip: ['10.0.0.1'] }, 201, 'warning', 1],
    );
    const names = Object.keys(signed).filter((name) => !['ott', 'certificate', 'token-id'].includes(name));
    assert.deepEqual(names, [
      ...['duration', 'duration-ns', 'fields.time', 'issuer', 'level', 'method', 'msg', 'name', 'path', 'protocol'],
      ...['provisioner', 'public-key', 'referer', 'remote-address', 'request-id', 'sans', 'serial', 'size', 'status'],
      ...['subject', 'time', 'user-agent', 'user-id', 'valid-from', 'valid-to'],
    ]);
  });

  it('common: one short line', async () => {
    const { lines } = await record('common');
    const [health = '', signed = ''] = lines;
    assert.match(
      health,
      /^first 127\.0\.0\.1 ca - \d{4}-\S+Z [\d.]+(µs|ms) "GET \/health\?x=a%20b HTTP\/1\.1" 200 16$/,
    );
    assert.match(signed, /^[\w-]{36} .* "POST \/sign HTTP\/1\.1" 201 \d{4}$/);
  });

  it('has no token in it, unlike that of step-ca', async () => {
    const { lines } = await record('text');
    assert.equal(/eyJ[\w-]+\.[\w-]+/.test(lines.join('\n')), ca.differs(true, false));
  });

  it('in an unknown format is refused at the start', async () => {
    const start = ca.start((config) => {
      config.logger = { format: 'xml' };
    });
    await assert.rejects(start, /CA ended with 2/);
  });
});
