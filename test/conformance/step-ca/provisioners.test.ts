/** Items 22 to 25: the listing and its pages, keys by their id, provisioners by file, and what else ca.json may hold. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { createFakeIssuer } from '../../../lib/certificate-files/fake-issuer.ts';
import { decryptProvisionerKey } from '../../../lib/jwk-provisioner/index.ts';
import { fingerprint, parseCertificateChainPem } from '../../../lib/x509/index.ts';
import { leafOf, sign } from '../../integration/ca-fixture.ts';
import { ask } from '../../integration/ca-requests.ts';
import { step } from '../../peers/step.ts';
import { onOneCa } from './one-ca.ts';
import { onEachPeer, reload } from './peers.ts';

const logs = ' Please see the certificate authority logs for more info.';
const total = 230;
const nameOf = (index: number) => `provisioner ${index}`;

type Listing = { provisioners: { name: string }[]; nextCursor: string };

const fingerprintOf = async (folder: string): Promise<string> => {
  const [root] = parseCertificateChainPem(await readFile(join(folder, 'certs/root_ca.crt'), 'utf8'));
  return fingerprint(root?.der ?? Buffer.alloc(0));
};

/** The real CLI in a folder of its own, that trusts the CA. */
async function bootstrapped(folder: string, port: number): Promise<(...args: string[]) => Promise<string>> {
  const options = { stepPath: join(folder, 'client'), cwd: folder };
  const args = ['--ca-url', `https://localhost:${port}`, '--fingerprint', await fingerprintOf(folder), '--force'];
  await step(['ca', 'bootstrap', ...args], options);
  return (...more) => step(['ca', ...more], options);
}

onOneCa(
  'many provisioners',
  (ca) => {
    const page = async (query: string): Promise<Listing> => {
      const { status, body } = await ask(ca.port, `/provisioners${query}`);
      assert.equal(status, 200);
      return body as Listing;
    };
    const namesOf = ({ provisioners }: Listing) => provisioners.map(({ name }) => name);
    const all = ['admin', ...Array.from({ length: total - 1 }, (_value, index) => nameOf(index + 1))];

    it('22: the CLI lists more than two pages, in the order of the file', async () => {
      const cli = await bootstrapped(ca.files.folder, ca.port);
      const listed = JSON.parse(await cli('provisioner', 'list')) as { name: string }[];
      assert.deepEqual(
        listed.map(({ name }) => name),
        all,
      );
    });

    it('22: pages follow each other by their cursor, to the empty one', async () => {
      const seen: string[] = [];
      for (let cursor = ''; ; ) {
        const next = await page(`?limit=100&cursor=${cursor}`);
        seen.push(...namesOf(next));
        cursor = next.nextCursor;
        if (cursor === '') break;
        assert.match(cursor, /^[1-9a-f][0-9a-f]{32,39}$/, 'a key of the order, without the zeros before it');
      }
      assert.deepEqual(seen, all);
    });

    it('22: a page has 20, as many as are wanted, and 100 at most', async () => {
      for (const [query, count] of [
        ['', 20],
        ['?limit=', 20],
        ['?limit=0', 20],
        ['?limit=-1', 20],
        ['?limit=7', 7],
        ['?limit=100', 100],
        ['?limit=1000', 100],
      ] as const) {
        const listing = await page(query);
        assert.deepEqual(namesOf(listing), all.slice(0, count), query);
      }
    });

    it('22: a limit that is none is 400', async () => {
      const { status, body } = await ask(ca.port, '/provisioners?limit=abc');
      assert.deepEqual(
        [status, body.message],
        [400, "The request could not be completed: limit 'abc' is not an integer."],
      );
    });

    it('22: a cursor is a lower bound, whatever it is', async () => {
      const { nextCursor } = await page('?limit=5');
      assert.deepEqual(namesOf(await page(`?limit=2&cursor=${nextCursor}`)), all.slice(5, 7));
      assert.deepEqual(namesOf(await page(`?limit=2&cursor=${nextCursor.padStart(40, '0')}`)), all.slice(5, 7));
      assert.deepEqual(namesOf(await page('?limit=2&cursor=0')), all.slice(0, 2));
      const end = await page(`?cursor=${'f'.repeat(40)}`);
      assert.deepEqual([end.provisioners ?? [], end.nextCursor], [[], '']);
    });
  },
  (config) => {
    const [admin] = config.authority.provisioners;
    assert.ok(admin);
    for (let index = 1; index < total; index++) config.authority.provisioners.push({ ...admin, name: nameOf(index) });
  },
);

onEachPeer('provisioners', (ca) => {
  const keyOf = (port: number, kid: string) => ask(port, `/provisioners/${kid}/encrypted-key`);

  it('23: a key by an id with - and _, and 404 for an unknown one', async () => {
    const kid = 'a-b_c-D_e';
    const { port } = await ca.start((config) => {
      for (const provisioner of config.authority.provisioners)
        provisioner.key = { ...(provisioner.key as object), kid };
    });
    const { status, body } = await keyOf(port, kid);
    assert.deepEqual([status, Object.keys(body)], [200, ['key']]);
    assert.equal((await decryptProvisionerKey(String(body.key), ca.files.password)).kid, ca.bench.key.kid);
    assert.equal((await sign(port, ca.bench, { ott: ca.bench.token({}, { kid }) })).status, 201);
    for (const unknown of [ca.bench.key.kid, 'x', 'a-b_c-D_E']) {
      const missing = await keyOf(port, unknown);
      assert.deepEqual(
        [missing.status, missing.body.message],
        [404, `The requested resource could not be found.${logs}`],
      );
    }
  });

  it('23: two provisioners with one key are two', async () => {
    const { port } = await ca.start((config) => {
      const [admin] = config.authority.provisioners;
      assert.ok(admin);
      config.authority.provisioners.push({ ...admin, name: 'second', claims: { defaultTLSCertDuration: '1h' } });
    });
    const { kid } = ca.bench.key;
    assert.equal((await keyOf(port, kid)).status, 200);
    for (const [iss, minutes] of [
      ['admin', 24 * 60 + 1],
      ['second', 61],
    ] as const) {
      const leaf = leafOf(await sign(port, ca.bench, { ott: ca.bench.token({ iss }) }));
      assert.deepEqual([leaf.provisioner?.name, (leaf.notAfter - leaf.notBefore) / 60_000], [iss, minutes]);
    }
  });

  it('24: without the admin API its paths are 404, so that the CLI edits the file', async () => {
    const process = await ca.start();
    for (const path of ['/admin/admins', '/admin/provisioners/admin', '/admin/policy']) {
      assert.equal((await ask(process.port, path)).status, 404, path);
    }
    const cli = await bootstrapped(ca.files.folder, process.port);
    const config = ['--ca-config', ca.files.configPath];
    const password = ['--password-file', ca.files.passwordPath];
    await cli('provisioner', 'add', 'second', '--create', ...password, ...config);
    await cli('provisioner', 'update', 'second', '--x509-default-dur', '2h', ...config);
    const listed = async () =>
      ((await ask(process.port, '/provisioners')).body as Listing).provisioners.map(({ name }) => name);
    assert.deepEqual(await listed(), ['admin']);
    await reload(process, async () => (await listed()).length === 2);
    const signed = ['--provisioner', 'second', '--provisioner-password-file', ca.files.passwordPath];
    await cli('certificate', 'web.test', 'second.crt', 'second.key', '--force', ...signed);
    const [leaf] = parseCertificateChainPem(await readFile(join(ca.files.folder, 'second.crt'), 'utf8'));
    assert.deepEqual([leaf?.provisioner?.name, leaf && (leaf.notAfter - leaf.notBefore) / 60_000], ['second', 121]);
    await cli('provisioner', 'remove', 'second', ...config);
    await reload(process, async () => (await listed()).length === 1);
  });

  it('25: several roots, a bundle of federated ones, and a provisioner of a type that nobody knows', async () => {
    const [next, east, west] = [1, 2, 3].map(() => createFakeIssuer(Date.now()).rootPem);
    await writeFile(join(ca.files.folder, 'next.crt'), next ?? '');
    await writeFile(join(ca.files.folder, 'federated.crt'), `${east}${west}`);
    const own = join(ca.files.folder, 'certs/root_ca.crt');
    const first = await ca.start((config) => {
      config.root = [own, join(ca.files.folder, 'next.crt')];
      config.federatedRoots = [join(ca.files.folder, 'federated.crt')];
      config.authority.provisioners.push({ type: 'NoSuchType', name: 'odd', anything: { of: ['it'] } });
      config.noSuchMember = { a: 1 };
    });
    const check = async (port: number, names: readonly string[]): Promise<void> => {
      const ownPem = await readFile(own, 'utf8');
      const roots = (await ask(port, '/roots')).body.crts as string[];
      assert.deepEqual(sorted(roots), sorted([ownPem, next]));
      const federation = (await ask(port, '/federation')).body.crts as string[];
      assert.deepEqual(sorted(federation), sorted([ownPem, next, east, west]));
      const [certificate] = parseCertificateChainPem(west ?? '');
      const { body } = await ask(port, `/root/${fingerprint(certificate?.der ?? Buffer.alloc(0))}`);
      assert.equal(String(body.ca).trim(), west?.trim());
      const listing = (await ask(port, '/provisioners')).body as Listing;
      assert.deepEqual(
        listing.provisioners.map(({ name }) => name),
        names,
      );
      assert.equal((await sign(port, ca.bench)).status, 201);
    };
    await check(first.port, ['admin']);

    const cli = await bootstrapped(ca.files.folder, first.port);
    const password = ['--password-file', ca.files.passwordPath, '--ca-config', ca.files.configPath];
    await cli('provisioner', 'add', 'second', '--create', ...password);
    assert.doesNotMatch(await readFile(ca.files.configPath, 'utf8'), /noSuchMember/, 'step has written it anew');
    await first.stop();
    const again = await ca.restart();
    await check(again.port, ['admin', 'second']);
  });
});

const sorted = (pems: readonly (string | undefined)[]): string[] => pems.map((pem) => String(pem).trim()).sort();
