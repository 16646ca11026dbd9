/**
 * The provisioners of a CA in the order of ca.json: found by what a token or a certificate says, listed in pages.
 *
 * Keep: names, ids and token ids are unique, or a certificate's provisioner would be a matter of luck.
 */
import { createHash } from 'node:crypto';
import type { ProvisionerJson } from '../config/index.ts';
import type { Claims } from './claims.ts';
import { provisionerDuplicate } from './errors.ts';
import { buildProvisioner, type Provisioner } from './provisioner.ts';
import type { TemplateSources } from './templates/leaf-template.ts';

const defaultPageSize = 20;
const maxPageSize = 100;

export type ProvisionerPage = {
  readonly provisioners: readonly Provisioner[];
  /** Where the next page begins; empty at the end. */
  readonly nextCursor: string;
};

export class ProvisionerCollection {
  readonly #byId = new Map<string, Provisioner>();
  readonly #byName = new Map<string, Provisioner>();
  readonly #byKid = new Map<string, Provisioner>();
  readonly #ordered: { readonly provisioner: Provisioner; readonly order: string }[] = [];

  /** @throws {AppError} ERR_CA_PROVISIONER_DUPLICATE (invalid) */
  constructor(entries: readonly ProvisionerJson[], inherited: Claims, templates: TemplateSources) {
    for (const entry of entries) {
      const provisioner = buildProvisioner(entry, inherited, templates);
      if (provisioner) this.#add(provisioner);
    }
  }

  #add(provisioner: Provisioner): void {
    const { id, name, encryptedKey } = provisioner;
    if (this.#byId.has(id)) throw provisionerDuplicate(name, 'id');
    if (this.#byName.has(name)) throw provisionerDuplicate(name, 'name');
    this.#byId.set(id, provisioner);
    this.#byName.set(name, provisioner);
    // as in step-ca the last of two provisioners with one key answers for its encrypted form
    if (encryptedKey !== undefined) this.#byKid.set(id.slice(name.length + 1), provisioner);
    this.#ordered.push({ provisioner, order: orderKey(this.#ordered.length, id) });
  }

  get all(): readonly Provisioner[] {
    return this.#ordered.map(({ provisioner }) => provisioner);
  }

  /** By token id: `name:kid` for a JWK provisioner. */
  findById = (id: string): Provisioner | undefined => this.#byId.get(id);

  findByName = (name: string): Provisioner | undefined => this.#byName.get(name);

  /** The encrypted private key with this id. */
  findEncryptedKey = (kid: string): string | undefined => this.#byKid.get(kid)?.encryptedKey;

  /** A page that begins at `cursor`, a lower bound that need not exist. A limit of zero or less is the default. */
  page(cursor: string, limit: number): ProvisionerPage {
    const size = limit <= 0 ? defaultPageSize : Math.min(limit, maxPageSize);
    const from = cursor.padStart(40, '0');
    const start = this.#ordered.findIndex(({ order }) => order >= from);
    const rest = start < 0 ? [] : this.#ordered.slice(start);
    return {
      provisioners: rest.slice(0, size).map(({ provisioner }) => provisioner),
      nextCursor: rest[size]?.order.replace(/^0+/, '') ?? '',
    };
  }
}

/** Position, then a part of the id's SHA-1: 40 hex digits that sort in the order of the file. */
function orderKey(position: number, id: string): string {
  const sum = createHash('sha1').update(id).digest();
  sum.writeUInt32BE(position, 0);
  return sum.toString('hex');
}
