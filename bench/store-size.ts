/**
 * Size of the CA's database after many certificates, and how long operators wait on it then: rows with a real leaf each,
 * through the store's own API, in commits as large as a busy CA makes them. Figures for docs/scaling.md.
 *
 *   node bench/store-size.ts [sqlite|postgresql] [COUNT]      a million unless given; the database is removed afterwards
 */
import { randomFillSync, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPki } from '../ca/init/pki.ts';
import { writeBackup } from '../ca/operations/backup.ts';
import type { CertificateFilter } from '../ca/operations/ports.ts';
import { openDatabase } from '../ca/store/index.ts';
import { generatePrivateKey, parsePrivateKeyPem, publicKeyDer } from '../lib/crypto/index.ts';
import { createLeafIssuer, parseCertificate, parseCertificateChainPem } from '../lib/x509/index.ts';
import { startPostgres } from '../test/peers/postgresql.ts';

const [kind = 'sqlite', countText = '1000000'] = process.argv.slice(2);
const count = Number(countText);
/** Requests in flight. */
const inFlight = 64;
/** Certificates that one commit deletes, as the running CA does. */
const batch = 100;
const dayMs = 24 * 60 * 60 * 1000;

type Database = {
  readonly config: { readonly type: string; readonly dataSource: string };
  /** Bytes of each part. */
  sizes(): Promise<Readonly<Record<string, number>>>;
  remove(): Promise<void>;
};

async function prepareSqlite(): Promise<Database> {
  const folder = mkdtempSync(join(tmpdir(), 'store-size-'));
  const path = join(folder, 'ca.db');
  return {
    config: { type: 'sqlite', dataSource: path },
    sizes: async () => ({ file: statSync(path).size, log: statSync(`${path}-wal`).size }),
    remove: async () => rmSync(folder, { recursive: true }),
  };
}

async function preparePostgres(): Promise<Database> {
  const server = await startPostgres({ fsync: true, settings: { max_wal_size: '4GB' } });
  return {
    config: { type: 'postgresql', dataSource: server.address() },
    async sizes() {
      await server.query('checkpoint');
      const rows = await server.query(
        `select relname, relkind::text as kind, pg_relation_size(oid)::float8 as bytes from pg_class
         where relnamespace = 'public'::regnamespace and pg_relation_size(oid) > 100000 order by bytes desc`,
      );
      const [whole] = await server.query('select pg_database_size(current_database())::float8 as bytes');
      return {
        database: Number(whole?.bytes),
        ...Object.fromEntries(
          rows.map(({ relname, kind, bytes }) => [`${kind === 'i' ? 'index' : 'table'} ${relname}`, Number(bytes)]),
        ),
      };
    },
    remove: () => server.remove(),
  };
}

/** A leaf as the CA issues it, with another serial number, key and signature each time it is asked for. */
async function leafMaker(): Promise<() => Buffer> {
  const pki = await createPki({ name: 'Bench', password: 'x', imported: undefined, now: Date.now() });
  const [issuer] = parseCertificateChainPem(pki.intermediatePem);
  if (!issuer) throw new TypeError('no intermediate');
  const key = await generatePrivateKey();
  const der = createLeafIssuer(issuer, parsePrivateKeyPem(pki.intermediateKeyPem, 'x')).issue({
    subject: { commonName: 'web-7d4b9c6f5-x2k8p.shop.svc.cluster.local' },
    sans: {
      dns: ['web-7d4b9c6f5-x2k8p.shop.svc.cluster.local', 'web.shop.svc.cluster.local'],
      ip: [],
      email: [],
      uri: [],
    },
    notBefore: Date.now(),
    notAfter: Date.now() + dayMs,
    publicKeyDer: publicKeyDer(key),
    provisioner: { type: 'JWK', name: 'autocert', credentialId: 'x'.repeat(43) },
  });
  const at = der.indexOf(parseCertificate(der).publicKeyDer);
  return () => {
    const copy = Buffer.from(der);
    randomFillSync(copy, at + 27, 64); // the point on the curve
    randomFillSync(copy, copy.length - 70, 70);
    return copy;
  };
}

const seconds = async <Result>(work: () => Promise<Result>): Promise<[Result, string]> => {
  const began = performance.now();
  const result = await work();
  return [result, `${((performance.now() - began) / 1000).toFixed(2)} s`];
};

const say = (label: string, value: string): void => console.log(`  ${label.padEnd(44)} ${value}`);
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

const database = kind === 'postgresql' ? await preparePostgres() : await prepareSqlite();
try {
  const makeLeaf = await leafMaker();
  const store = await openDatabase(database.config);
  console.log(`${kind}, ${count} certificates of ${makeLeaf().length} bytes, each for a one-time token`);
  let next = 0;
  const cpu = process.cpuUsage();
  const client = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      const serial = randomFillSync(Buffer.alloc(16));
      const now = Date.now();
      const name = `web-${index.toString(36)}-${serial.toString('hex', 0, 3)}.shop-${index % 500}.svc.cluster.local`;
      await store.useToken({ key: randomUUID() + randomUUID(), expiresAt: now + 300_000, usedAt: now }, () => ({
        result: undefined,
        certificate: {
          serial: BigInt(`0x${serial.toString('hex')}`).toString(),
          der: makeLeaf(),
          subject: name,
          names: [name, `web.shop-${index % 500}.svc.cluster.local`],
          notBefore: now,
          notAfter: now + dayMs + index,
          provisioner: { id: `autocert:${'x'.repeat(43)}`, name: 'autocert', type: 'JWK' },
        },
      }));
    }
  };
  const [, filled] = await seconds(async () => Promise.all(Array.from({ length: inFlight }, client)));
  const { user, system } = process.cpuUsage(cpu);
  say('written', `${filled}, ${Math.round(count / Number.parseFloat(filled))} a second`);
  say('processor time of a certificate', `${Math.round((user + system) / count)} µs`);
  for (const [part, bytes] of Object.entries(await database.sizes())) {
    say(part, `${megabytes(bytes)}, ${Math.round(bytes / count)} bytes a certificate`);
  }
  const search = async (what: string, filter: CertificateFilter): Promise<void> => {
    const [page, took] = await seconds(() => store.listCertificates(filter, Date.now(), undefined, 100));
    say(`list: ${what}`, `${took}, ${page.entries.length} found`);
  };
  await search('those that end last', {});
  await search('one name', { name: 'web.shop-7.svc.cluster.local' });
  await search('a part of a name', { name: '*-7.svc*' });
  await search('a name that is not there', { name: 'nobody.example' });
  const path = join(tmpdir(), `store-size-${process.pid}.backup`);
  const about = { schemaVersion: 0, createdAt: '' };
  const [, wrote] = await seconds(() => writeBackup(store, path, about));
  say('backup', `${wrote}, ${megabytes(statSync(path).size)}`);
  rmSync(path);
  const some = Math.min(count, 50_000);
  const [, pruned] = await seconds(async () => {
    const request = { tokensEndedBefore: 0, certificatesEndedBefore: Date.now() + 2 * dayMs + count, limit: batch };
    for (let rows = 0; rows < some; rows += batch) await store.prune(request);
  });
  say(
    `prune ${some} certificates, ${batch} at a time`,
    `${pruned}, ${((Number.parseFloat(pruned) * 1000 * batch) / some).toFixed(1)} ms each`,
  );
  say('memory of the process', megabytes(process.memoryUsage().rss));
  await store.close();
} finally {
  await database.remove();
}
