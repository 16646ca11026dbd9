/** What ca.json can say, seen from outside. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { appendFile, copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { connect, type PeerCertificate } from 'node:tls';
import { generatePrivateKey } from '../../lib/crypto/index.ts';
import { encodePem } from '../../lib/encoding/index.ts';
import { buildRootCertificate, fingerprint, oids, parseCertificateChainPem } from '../../lib/x509/index.ts';
import { leafOf, renewByToken, renewOverTls, sign, untilLogged, useCa } from './ca-fixture.ts';
import { ask, type JsonAnswer } from './ca-requests.ts';

/** What the CA shows of itself, unverified. */
async function servedCertificate(port: number): Promise<PeerCertificate> {
  const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const certificate = socket.getPeerCertificate();
  socket.destroy();
  return certificate;
}

describe('configuration', () => {
  const ca = useCa();

  it('claims of the provisioner go before those of the authority', async () => {
    const { port } = await ca.start((config) => {
      config.authority.claims = { defaultTLSCertDuration: '2h', minTLSCertDuration: '1m' };
      config.authority.provisioners[0] = {
        ...config.authority.provisioners[0],
        name: 'admin',
        claims: { maxTLSCertDuration: '3h' },
      };
    });
    const leaf = leafOf(await sign(port, ca.bench));
    assert.equal(leaf.notAfter - leaf.notBefore, 7_260_000);
    assert.match(String((await sign(port, ca.bench, { notAfter: '4h' })).body.message), /more than .* 3h1m0s/);
    assert.equal((await sign(port, ca.bench, { notAfter: '1m' })).status, 201);
  });

  it('disableRenewal, disableSmallstepExtensions and authority.template are obeyed', async () => {
    const { port } = await ca.start((config) => {
      config.authority.claims = { disableRenewal: true, disableSmallstepExtensions: true };
      config.authority.template = { organization: 'Acme', country: 'CH', commonName: 'not this' };
    });
    const leaf = leafOf(await sign(port, ca.bench));
    assert.equal(leaf.subject.text, 'CN=web.test,O=Acme,C=CH');
    assert.equal(
      leaf.extensions.some(({ oid }) => oid === oids.provisioner),
      false,
    );
    assert.equal((await renewOverTls(port, ca.bench.leaf())).status, 401);
  });

  it('allowRenewalAfterExpiry lets an expired certificate renew by token', async () => {
    const { port } = await ca.start((config) => {
      config.authority.claims = { allowRenewalAfterExpiry: true };
    });
    const leaf = ca.bench.leaf({ startsInMs: -7_200_000, endsInMs: -3_600_000 });
    assert.equal((await renewByToken(port, ca.bench.renewToken(leaf))).status, 201);
  });

  it('backdate is granted before now and on top of the maximum', async () => {
    const { port } = await ca.start((config) => {
      config.authority.backdate = '10m';
    });
    const leaf = leafOf(await sign(port, ca.bench, { notAfter: '24h' }));
    assert.equal(leaf.notAfter - leaf.notBefore, 86_400_000 + 600_000);
  });

  it('authority.audiences are taken from tokens that went by a proxy; others are refused, and the log says why', async () => {
    const process = await ca.start((config) => {
      config.authority.audiences = ['https://proxy.test/ca/'];
    });
    const { port } = process;
    const behind = (aud: string) => sign(port, ca.bench, { ott: ca.bench.token({ aud }) });
    assert.equal((await behind('https://proxy.test/ca/1.0/sign')).status, 201);
    assert.equal((await behind('https://elsewhere.test/ca/1.0/sign')).status, 401);
    await untilLogged(process, 'https://elsewhere.test/ca/1.0/sign');
    assert.match(process.output(), /elsewhere.* code=ERR_TOKEN_PROVISIONER dnsNames="\[localhost 127/);
  });

  it('authority.serverCertDuration is the life of its own certificate', async () => {
    const { port } = await ca.start((config) => {
      config.authority.serverCertDuration = '90m';
    });
    const { valid_from, valid_to } = await servedCertificate(port);
    assert.equal(Date.parse(valid_to) - Date.parse(valid_from), 91 * 60_000, 'and a minute of backdate');
  });

  it('knows the provisioner of a certificate without the extension by its database', async () => {
    const { port } = await ca.start((config) => {
      config.authority.claims = { disableSmallstepExtensions: true };
    });
    const answer = await sign(port, ca.bench, { csr: ca.bench.csr() });
    const leaf = {
      certificate: leafOf(answer),
      key: ca.bench.leaf().key,
      chainPem: (answer.body.certChain as string[]).join(''),
    };
    assert.equal((await renewByToken(port, ca.bench.renewToken(leaf))).status, 201);
  });

  it('several roots and federated roots are served, own ones alone under /roots', async () => {
    const foreign = join(ca.files.folder, 'foreign.crt');
    const key = await generatePrivateKey();
    const life = { notBefore: Date.now(), notAfter: Date.now() + 86_400_000 };
    const der = buildRootCertificate({ subject: { commonName: 'Foreign' }, key, ...life });
    await writeFile(foreign, encodePem('CERTIFICATE', der));
    const second = join(ca.files.folder, 'second.crt');
    await copyFile(join(ca.files.folder, 'certs/root_ca.crt'), second);
    await appendFile(
      second,
      encodePem('CERTIFICATE', buildRootCertificate({ subject: { commonName: 'Next' }, key, ...life })),
    );
    const { port } = await ca.start((config) => {
      config.root = [join(ca.files.folder, 'certs/root_ca.crt'), second];
      config.federatedRoots = [foreign, second];
    });
    const namesOf = ({ body }: JsonAnswer) =>
      (body.crts as string[]).flatMap((pem) => parseCertificateChainPem(pem).map(({ commonName }) => commonName));
    assert.deepEqual(namesOf(await ask(port, '/roots')), ['Peers Root CA', 'Next']);
    assert.deepEqual(namesOf(await ask(port, '/federation')), ['Peers Root CA', 'Next', 'Foreign']);
    assert.equal((await ask(port, `/root/${fingerprint(der)}`)).status, 200);
  });

  it('more than a hundred provisioners come in pages', async () => {
    const { port } = await ca.start((config) => {
      const [first] = config.authority.provisioners;
      config.authority.provisioners = Array.from({ length: 130 }, (_, index) => ({ ...first, name: `p${index}` }));
    });
    const seen: unknown[] = [];
    let cursor = '';
    do {
      const { body } = await ask(port, `/provisioners?limit=50&cursor=${cursor}`);
      seen.push(...(body.provisioners as { name: string }[]).map(({ name }) => name));
      cursor = String(body.nextCursor);
    } while (cursor !== '');
    assert.deepEqual(
      seen,
      Array.from({ length: 130 }, (_, index) => `p${index}`),
    );
  });

  it('without a database revocation is not offered', async () => {
    const { port } = await ca.start((config) => {
      delete config.db;
    });
    const ott = ca.bench.token({ sub: '5', aud: 'https://localhost/revoke' });
    const body = JSON.stringify({ serial: '5', passive: true, ott });
    assert.equal((await ask(port, '/revoke', { body })).status, 501);
  });

  it('a provisioner that cannot work is listed with the reason and refuses its tokens', async () => {
    const { port } = await ca.start((config) => {
      config.authority.provisioners.push(
        { type: 'X5C', name: 'x5c', roots: 'AA==' },
        { type: 'nothing known', name: 'unknown' },
        { ...config.authority.provisioners[0], name: 'contradiction', claims: { minTLSCertDuration: '48h' } },
      );
    });
    const { body } = await ask(port, '/provisioners');
    const states = (body.provisioners as Record<string, string>[]).map(({ name, state, stateReason }) => [
      name,
      state,
      stateReason,
    ]);
    assert.deepEqual(states.slice(0, 2), [
      ['admin', undefined, undefined],
      ['x5c', 'Uninitialized', 'X5C provisioners are not supported'],
    ]);
    assert.deepEqual(states[2]?.slice(0, 2), ['contradiction', 'Uninitialized']);
    const answer = await sign(port, ca.bench, { ott: ca.bench.token({ iss: 'contradiction' }) });
    assert.equal(answer.status, 401);
    assert.equal(answer.body.message, 'provisioner "contradiction" is disabled due to an initialization error');
  });

  it('a leaf does not outlive its issuer', async () => {
    const { port } = await ca.start((config) => {
      config.authority.claims = { maxTLSCertDuration: '200000h' };
    });
    const leaf = leafOf(await sign(port, ca.bench, { notAfter: '150000h' }));
    const [issuer] = parseCertificateChainPem(
      await readFile(join(ca.files.folder, 'certs/intermediate_ca.crt'), 'utf8'),
    );
    assert.equal(leaf.notAfter, issuer?.notAfter);
  });

  for (const [name, suffix] of [
    ['a line feed', '\n'],
    ['CRLF', '\r\n'],
    ['a no-break space', '\u00a0'],
  ]) {
    it(`a password file may end in ${name}`, async () => {
      const path = join(ca.files.folder, 'password');
      await writeFile(path, `${ca.files.password}${suffix}`);
      const { port } = await ca.restart({ ...ca.files, passwordPath: path });
      assert.equal((await ask(port, '/health')).status, 200);
    });
  }
});
