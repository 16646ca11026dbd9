/**
 * What a renewal has to know of a certificate, in one way to the server for all who ask at the same time: whether it is
 * revoked, and who issued it.
 *
 * Keep: revocation is asked of the database every time. Who issued a certificate never changes, so that the answer is
 * remembered for the question that follows.
 */

import { type Kysely, sql } from 'kysely';
import type { ProvisionerRecord } from '../../authority/ports.ts';
import { GroupCommit, type Outcome } from '../group-commit.ts';
import { type Prepared, prepare } from '../prepared.ts';
import { toProvisioner } from '../queries.ts';
import type { CaTables } from '../schema.ts';

type Row = Pick<CaTables['certificates'], 'serial' | 'provisioner_id' | 'provisioner_name' | 'provisioner_type'> & {
  readonly revoked: boolean;
};
type Query = Prepared<{ readonly serials: readonly string[] }, Row>;
type Facts = { readonly revoked: boolean; readonly provisioner: ProvisionerRecord | undefined };

export const buildLookUpQuery = (database: Kysely<CaTables>): Query =>
  prepare(({ serials }) => ({
    compile: () =>
      sql<Row>`
        select serial, provisioner_id, provisioner_name, provisioner_type, false as revoked
        from certificates where serial = any(${serials}::text[])
        union all
        select serial, null, null, null, true from revoked_certificates where serial = any(${serials}::text[])`.compile(
        database,
      ),
  }));

const maxRemembered = 1000;

export class LookUps {
  readonly #questions: GroupCommit<string>;
  readonly #provisioners = new Map<string, ProvisionerRecord>();

  constructor(ask: (serials: readonly string[]) => Promise<readonly Row[]>) {
    this.#questions = new GroupCommit(async (serials) => answers(serials, await ask([...new Set(serials)])), {
      maxChanges: 256,
      maxCommits: 4,
    });
  }

  async isRevoked(serial: string): Promise<boolean> {
    const { revoked, provisioner } = await this.#questions.add<Facts>(serial);
    if (provisioner) this.#remember(serial, provisioner);
    return revoked;
  }

  async findProvisioner(serial: string): Promise<ProvisionerRecord | undefined> {
    return this.#provisioners.get(serial) ?? (await this.#questions.add<Facts>(serial)).provisioner;
  }

  idle(): Promise<void> {
    return this.#questions.idle();
  }

  #remember(serial: string, provisioner: ProvisionerRecord): void {
    const [oldest] = this.#provisioners.keys();
    if (oldest !== undefined && this.#provisioners.size >= maxRemembered) this.#provisioners.delete(oldest);
    this.#provisioners.set(serial, provisioner);
  }
}

function answers(serials: readonly string[], rows: readonly Row[]): Outcome[] {
  const revoked = new Set(rows.filter((row) => row.revoked).map(({ serial }) => serial));
  const issued = new Map(rows.filter((row) => !row.revoked).map((row) => [row.serial, row]));
  return serials.map((serial): Outcome => {
    const facts: Facts = { revoked: revoked.has(serial), provisioner: toProvisioner(issued.get(serial)) };
    return { value: facts };
  });
}
