/** The queries of the issuing core, the same for every database. Their texts are made once for each. */
import type { Kysely } from 'kysely';
import type { CertificateRecord, ProvisionerRecord, Revocation, RevocationList, TokenUse } from '../authority/ports.ts';
import { plainText, searchNames, tokenKey } from './names.ts';
import { type Prepared, prepare } from './prepared.ts';
import type { CaTables } from './schema.ts';

type BySerial = { readonly serial: string };
type CertificateRow = CaTables['certificates'];
type ListRow = CaTables['revocation_lists'];

export type CoreQueries = {
  readonly provisioner: Prepared<
    BySerial,
    Pick<CertificateRow, 'provisioner_id' | 'provisioner_name' | 'provisioner_type'>
  >;
  readonly der: Prepared<BySerial, { der: Uint8Array }>;
  readonly revoked: Prepared<BySerial, { serial: string }>;
  readonly takeToken: Prepared<CaTables['used_tokens'], { key: string }>;
  readonly addCertificate: Prepared<CertificateRow, { serial: string }>;
  readonly revoke: Prepared<CaTables['revoked_certificates'], { serial: string }>;
  readonly revokedList: Prepared<
    { endedBefore: number },
    Pick<CaTables['revoked_certificates'], 'serial' | 'revoked_at' | 'reason_code' | 'expires_at'>
  >;
  readonly list: Prepared<{ id: string }, ListRow>;
  readonly replaceList: Prepared<ListRow, { id: string }>;
  readonly pruneTokens: Prepared<{ endedBefore: number; limit: number }, { key: string }>;
  readonly pruneCertificates: Prepared<{ endedBefore: number; limit: number }, { serial: string }>;
};

/** The one row of revocation_lists. */
export const listId = 'crl';

/** A row that is there already is left as it is; the query then returns none. */
export function buildCoreQueries(database: Kysely<CaTables>): CoreQueries {
  return {
    provisioner: prepare(({ serial }) =>
      database
        .selectFrom('certificates')
        .select(['provisioner_id', 'provisioner_name', 'provisioner_type'])
        .where('serial', '=', serial),
    ),
    der: prepare(({ serial }) => database.selectFrom('certificates').select('der').where('serial', '=', serial)),
    revoked: prepare(({ serial }) =>
      database.selectFrom('revoked_certificates').select('serial').where('serial', '=', serial),
    ),
    takeToken: prepare(({ key, expires_at, used_at }) =>
      database
        .insertInto('used_tokens')
        .values({ key, expires_at, used_at })
        .onConflict((conflict) => conflict.doNothing())
        .returning('key'),
    ),
    addCertificate: prepare((row) =>
      database
        .insertInto('certificates')
        .values({
          serial: row.serial,
          der: row.der,
          subject: row.subject,
          names: row.names,
          not_before: row.not_before,
          not_after: row.not_after,
          provisioner_id: row.provisioner_id,
          provisioner_name: row.provisioner_name,
          provisioner_type: row.provisioner_type,
          renews: row.renews,
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning('serial'),
    ),
    revoke: prepare((row) =>
      database
        .insertInto('revoked_certificates')
        .values({
          serial: row.serial,
          provisioner_id: row.provisioner_id,
          reason_code: row.reason_code,
          reason: row.reason,
          revoked_at: row.revoked_at,
          expires_at: row.expires_at,
          token_key: row.token_key,
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning('serial'),
    ),
    revokedList: prepare(({ endedBefore }) =>
      database
        .selectFrom('revoked_certificates')
        .select(['serial', 'revoked_at', 'reason_code', 'expires_at'])
        .where(({ eb }) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>=', endedBefore)]))
        .orderBy('revoked_at')
        .orderBy('serial'),
    ),
    list: prepare(({ id }) =>
      database
        .selectFrom('revocation_lists')
        .select(['id', 'number', 'der', 'this_update', 'next_update'])
        .where('id', '=', id),
    ),
    replaceList: prepare((row) =>
      database
        .insertInto('revocation_lists')
        .values({
          id: row.id,
          number: row.number,
          der: row.der,
          this_update: row.this_update,
          next_update: row.next_update,
        })
        .onConflict((conflict) =>
          conflict.column('id').doUpdateSet(({ ref }) => ({
            number: ref('excluded.number'),
            der: ref('excluded.der'),
            this_update: ref('excluded.this_update'),
            next_update: ref('excluded.next_update'),
          })),
        )
        .returning('id'),
    ),
    pruneTokens: prepare(({ endedBefore, limit }) =>
      database
        .deleteFrom('used_tokens')
        .where('key', 'in', (tokens) =>
          tokens
            .selectFrom('used_tokens')
            .select('key')
            .where('expires_at', '<', endedBefore)
            .orderBy('expires_at')
            .limit(limit),
        )
        .returning('key'),
    ),
    pruneCertificates: prepare(({ endedBefore, limit }) =>
      database
        .deleteFrom('certificates')
        .where('serial', 'in', (certificates) =>
          certificates
            .selectFrom('certificates')
            .select('serial')
            .where('not_after', '<', endedBefore)
            .orderBy('not_after')
            .limit(limit),
        )
        .returning('serial'),
    ),
  };
}

export const toTokenRow = ({ key, expiresAt, usedAt }: TokenUse): CaTables['used_tokens'] => ({
  key: tokenKey(key),
  expires_at: expiresAt ?? null,
  used_at: usedAt,
});

export function toCertificateRow(certificate: CertificateRecord): CertificateRow {
  const { provisioner, subject, names = [] } = certificate;
  return {
    serial: certificate.serial,
    der: certificate.der,
    subject: plainText(subject),
    names: searchNames(subject, names),
    not_before: certificate.notBefore,
    not_after: certificate.notAfter,
    provisioner_id: provisioner ? plainText(provisioner.id) : null,
    provisioner_name: provisioner ? plainText(provisioner.name) : null,
    provisioner_type: provisioner?.type ?? null,
    renews: certificate.renews ?? null,
  };
}

export const toRevocationRow = (revocation: Revocation): CaTables['revoked_certificates'] => ({
  serial: revocation.serial,
  provisioner_id: revocation.provisionerId === undefined ? null : plainText(revocation.provisionerId),
  reason_code: revocation.reasonCode,
  reason: plainText(revocation.reason),
  revoked_at: revocation.revokedAt,
  expires_at: revocation.expiresAt ?? null,
  token_key: revocation.tokenKey === undefined ? null : tokenKey(revocation.tokenKey),
});

export function toProvisioner(
  row: Pick<CertificateRow, 'provisioner_id' | 'provisioner_name' | 'provisioner_type'> | undefined,
): ProvisionerRecord | undefined {
  if (!row?.provisioner_id) return undefined;
  return { id: row.provisioner_id, name: row.provisioner_name ?? '', type: row.provisioner_type ?? '' };
}

export const toRevokedEntry = (
  row: Pick<CaTables['revoked_certificates'], 'serial' | 'revoked_at' | 'reason_code' | 'expires_at'>,
) => ({
  serial: row.serial,
  revokedAt: row.revoked_at,
  reasonCode: row.reason_code,
  expiresAt: row.expires_at ?? undefined,
});

export const toList = (row: ListRow | undefined): RevocationList | undefined =>
  row && { number: row.number, der: row.der, thisUpdate: row.this_update, nextUpdate: row.next_update };

export const toListRow = (list: RevocationList): ListRow => ({
  id: listId,
  number: list.number,
  der: list.der,
  this_update: list.thisUpdate,
  next_update: list.nextUpdate,
});
