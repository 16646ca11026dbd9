/**
 * Time zones: UTC, which is the local zone too, fixed offsets, and those of IANA as Intl knows them. Abbreviations are those
 * that English speakers of some region use; where Intl knows none they are numbers, as in most zones of IANA.
 *
 * Keep: a formatter of Intl is large and slow to make. Only a few are kept, and making one costs many steps.
 */
import type { Budget } from '../../../limits.ts';

/** What a clock shows at an instant, in seconds east of UTC. */
export type ZoneTime = { readonly abbreviation: string; readonly offset: number };

export type Zone = {
  readonly name: string;
  /** @param seconds since 1970 */
  readonly at: (seconds: number, budget: Budget) => ZoneTime;
};

const constant = (name: string, abbreviation: string, offset: number): Zone => {
  const time: ZoneTime = { abbreviation, offset };
  return { name, at: () => time };
};

export const utc: Zone = constant('UTC', 'UTC', 0);

/** Intl has no other name for it than UTC. */
const gmt: Zone = constant('GMT', 'GMT', 0);

/** Its times have no abbreviation when the name is empty. */
export const fixedZone = (name: string, offset: number): Zone => constant(name, name, offset);

/** The zone, or Go's complaint. */
export function loadZone(name: string, budget: Budget): Zone | string {
  if (name === '' || name === 'UTC' || name === 'Local') return utc;
  if (name === 'GMT' || name === 'Etc/GMT') return gmt;
  if (/\.\.|^[/\\]/.test(name)) return 'time: invalid location name';
  return ianaZone(name, budget) ?? `unknown time zone ${name}`;
}

/** Regions whose English has abbreviations for zones of its own. */
const regions = ['en-US', 'en-CA', 'en-GB', 'en-AU', 'en-NZ', 'en-IN', 'en-ZA', 'en-KE', 'ja-JP'] as const;

type Formatters = { readonly offset: Intl.DateTimeFormat; readonly names: readonly Intl.DateTimeFormat[] };

const kept = new Map<string, Formatters>();
const maxKept = 16;
/** About the time of so many nodes that are walked. */
const loadSteps = 2_000;
const checkSteps = 400;
const lookupSteps = 80;

function formattersOf(name: string, budget: Budget): Formatters {
  const known = kept.get(name);
  if (known) return known;
  budget.step(loadSteps);
  const formatter = (locale: string, timeZoneName: 'short' | 'longOffset'): Intl.DateTimeFormat =>
    new Intl.DateTimeFormat(locale, { timeZone: name, timeZoneName });
  const made: Formatters = {
    offset: formatter('en-US', 'longOffset'),
    names: regions.map((region) => formatter(region, 'short')),
  };
  const [oldest] = kept.keys();
  if (kept.size >= maxKept && oldest !== undefined) kept.delete(oldest);
  kept.set(name, made);
  return made;
}

/** Names of IANA are files to Go: their case counts. Intl does not mind it, and takes offsets too. */
const ianaName = /^[A-Z][A-Za-z0-9+-]*([/_-][A-Za-z0-9+-]+)*$/;

function isIanaName(name: string, budget: Budget): boolean {
  if (name.length > 64 || !ianaName.test(name) || /\/[a-z]/.test(name)) return false;
  budget.step(checkSteps);
  try {
    const canonical = new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone;
    return canonical === name || canonical.toLowerCase() !== name.toLowerCase();
  } catch {
    return false; // Intl says so with a RangeError
  }
}

function ianaZone(name: string, budget: Budget): Zone | undefined {
  if (!kept.has(name) && !isIanaName(name, budget)) return undefined;
  return {
    name,
    at: (seconds, spending) => {
      spending.step(lookupSteps);
      const { offset: offsets, names } = formattersOf(name, spending);
      const date = new Date(Math.max(-maxDateMs, Math.min(maxDateMs, seconds * 1000)));
      const offset = offsetOf(zoneName(offsets, date));
      if (offset % 60) return { offset, abbreviation: 'LMT' };
      const alike = recent.filter((each) => offsetOf(zoneName(offsets, each)) === offset);
      const abbreviation = [date, ...alike].flatMap((each) => abbreviationAt(names, each) ?? [])[0];
      return { offset, abbreviation: abbreviation ?? numeric(offset) };
    },
  };
}

/** Intl has no names for times before 1970 and long after today: those of a winter and a summer with the same offset. */
const recent = [new Date('2024-01-01'), new Date('2024-07-01')];

const abbreviationAt = (names: readonly Intl.DateTimeFormat[], date: Date): string | undefined =>
  names.map((each) => zoneName(each, date)).find((each) => /^[A-Z]{3,5}$/.test(each));

/** Of JavaScript's dates. */
const maxDateMs = 8.64e15;

const zoneName = (formatter: Intl.DateTimeFormat, date: Date): string =>
  formatter.formatToParts(date).find((part) => part.type === 'timeZoneName')?.value ?? '';

/** Of `GMT+05:30`. */
function offsetOf(text: string): number {
  const [, sign, hours = '0', minutes = '0', seconds = '0'] = /([+-])(\d+):(\d+)(?::(\d+))?/.exec(text) ?? [];
  const magnitude = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return sign === '-' ? -magnitude : magnitude;
}

const two = (value: number): string => String(value).padStart(2, '0');

function numeric(offset: number): string {
  const minutes = Math.abs(offset) / 60;
  const rest = minutes % 60;
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}${rest ? two(rest) : ''}`;
}
