/** Distinguished names as the JSON of step's templates and webhooks has them. */
import type { DistinguishedName } from '../../../lib/x509/index.ts';

/** Members that are empty are left out. */
export type NameJson = {
  readonly country?: readonly string[];
  readonly organization?: readonly string[];
  readonly organizationalUnit?: readonly string[];
  readonly locality?: readonly string[];
  readonly province?: readonly string[];
  readonly streetAddress?: readonly string[];
  readonly postalCode?: readonly string[];
  readonly serialNumber?: string;
  readonly commonName?: string;
  /** Attributes that have no member of their own. */
  readonly extraNames?: readonly { readonly type: string; readonly value: unknown }[];
};

const lists = {
  '2.5.4.6': 'country',
  '2.5.4.10': 'organization',
  '2.5.4.11': 'organizationalUnit',
  '2.5.4.7': 'locality',
  '2.5.4.8': 'province',
  '2.5.4.9': 'streetAddress',
  '2.5.4.17': 'postalCode',
} as const;

const singles = { '2.5.4.5': 'serialNumber', '2.5.4.3': 'commonName' } as const;

export function showName({ rdns }: DistinguishedName): NameJson {
  const attributes = rdns.flat();
  const valuesOf = (wanted: string): string[] =>
    attributes.filter(({ oid }) => oid === wanted).map(({ value }) => value);
  const extra = attributes.filter(({ oid }) => !(oid in lists) && !(oid in singles));
  return {
    ...Object.fromEntries(
      Object.entries(lists)
        .map(([oid, member]) => [member, valuesOf(oid)] as const)
        .filter(([, values]) => values.length > 0),
    ),
    ...Object.fromEntries(
      Object.entries(singles)
        .map(([oid, member]) => [member, valuesOf(oid).at(-1) ?? ''] as const)
        .filter(([, value]) => value !== ''),
    ),
    ...(extra.length > 0 ? { extraNames: extra.map(({ oid, value }) => ({ type: oid, value })) } : {}),
  };
}
