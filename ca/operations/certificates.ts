/** `autocert-ca certificate list|search|show|export`: what the CA has issued. */
import { Command, Option } from 'commander';
import { systemClock, tryParseGoDuration } from '../../lib/time/index.ts';
import { type DatabaseFlags, useDatabase, withDatabaseFlags } from './database.ts';
import { certificateUnknown, flagInvalid } from './errors.ts';
import { write, writeOutput } from './output.ts';
import type { CertificateArchive, CertificateEntry, CertificateFilter, CertificateState, PageKey } from './ports.ts';
import { renderDetails, renderTable, toJson, toPem } from './render.ts';
import { parseSerialNumber } from './serial-number.ts';

type FilterFlags = {
  readonly name?: string;
  readonly provisioner?: string;
  readonly state?: CertificateState;
  readonly expiresIn?: string;
};
type ListFlags = DatabaseFlags & FilterFlags & { readonly limit: string; readonly json?: boolean };
type ExportFlags = DatabaseFlags &
  FilterFlags & { readonly format: 'pem' | 'der' | 'json'; readonly out?: string; readonly force?: boolean };

const looking = { migrate: false } as const;
/** Read at a time. */
const pageRows = 500;

export function certificateCommand(): Command {
  const group = new Command('certificate').description('list, search, show and export what the authority has issued');
  const add = (name: string, description: string): Command => {
    const command = withDatabaseFlags(new Command(name).description(description)).exitOverride();
    group.addCommand(command);
    return command;
  };
  withListFlags(withFilterFlags(add('list', 'list certificates, those that end last first'))).action(
    (flags: ListFlags) => list(flags, filterOf(flags)),
  );
  withListFlags(withFilterFlags(add('search', 'list certificates by a part of a name, or by serial number'), false))
    .argument('<text>', 'part of a name; * stands for any characters')
    .action((text: string, flags: ListFlags) => search(text, flags));
  add('show', 'show everything that is known of a certificate')
    .argument('<serial>', 'serial number, decimal or hexadecimal')
    .option('--json', 'as JSON')
    .action((serial: string, flags: DatabaseFlags & { readonly json?: boolean }) => show(serial, flags));
  withFilterFlags(add('export', 'write certificates as PEM, DER or JSON'))
    .argument('[serial...]', 'serial numbers; without, every certificate that the flags leave')
    .addOption(
      new Option('--format <format>', 'pem, der (one certificate) or json (one a line)')
        .choices(['pem', 'der', 'json'])
        .default('pem'),
    )
    .option('--out <file>', 'file to write (default: standard output)')
    .option('-f, --force', 'overwrite the file')
    .action(exportCertificates);
  return group;
}

function withFilterFlags(command: Command, name = true): Command {
  if (name) command.option('--name <name>', 'one of its names; * stands for any characters');
  return command
    .option('--provisioner <name>', 'issued by this provisioner')
    .addOption(new Option('--state <state>', 'valid, expired or revoked').choices(['valid', 'expired', 'revoked']))
    .option('--expires-in <duration>', 'valid now, and ending within this time, such as 8h');
}

const withListFlags = (command: Command): Command =>
  command.option('--limit <number>', 'at most so many; 0 for all', '100').option('--json', 'as a JSON array');

function filterOf({ name, provisioner, state, expiresIn }: FilterFlags): CertificateFilter {
  const now = systemClock.now();
  const within = expiresIn === undefined ? undefined : tryParseGoDuration(expiresIn);
  if (expiresIn !== undefined && (within === undefined || within < 0)) {
    throw flagInvalid('--expires-in', expiresIn, 'is not a duration such as 8h');
  }
  return {
    name,
    provisioner,
    state,
    ...(within !== undefined && { endsAfter: now, endsBefore: now + within }),
  };
}

async function search(text: string, flags: ListFlags): Promise<void> {
  const pattern = text.includes('*') ? text : `*${text}*`;
  if (/\s/.test(text.trim()) || text.trim() === '')
    throw flagInvalid('search', JSON.stringify(text), 'is not part of a name');
  if (!/^(0x)?[0-9a-f:]{16,}$/i.test(text)) return list(flags, { ...filterOf(flags), name: pattern });
  await useDatabase(flags, looking, async (database) => {
    const found = await database.findDetails(parseSerialNumber(text));
    if (found) await print([found], flags);
    else await printList(database, flags, { ...filterOf(flags), name: pattern });
  });
}

const list = (flags: ListFlags, filter: CertificateFilter): Promise<void> =>
  useDatabase(flags, looking, (database) => printList(database, flags, filter));

async function printList(database: CertificateArchive, flags: ListFlags, filter: CertificateFilter): Promise<void> {
  if (!/^\d{1,9}$/.test(flags.limit)) throw flagInvalid('--limit', flags.limit, 'is not a number');
  const limit = Number(flags.limit) || Number.POSITIVE_INFINITY;
  const entries: CertificateEntry[] = [];
  let more = false;
  for await (const entry of everyEntry(database, filter)) {
    more = entries.length >= limit;
    if (more) break;
    entries.push(entry);
  }
  await print(entries, flags);
  if (flags.json) return;
  if (more) process.stderr.write(`The first ${entries.length}; --limit 0 shows all.\n`);
  else if (entries.length === 0) process.stderr.write('No certificate fits.\n');
}

async function* everyEntry(database: CertificateArchive, filter: CertificateFilter): AsyncGenerator<CertificateEntry> {
  const now = systemClock.now();
  let after: PageKey | undefined;
  do {
    const page = await database.listCertificates(filter, now, after, pageRows);
    yield* page.entries;
    after = page.next;
  } while (after);
}

async function print(entries: readonly CertificateEntry[], { json }: Pick<ListFlags, 'json'>): Promise<void> {
  const now = systemClock.now();
  if (json)
    await write(
      `${JSON.stringify(
        entries.map((entry) => toJson(entry, now)),
        null,
        2,
      )}\n`,
    );
  else if (entries.length > 0) await write(renderTable(entries, now));
}

async function show(serial: string, flags: DatabaseFlags & { readonly json?: boolean }): Promise<void> {
  const wanted = parseSerialNumber(serial);
  const details = await useDatabase(flags, looking, (database) => database.findDetails(wanted));
  if (!details) throw certificateUnknown(serial);
  const now = systemClock.now();
  const json = () => `${JSON.stringify({ ...toJson(details, now), pem: toPem(details) }, null, 2)}\n`;
  await write(flags.json ? json() : renderDetails(details, now));
}

async function exportCertificates(serials: readonly string[], flags: ExportFlags): Promise<void> {
  const { format, out, force = false } = flags;
  if (format === 'der' && serials.length !== 1) throw flagInvalid('--format', 'der', 'holds exactly one certificate');
  if (format === 'der' && out === undefined && process.stdout.isTTY) {
    throw flagInvalid('--format', 'der', 'is nothing for a terminal; give --out');
  }
  await useDatabase(flags, looking, async (database) => {
    const parts: (string | Uint8Array)[] = [];
    const now = systemClock.now();
    for await (const serial of wantedSerials(database, serials, flags)) {
      const details = await database.findDetails(serial);
      if (!details) {
        if (serials.length > 0) throw certificateUnknown(serial);
        continue; // deleted since it was listed
      }
      const part =
        format === 'json' ? `${JSON.stringify({ ...toJson(details, now), pem: toPem(details) })}\n` : toPem(details);
      if (format === 'der') parts.push(details.der);
      else if (out !== undefined) parts.push(part);
      else if (!(await write(part))) return;
    }
    if (out !== undefined) await writeOutput(out, Buffer.concat(parts.map((part) => Buffer.from(part))), force);
    else for (const part of parts) process.stdout.write(part);
  });
}

async function* wantedSerials(
  database: CertificateArchive,
  serials: readonly string[],
  flags: FilterFlags,
): AsyncGenerator<string> {
  if (serials.length > 0) yield* serials.map(parseSerialNumber);
  else for await (const { serial } of everyEntry(database, filterOf(flags))) yield serial;
}
