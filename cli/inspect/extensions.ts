/** Extensions a reader cares about, decoded for showing (RFC 5280 4.2, step's own). What cannot be read stays raw. */
import { contextTag, DerReader, Tag } from '../../lib/encoding/index.ts';
import { oids, parseProvisionerExtension } from '../../lib/x509/index.ts';
import type { ExtensionView } from './view.ts';

export type ExtensionContent =
  | { readonly kind: 'subject-key-id' | 'authority-key-id'; readonly id: Buffer }
  | { readonly kind: 'key-usage'; readonly bits: readonly number[] }
  | { readonly kind: 'subject-alt-name'; readonly otherNames: readonly OtherName[] }
  | { readonly kind: 'basic-constraints'; readonly isCa: boolean; readonly pathLength: number | undefined }
  | { readonly kind: 'name-constraints'; readonly permitted: readonly string[]; readonly excluded: readonly string[] }
  | { readonly kind: 'crl-distribution-points'; readonly urls: readonly string[] }
  | { readonly kind: 'certificate-policies' | 'extended-key-usage'; readonly oids: readonly string[] }
  | { readonly kind: 'authority-info-access'; readonly ocsp: readonly string[]; readonly issuers: readonly string[] }
  | {
      readonly kind: 'step-provisioner';
      readonly type: string;
      readonly name: string;
      readonly credentialId: string;
      readonly pairs: readonly string[];
    }
  | { readonly kind: 'unknown' };

export type OtherName = { readonly oid: string; readonly value: Buffer };

export function decodeExtension(extension: ExtensionView): ExtensionContent {
  try {
    return decode(extension);
  } catch {
    return { kind: 'unknown' }; // shown raw: inspecting must work for broken certificates above all
  }
}

function decode({ oid, value }: ExtensionView): ExtensionContent {
  const reader = new DerReader(value, 'extension');
  switch (oid) {
    case oids.subjectKeyIdentifier:
      return { kind: 'subject-key-id', id: reader.read(Tag.octetString).content };
    case oids.authorityKeyIdentifier:
      return {
        kind: 'authority-key-id',
        id: reader.enter(Tag.sequence).readOptional(contextTag(0, false))?.content ?? Buffer.alloc(0),
      };
    case oids.keyUsage:
      return { kind: 'key-usage', bits: setBits(reader.read(Tag.bitString).content) };
    case oids.subjectAltName:
      return { kind: 'subject-alt-name', otherNames: readOtherNames(reader.enter(Tag.sequence)) };
    case oids.basicConstraints: {
      const constraints = reader.enter(Tag.sequence);
      const isCa = constraints.readOptional(Tag.boolean)?.content[0] === 0xff;
      return {
        kind: 'basic-constraints',
        isCa,
        pathLength: constraints.atEnd ? undefined : Number(constraints.readInteger()),
      };
    }
    case oids.nameConstraints: {
      const constraints = reader.enter(Tag.sequence);
      return {
        kind: 'name-constraints',
        permitted: readSubtrees(constraints, 0),
        excluded: readSubtrees(constraints, 1),
      };
    }
    case oids.crlDistributionPoints:
      return { kind: 'crl-distribution-points', urls: findUris(reader.enter(Tag.sequence)) };
    case oids.certificatePolicies:
      return {
        kind: 'certificate-policies',
        oids: readEach(reader.enter(Tag.sequence), (item) => item.enter(Tag.sequence).readOid()),
      };
    case oids.extendedKeyUsage:
      return { kind: 'extended-key-usage', oids: readEach(reader.enter(Tag.sequence), (item) => item.readOid()) };
    case oids.authorityInfoAccess:
      return readAccess(reader.enter(Tag.sequence));
    case oids.provisioner: {
      const { type, keyValuePairs = [], ...rest } = parseProvisionerExtension(value);
      return { kind: 'step-provisioner', type: type === 'none' ? 'NOOP' : type, pairs: keyValuePairs, ...rest };
    }
    default:
      return { kind: 'unknown' };
  }
}

function readEach<T>(reader: DerReader, read: (reader: DerReader) => T): T[] {
  const items: T[] = [];
  while (!reader.atEnd) items.push(read(reader));
  return items;
}

/** Numbers of the bits that are set in a BIT STRING. */
function setBits(content: Buffer): number[] {
  const bits: number[] = [];
  for (let bit = 0; bit < (content.length - 1) * 8; bit++) {
    if (((content[1 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) !== 0) bits.push(bit);
  }
  return bits;
}

function readOtherNames(names: DerReader): OtherName[] {
  return readEach(names, (reader) => reader.read())
    .filter(({ tag }) => tag === contextTag(0, true))
    .map(({ content }) => {
      const name = new DerReader(content, 'other name');
      return { oid: name.readOid(), value: name.read(contextTag(0, true)).content };
    });
}

/** GeneralSubtrees [0] permitted, [1] excluded (RFC 5280 4.2.1.10), as `DNS:…`, `Email:…`, `URI:…`, `IP:…`. */
function readSubtrees(constraints: DerReader, number: 0 | 1): string[] {
  const subtrees = constraints.readOptional(contextTag(number, true));
  if (!subtrees) return [];
  return readEach(new DerReader(subtrees.content, 'name constraints'), (reader) => {
    const { tag, content } = reader.enter(Tag.sequence).read();
    if (tag === contextTag(2, false)) return `DNS:${content}`;
    if (tag === contextTag(1, false)) return `Email:${content}`;
    if (tag === contextTag(6, false)) return `URI:${content}`;
    if (tag === contextTag(7, false)) return `IP:${addressRange(content)}`;
    return `0x${content.toString('hex')}`;
  });
}

/** Address and mask, half and half, as address/prefix. */
function addressRange(content: Buffer): string {
  const [address, mask] = [content.subarray(0, content.length / 2), content.subarray(content.length / 2)];
  const prefix = [...mask].reduce((bits, byte) => bits + byte.toString(2).replaceAll('0', '').length, 0);
  if (address.length === 4) return `${[...address].join('.')}/${prefix}`;
  const groups = address.toString('hex').match(/.{4}/g) ?? [];
  return `${URL.parse(`http://[${groups.join(':')}]`)?.hostname.slice(1, -1) ?? address.toString('hex')}/${prefix}`;
}

/** Every URI [6] below a value, however deep its wrapping. */
function findUris(reader: DerReader): string[] {
  return readEach(reader, (item) => item.read()).flatMap(({ tag, content }) => {
    if (tag === contextTag(6, false)) return [content.toString('utf8')];
    return (tag & 0x20) !== 0 ? findUris(new DerReader(content, 'extension')) : [];
  });
}

function readAccess(descriptions: DerReader): ExtensionContent {
  const found = readEach(descriptions, (reader) => {
    const description = reader.enter(Tag.sequence);
    return { method: description.readOid(), location: description.read() };
  });
  const urls = (method: string): string[] =>
    found
      .filter((item) => item.method === method && item.location.tag === contextTag(6, false))
      .map(({ location }) => location.content.toString('utf8'));
  return { kind: 'authority-info-access', ocsp: urls('1.3.6.1.5.5.7.48.1'), issuers: urls('1.3.6.1.5.5.7.48.2') };
}
