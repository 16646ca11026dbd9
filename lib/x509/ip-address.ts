/**
 * IP addresses as text and as the octets of a certificate. Reads what Go's net.ParseIP reads, since step-ca decides by
 * it what is an address: no leading zeros, no zones; an IPv4-mapped IPv6 address is the IPv4 address.
 */

/** 4 or 16 octets, or undefined when the text is no address. */
export function parseIp(text: string): Buffer | undefined {
  if (text.length > 45) return undefined;
  if (!text.includes(':')) return parseIpv4(text);
  const octets = parseIpv6(text);
  return octets?.subarray(0, 12).equals(mappedPrefix) ? octets.subarray(12) : octets;
}

/** Canonical text (RFC 5952) of 4 or 16 octets. */
export function formatIp(octets: Uint8Array): string {
  if (octets.length === 4) return `${octets[0]}.${octets[1]}.${octets[2]}.${octets[3]}`; // join() of a view is slow
  const bytes = Buffer.from(octets);
  if (bytes.subarray(0, 12).equals(mappedPrefix)) return bytes.subarray(12).join('.');
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2));
  const gap = longestZeroRun(groups);
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  if (gap.length < 2) return hex(groups);
  return `${hex(groups.slice(0, gap.start))}::${hex(groups.slice(gap.start + gap.length))}`;
}

const mappedPrefix = Buffer.from('00000000000000000000ffff', 'hex');

function parseIpv4(text: string): Buffer | undefined {
  if (!/^(?:(?:0|[1-9]\d{0,2})(?:\.|$)){4}$/.test(text) || text.endsWith('.')) return undefined;
  const octets = text.split('.').map(Number);
  return octets.every((octet) => octet <= 255) ? Buffer.from(octets) : undefined;
}

function parseIpv6(text: string): Buffer | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const parts = halves.map((half) => parseGroups(half));
  const [head, tail] = parts;
  if (!head || (halves.length === 2 && !tail)) return undefined;
  if (halves.length === 2 && endsInIpv4(halves[0] ?? '')) return undefined;
  if (!tail) return head.length === 16 ? Buffer.from(head) : undefined;
  const missing = 16 - head.length - tail.length;
  return missing >= 2 ? Buffer.from([...head, ...Array<number>(missing).fill(0), ...tail]) : undefined;
}

const endsInIpv4 = (half: string): boolean => half.includes('.');

/** Octets of colon-separated groups, the last of which may be an IPv4 address. */
function parseGroups(text: string): number[] | undefined {
  if (text === '') return [];
  const groups = text.split(':');
  const octets: number[] = [];
  for (const [index, group] of groups.entries()) {
    if (group.includes('.')) {
      const embedded = index === groups.length - 1 ? parseIpv4(group) : undefined;
      if (!embedded) return undefined;
      octets.push(...embedded);
    } else {
      if (!/^[0-9A-Fa-f]{1,4}$/.test(group)) return undefined;
      const value = Number.parseInt(group, 16);
      octets.push(value >> 8, value & 0xff);
    }
  }
  return octets.length <= 16 ? octets : undefined;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
    start += length;
  }
  return best;
}
