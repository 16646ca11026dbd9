/** Item 26: the revocation list, by openssl and pkilint as well. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { dirname, join } from 'node:path';
import { it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import 'reflect-metadata';
import * as peculiar from '@peculiar/x509';
import { oids } from '../../../lib/x509/index.ts';
import { peerPath } from '../../../tools/peers/index.ts';
import { leafOf, renewOverTls, sign } from '../../integration/ca-fixture.ts';
import { ask } from '../../integration/ca-requests.ts';
import { until } from '../../integration/webhook-harness.ts';
import type { CaJson } from '../../peers/certificate-authority.ts';
import { freePort } from '../../peers/ports.ts';
import { runStep } from '../../peers/step.ts';
import { onEachPeer } from './peers.ts';
import { type RawAnswer, rawAnswer } from './raw-answer.ts';

const withList =
  (more: Record<string, unknown> = {}) =>
  (config: CaJson) => {
    config.crl = { enabled: true, idpURL: 'http://crl.test/1.0/crl', ...more };
  };

const listOf = ({ bytes }: RawAnswer): peculiar.X509Crl => new peculiar.X509Crl(bytes);
const numberOf = (list: peculiar.X509Crl): number => {
  const value = list.extensions.find(({ type }) => type === oids.crlNumber)?.value;
  assert.ok(value);
  return Buffer.from(value).readUIntBE(2, value.byteLength - 2);
};
const serialsOf = (list: peculiar.X509Crl): bigint[] =>
  list.entries.map(({ serialNumber }) => BigInt(`0x${serialNumber}`));

onEachPeer('item 26, the revocation list', (ca) => {
  const revoke = (port: number, serial: string, reasonCode = 0) =>
    ask(port, '/revoke', {
      body: JSON.stringify({
        serial,
        ott: ca.bench.token({ aud: 'https://localhost/1.0/revoke', sub: serial, sans: undefined }),
        reasonCode,
        reason: 'test',
        passive: true,
      }),
    });

  it('26: is 404 as JSON while it is not enabled', async () => {
    const { port } = await ca.start();
    for (const path of ['/crl', '/1.0/crl']) {
      const { status, body } = await ask(port, path);
      assert.deepEqual([status, body.status], [404, 404]);
      assert.match(String(body.message), /^The certificate authority received an unexpected HTTP status code - '404'/);
    }
  });

  it('26: comes as DER, and as PEM for ?pem, with the headers of step-ca', async () => {
    const { port } = await ca.start(withList());
    const [der, pem, long, head] = await Promise.all([
      rawAnswer(port, '/crl'),
      rawAnswer(port, '/1.0/crl?pem'),
      rawAnswer(port, '/crl?pem=0&x=1'),
      rawAnswer(port, '/crl', 'HEAD'),
    ]);
    const shown = ({ status, headers }: RawAnswer) => [status, headers['content-type'], headers['content-disposition']];
    assert.deepEqual(shown(der), [200, 'application/pkix-crl', 'attachment; filename="crl.crl"']);
    assert.deepEqual(shown(head), shown(der));
    for (const each of [pem, long]) {
      assert.deepEqual(shown(each), [200, 'application/x-pem-file', 'attachment; filename="crl.pem"']);
      assert.match(each.bytes.toString(), /^-----BEGIN X509 CRL-----\n[\w+/=\n]+-----END X509 CRL-----\n$/);
    }
    assert.deepEqual(listOf(pem).rawData, listOf(der).rawData);
    const { nextUpdate, thisUpdate } = listOf(der);
    assert.equal(Number(nextUpdate) - Number(thisUpdate), 24 * 3_600_000);
    const zone = ca.differs('UTC', 'GMT'); // UTC is no HTTP date (RFC 9110 5.6.7)
    assert.equal(der.headers.expires, nextUpdate?.toUTCString().replace('GMT', zone));
  });

  it('26: is verified by openssl and says what is revoked, when and why', async () => {
    const { port } = await ca.start(withList({ generateOnRevoke: true }));
    const leaf = leafOf(await sign(port, ca.bench));
    assert.equal((await revoke(port, String(leaf.serial), 4)).status, 200);
    assert.equal((await revoke(port, '0x10')).status, 403, 'the subject is decimal');
    assert.equal((await revoke(port, '16')).status, 200, 'a certificate that was issued elsewhere');
    const list = listOf(await rawAnswer(port, '/crl'));
    assert.deepEqual(serialsOf(list).sort(), [16n, leaf.serial].sort());
    const reasons = new Map(list.entries.map((entry) => [BigInt(`0x${entry.serialNumber}`), entry.reason]));
    assert.deepEqual([reasons.get(16n), reasons.get(leaf.serial)], [undefined, 4]);
    const path = join(ca.files.folder, 'list.pem');
    await writeFile(path, (await rawAnswer(port, '/crl?pem')).bytes);
    const issuer = join(ca.files.folder, 'certs/intermediate_ca.crt');
    execFileSync('openssl', ['crl', '-in', path, '-CAfile', issuer, '-verify', '-noout'], { stdio: 'pipe' });
    const shown = await runStep(['crl', 'inspect', '--insecure', '--format', 'json', path], {
      stepPath: ca.files.folder,
      cwd: ca.files.folder,
    });
    assert.equal(shown.code, 0, shown.stderr);
    assert.match(shown.stdout, /http:\/\/crl\.test\/1\.0\/crl/);
  });

  it('26: has the parts of step-ca in its order, and the linter finds nothing else in it', async () => {
    const { port } = await ca.start(withList({ generateOnRevoke: true }));
    await revoke(port, '77', 1);
    const answer = await rawAnswer(port, '/crl');
    assert.deepEqual(
      listOf(answer).extensions.map(({ type, critical }) => [type, critical]),
      [
        [oids.authorityKeyIdentifier, false],
        [oids.crlNumber, false],
        [oids.issuingDistributionPoint, true],
      ],
    );
    const path = join(ca.files.folder, 'list.crl');
    await writeFile(path, answer.bytes);
    const program = join(dirname(peerPath('lint_pkix_cert')), 'lint_crl');
    const args = ['lint', '-t', 'CRL', '-p', 'PKIX', '-s', 'WARNING', '-f', 'JSON', path];
    const { results } = JSON.parse(execFileSync(program, args, { encoding: 'utf8' })) as { results: unknown[] };
    assert.deepEqual(results, []);
  });

  it('26: counts on from the last number after a restart, with what was revoked', async () => {
    const first = await ca.start(withList({ generateOnRevoke: true }));
    await revoke(first.port, '5');
    const before = numberOf(listOf(await rawAnswer(first.port, '/crl')));
    await first.stop();
    const { port } = await ca.restart();
    const list = listOf(await rawAnswer(port, '/crl'));
    assert.deepEqual([numberOf(list), serialsOf(list)], [before + 1, [5n]]);
  });

  it('26: is made anew by the clock, and not by a revocation unless that is wanted', async () => {
    const { port } = await ca.start(withList({ cacheDuration: '4s', renewPeriod: '2s' }));
    const first = listOf(await rawAnswer(port, '/crl'));
    await revoke(port, '6');
    for (;;) {
      const list = listOf(await rawAnswer(port, '/crl'));
      if (numberOf(list) > numberOf(first)) {
        assert.deepEqual(serialsOf(list), [6n]);
        return;
      }
      assert.deepEqual(serialsOf(list), []);
      await delay(100);
    }
  });

  it('26: says where it is published: idpURL, or the first name of the CA', async () => {
    const process = await ca.start((config) => {
      withList({ idpURL: '' })(config);
    });
    const value = listOf(await rawAnswer(process.port, '/crl')).extensions.find(
      ({ type }) => type === oids.issuingDistributionPoint,
    )?.value;
    const port = ca.differs('', `:${process.port}`); // ours can be followed
    assert.ok(value);
    assert.equal(Buffer.from(value).subarray(8).toString(), `https://localhost${port}/1.0/crl`);
  });

  it('26: wants a database', async () => {
    const start = ca.start((config) => {
      withList()(config);
      delete config.db;
    });
    await assert.rejects(start, /CA ended with 2/);
  });

  it('26: comes in clear from insecureAddress, where nothing else is', async () => {
    const insecure = await freePort();
    const { port } = await ca.start((config) => {
      withList()(config);
      config.insecureAddress = `127.0.0.1:${insecure}`;
    });
    const inClear = (path: string, method = 'GET'): Promise<{ status: number; bytes: Buffer }> =>
      new Promise((resolve, reject) => {
        const outgoing = request(
          { host: '127.0.0.1', port: insecure, path, method, agent: false },
          async (response) => {
            const chunks: Buffer[] = [];
            for await (const chunk of response) chunks.push(chunk as Buffer);
            resolve({ status: response.statusCode ?? 0, bytes: Buffer.concat(chunks) });
          },
        );
        outgoing.on('error', reject).end();
      });
    // the real one says that it serves before this listener does
    await until(
      'the listener in clear',
      () => inClear('/health'),
      ({ status }) => status === 404,
    );
    assert.deepEqual((await inClear('/1.0/crl')).bytes, (await rawAnswer(port, '/crl')).bytes);
    assert.equal((await inClear('/crl', 'POST')).status, 405);
    for (const path of ['/health', '/roots.pem', '/sign', '/metrics', '/crl/']) {
      assert.equal((await inClear(path)).status, 404, path);
    }
  });

  it('26: a revoked certificate is not renewed', async () => {
    const { port } = await ca.start(withList());
    const leaf = ca.bench.leaf();
    assert.equal((await renewOverTls(port, leaf)).status, 201);
    assert.equal((await revoke(port, String(leaf.certificate.serial))).status, 200);
    assert.equal((await renewOverTls(port, leaf)).status, 401);
  });
});
