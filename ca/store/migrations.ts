/**
 * The migrations that make the tables, in order; the number of a migration is the version of the schema it leads to. They
 * run inside one transaction that the caller holds, after it has shut out every other process that would migrate: an
 * interrupted migration leaves the version before.
 *
 * Keep: a migration that has been released is never edited; add the next one. It only adds (tables, columns with a
 * default, indexes), so that replicas of the release before go on working while a rollout replaces them.
 */
import { type ColumnDefinitionBuilder, type Kysely, sql } from 'kysely';
import { parseCertificate } from '../../lib/x509/index.ts';
import { storeNewer, storeOutdated } from './errors.ts';
import { searchNames } from './names.ts';
import type { CaTables, ColumnTypes } from './schema.ts';

type Migration = {
  readonly name: string;
  up(database: Kysely<CaTables>, types: ColumnTypes): Promise<void>;
};

type Column = (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder;

const required: Column = (column) => column.notNull();

const migrations: readonly Migration[] = [
  {
    name: 'core',
    async up({ schema }, types) {
      const key: Column = (column) => byBytes(types)(column).primaryKey();
      await schema
        .createTable('certificates')
        .addColumn('serial', 'text', key)
        .addColumn('der', sql.raw(types.bytes), required)
        .addColumn('subject', 'text', required)
        .addColumn('not_before', types.integer, required)
        .addColumn('not_after', types.integer, required)
        .addColumn('provisioner_id', 'text')
        .addColumn('provisioner_name', 'text')
        .addColumn('provisioner_type', 'text')
        .addColumn('renews', 'text')
        .execute();
      await schema
        .createTable('used_tokens')
        .addColumn('key', 'text', key)
        .addColumn('expires_at', types.integer)
        .addColumn('used_at', types.integer, required)
        .execute();
      await schema.createIndex('used_tokens_by_end').on('used_tokens').column('expires_at').execute();
      await schema
        .createTable('revoked_certificates')
        .addColumn('serial', 'text', key)
        .addColumn('provisioner_id', 'text')
        .addColumn('reason_code', types.integer, required)
        .addColumn('reason', 'text', required)
        .addColumn('revoked_at', types.integer, required)
        .addColumn('expires_at', types.integer)
        .addColumn('token_key', 'text')
        .execute();
    },
  },
  {
    name: 'search, pruning, revocation lists',
    async up(database, types) {
      const { schema } = database;
      await schema
        .alterTable('certificates')
        .addColumn('names', 'text', (column) => byBytes(types)(column).notNull().defaultTo(''))
        .execute();
      await fillNames(database);
      await schema.createIndex('certificates_by_names').on('certificates').columns(['names', 'serial']).execute();
      await schema.createIndex('certificates_by_end').on('certificates').columns(['not_after', 'serial']).execute();
      await schema
        .createTable('revocation_lists')
        .addColumn('id', 'text', (column) => byBytes(types)(column).primaryKey())
        .addColumn('number', types.integer, required)
        .addColumn('der', sql.raw(types.bytes), required)
        .addColumn('this_update', types.integer, required)
        .addColumn('next_update', types.integer, required)
        .execute();
    },
  },
];

/** The version of the schema that this program works on. */
export const schemaVersion = migrations.length;

function byBytes({ byteOrder }: ColumnTypes): Column {
  return (column) => (byteOrder === '' ? column : column.modifyFront(sql.raw(byteOrder)));
}

const fillBatch = 1000;

/** Certificates that were kept before names were: taken out of the certificates themselves. */
async function fillNames(database: Kysely<CaTables>): Promise<void> {
  for (let after = ''; ; ) {
    const rows = await database
      .selectFrom('certificates')
      .select(['serial', 'subject', 'der'])
      .where('serial', '>', after)
      .orderBy('serial')
      .limit(fillBatch)
      .execute();
    for (const { serial, subject, der } of rows) {
      const names = searchNames(subject, sansOf(der));
      await database.updateTable('certificates').set({ names }).where('serial', '=', serial).execute();
    }
    const last = rows.at(-1);
    if (rows.length < fillBatch || !last) return;
    after = last.serial;
  }
}

function sansOf(der: Uint8Array): readonly string[] {
  try {
    const { sans } = parseCertificate(der);
    return [...sans.dns, ...sans.ip, ...sans.email, ...sans.uri];
  } catch {
    return []; // a row that nobody can read is still found by its subject
  }
}

/**
 * Brings the tables up to date. The caller holds a transaction that no other migration can run beside.
 * @param inherited version of a database that was made before versions were kept in it
 * @throws {AppError} ERR_CA_STORE_NEWER (invalid)
 */
export async function migrate(database: Kysely<CaTables>, types: ColumnTypes, inherited = 0): Promise<void> {
  await database.schema
    .createTable('schema_versions')
    .ifNotExists()
    .addColumn('version', types.integer, (column) => column.primaryKey())
    .addColumn('name', 'text', required)
    .addColumn('applied_at', types.integer, required)
    .execute();
  const found = (await readVersion(database)) || inherited;
  if (found > schemaVersion) throw storeNewer(found, schemaVersion);
  for (const [index, { name, up }] of migrations.entries()) {
    const version = index + 1;
    if (version > found) await up(database, types);
    await database
      .insertInto('schema_versions')
      .values({ version, name, applied_at: Date.now() })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

/**
 * For a program that only looks: whether the tables are those that it knows. Changes nothing.
 * @throws {AppError} ERR_CA_STORE_NEWER, ERR_CA_STORE_OUTDATED (invalid)
 */
export async function requireSchemaVersion(database: Kysely<CaTables>): Promise<void> {
  const found = await readVersion(database).catch(() => 0); // no such table
  if (found > schemaVersion) throw storeNewer(found, schemaVersion);
  if (found < schemaVersion) throw storeOutdated(found, schemaVersion);
}

async function readVersion(database: Kysely<CaTables>): Promise<number> {
  const row = await database
    .selectFrom('schema_versions')
    .select(({ fn }) => fn.max('version').as('version'))
    .executeTakeFirst();
  return row?.version ?? 0;
}
