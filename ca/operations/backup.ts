/**
 * A backup of the CA's database: JSON lines, the same for every database, so that a backup of SQLite can be restored into
 * PostgreSQL. Compressed with gzip.
 *
 *   {"autocertBackup":1,"schemaVersion":2,"createdAt":"…","columns":{"certificates":["serial",…],…}}
 *   ["certificates","123…",{"bytes":"MIIB…"},…]        one line a row, values in the order of the columns
 *   {"end":{"certificates":1,…},"sha256":"…"}           of every line before
 *
 * Keep: nothing is restored of a file whose end and hash are not as they were written.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import * as z from 'zod';
import { isAppError } from '../../lib/errors/index.ts';
import { backupUnusable, outputUnwritable } from './errors.ts';
import { type BackupRow, type BackupTable, backupTables, type CertificateArchive, keyColumns } from './ports.ts';

const formatVersion = 1;
const rowsPerPage = 1000;
/** Few enough parameters for one statement of either database. */
const rowsPerMerge = 500;

export type Counts = Readonly<Record<BackupTable, number>>;

const noRows = (): Record<BackupTable, number> => ({
  revocation_lists: 0,
  revoked_certificates: 0,
  used_tokens: 0,
  certificates: 0,
});

/** Writes the file as a whole or not at all, readable by its owner only. @throws {AppError} ERR_CA_OUTPUT */
export async function writeBackup(
  archive: Pick<CertificateArchive, 'readSnapshot'>,
  path: string,
  about: { readonly schemaVersion: number; readonly createdAt: string },
): Promise<Counts> {
  const part = `${path}.part-${process.pid}`;
  const counts = noRows();
  try {
    const file = await open(part, 'wx', 0o600);
    try {
      await archive.readSnapshot((read) =>
        pipeline(Readable.from(backupLines(read, about, counts)), createGzip(), (bytes) => file.writeFile(bytes)),
      );
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, path);
    await syncFolder(dirname(path));
    return counts;
  } catch (cause) {
    await rm(part, { force: true });
    throw isAppError(cause) ? cause : outputUnwritable(path, cause);
  }
}

/** After a power failure the name is there, too. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  await folder.sync().finally(() => folder.close());
}

type ReadPage = Parameters<Parameters<CertificateArchive['readSnapshot']>[0]>[0];

async function* backupLines(
  read: ReadPage,
  about: { readonly schemaVersion: number; readonly createdAt: string },
  counts: Record<BackupTable, number>,
): AsyncGenerator<string> {
  const hash = createHash('sha256');
  const seal = (lines: readonly unknown[]): string => {
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    hash.update(text);
    return text;
  };
  const columns: Partial<Record<BackupTable, string[]>> = {};
  const firstPages = new Map<BackupTable, readonly BackupRow[]>();
  for (const table of backupTables) {
    const page = await read(table, undefined, rowsPerPage);
    firstPages.set(table, page);
    columns[table] = Object.keys(page[0] ?? {});
  }
  yield seal([{ autocertBackup: formatVersion, ...about, columns }]);
  for (const table of backupTables) {
    const names = columns[table] ?? [];
    let page = firstPages.get(table) ?? [];
    firstPages.delete(table);
    while (page.length > 0) {
      counts[table] += page.length;
      yield seal(page.map((row) => [table, ...names.map((name) => encodeValue(row[name]))]));
      const last = page.at(-1)?.[keyColumns[table]];
      if (page.length < rowsPerPage || typeof last !== 'string') break;
      page = await read(table, last, rowsPerPage);
    }
  }
  yield `${JSON.stringify({ end: counts, sha256: hash.digest('hex') })}\n`;
}

function encodeValue(value: BackupRow[string] | undefined): unknown {
  return value instanceof Uint8Array ? { bytes: Buffer.from(value).toString('base64') } : (value ?? null);
}

const tableSchema = z.enum(backupTables);
const countsSchema = z.object({
  revocation_lists: z.int(),
  revoked_certificates: z.int(),
  used_tokens: z.int(),
  certificates: z.int(),
});
const headerSchema = z.object({
  autocertBackup: z.int(),
  schemaVersion: z.int(),
  createdAt: z.string(),
  columns: z.record(tableSchema, z.array(z.string().regex(/^[a-z_]+$/))),
});
const valueSchema = z.union([z.string(), z.number(), z.null(), z.object({ bytes: z.base64() })]);
const rowSchema = z.tuple([tableSchema], valueSchema);
const endSchema = z.object({ end: countsSchema, sha256: z.string() });

export type BackupHeader = z.output<typeof headerSchema>;

/**
 * Reads a file to its end, then merges its rows: what the database has stays. Safe to repeat.
 * @returns how many rows of each table were added
 * @throws {AppError} ERR_CA_BACKUP (invalid); nothing is changed then
 */
export async function restoreBackup(
  archive: Pick<CertificateArchive, 'mergeRows'>,
  path: string,
  schemaVersion: number,
): Promise<{ readonly header: BackupHeader; readonly added: Counts; readonly found: Counts }> {
  try {
    const { header, found } = await verifyBackup(path, schemaVersion);
    const added = noRows();
    let waiting: { table: BackupTable; rows: BackupRow[] } | undefined;
    const merge = async (): Promise<void> => {
      if (waiting) added[waiting.table] += await archive.mergeRows(waiting.table, waiting.rows);
      waiting = undefined;
    };
    for await (const line of readLines(path)) {
      const parsed = rowSchema.safeParse(JSON.parse(line));
      if (!parsed.success) continue; // the first and the last line
      const [table, ...values] = parsed.data;
      if (waiting && (waiting.table !== table || waiting.rows.length >= rowsPerMerge)) await merge();
      waiting ??= { table, rows: [] };
      waiting.rows.push(decodeRow(header.columns[table] ?? [], values));
    }
    await merge();
    return { header, added, found };
  } catch (cause) {
    throw isAppError(cause) ? cause : backupUnusable(path, 'cannot be read', cause);
  }
}

async function verifyBackup(path: string, known: number): Promise<{ header: BackupHeader; found: Counts }> {
  const hash = createHash('sha256');
  const found = noRows();
  let header: BackupHeader | undefined;
  let end: z.output<typeof endSchema> | undefined;
  for await (const line of readLines(path)) {
    if (end) throw backupUnusable(path, 'goes on after its end');
    const value: unknown = JSON.parse(line);
    if (!header) {
      const parsed = headerSchema.safeParse(value);
      if (!parsed.success) throw backupUnusable(path, 'is not a backup of this program');
      header = parsed.data;
      if (header.autocertBackup > formatVersion || header.schemaVersion > known) {
        throw backupUnusable(path, 'was written by a newer release');
      }
    } else if (Array.isArray(value)) {
      const row = rowSchema.safeParse(value);
      const table = row.data?.[0];
      if (!row.success || !table || value.length !== (header.columns[table]?.length ?? 0) + 1) {
        throw backupUnusable(path, 'holds a row that is not one');
      }
      found[table]++;
    } else {
      end = endSchema.safeParse(value).data;
      if (!end) throw backupUnusable(path, 'holds a line that is not one');
      continue; // the hash is of the lines before
    }
    hash.update(`${line}\n`);
  }
  if (!header || !end) throw backupUnusable(path, 'ends too early');
  const { sha256, end: counts } = end;
  if (sha256 !== hash.digest('hex') || backupTables.some((table) => counts[table] !== found[table])) {
    throw backupUnusable(path, 'is damaged: it is not what was written');
  }
  return { header, found };
}

/** No row of ours comes near; a file that is something else must not fill the memory. */
const maxLineLength = 16 * 1024 * 1024;

async function* readLines(path: string): AsyncGenerator<string> {
  const plain = createGunzip().setEncoding('utf8');
  pipeline(createReadStream(path), plain).catch(() => {}); // destroys `plain`, whose reader gets the error
  let rest = '';
  for await (const chunk of plain as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > maxLineLength) throw backupUnusable(path, 'holds a line without an end');
    yield* lines;
  }
  if (rest !== '') throw backupUnusable(path, 'ends within a line');
}

function decodeRow(columns: readonly string[], values: readonly z.output<typeof valueSchema>[]): BackupRow {
  return Object.fromEntries(
    columns.map((column, index) => {
      const value = values[index] ?? null;
      return [column, typeof value === 'object' && value !== null ? Buffer.from(value.bytes, 'base64') : value];
    }),
  );
}
