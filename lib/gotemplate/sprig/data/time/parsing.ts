/**
 * Times in text, put where they belong: an offset or an abbreviation that the given zone has makes them times of that zone,
 * others get a zone of their own, which is as far from UTC as the text says, or not at all.
 */
import type { Budget } from '../../../limits.ts';
import { Instant, instantOfWall, type WallTime, wallNs } from './instant.ts';
import { partBytes } from './layout.ts';
import { TimeReader, Unreadable, type ZoneFields } from './reading.ts';
import { fixedZone, utc, type Zone } from './zones.ts';

/** The time, or what Go says is wrong. */
export type ParsedTime = Instant | string;

/**
 * @param zone of times that do not tell theirs
 * @param local whose abbreviations and offsets are known
 */
export function parseTime(layout: string, value: string, zone: Zone, local: Zone, budget: Budget): ParsedTime {
  budget.make((layout.length + value.length) * partBytes);
  const reader = new TimeReader(layout, value);
  try {
    reader.read();
    return placed(reader.fields, reader.wall(), zone, local, budget);
  } catch (error) {
    if (error instanceof Unreadable) return error.message;
    throw error;
  }
}

const billion = 1_000_000_000n;

function placed(fields: ZoneFields, wall: WallTime, zone: Zone, local: Zone, budget: Budget): Instant {
  const { isUtc, offset, abbreviation } = fields;
  if (isUtc) return Instant.at(wallNs(wall), utc, budget);
  if (offset !== undefined && offset !== -1) {
    const ns = wallNs(wall) - BigInt(offset) * billion;
    const shown = local.at(Number(ns / billion), budget);
    const isLocal = shown.offset === offset && (abbreviation === '' || abbreviation === shown.abbreviation);
    return Instant.at(ns, isLocal ? local : fixedZone(abbreviation, offset), budget);
  }
  if (abbreviation === '') return instantOfWall(wall, zone, budget);
  const known = offsetOfAbbreviation(local, abbreviation, wall, budget);
  if (known !== undefined) return Instant.at(wallNs(wall) - BigInt(known) * billion, local, budget);
  const hours = /^GMT(.+)$/.exec(abbreviation)?.[1];
  const guessed = hours === undefined ? 0 : Number(hours) * 3600;
  return Instant.at(wallNs(wall), fixedZone(abbreviation, guessed), budget); // the instant is that of UTC, in Go too
}

const quarter = 91 * 86_400;

/** A zone knows the abbreviations that it uses in the year around. */
function offsetOfAbbreviation(zone: Zone, wanted: string, wall: WallTime, budget: Budget): number | undefined {
  if (zone === utc) return undefined;
  const around = Number(wallNs(wall) / billion);
  const uses = [0, 1, -1, 2, -2].map((count) => zone.at(around + count * quarter, budget));
  return uses.find(({ abbreviation }) => abbreviation === wanted)?.offset;
}
