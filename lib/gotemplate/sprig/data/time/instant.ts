/** A value of Go's time.Time: an instant and the zone it is shown in. */
import type { Budget } from '../../../limits.ts';
import { Integer, int64, integerOf, Struct, type TypedMethod, type Value } from '../../../values.ts';
import { intArgument, textArgument } from '../declare.ts';
import { civilOfDays, dayNames, daysOfCivil, monthNames, weekdayOf, yearDayOf } from './calendar.ts';
import { clampDuration, durationValue } from './durations.ts';
import { type ClockTime, formatLayout, partBytes, partsOf } from './layout.ts';
import { utc, type Zone } from './zones.ts';

const billion = 1_000_000_000n;
const daySeconds = 86_400;
/** Seconds from the year 1, where Go's count begins, to 1970. */
const unixToGo = 62_135_596_800n;

export const zeroInstantNs: bigint = -unixToGo * billion;

const stringParts = partsOf('2006-01-02 15:04:05.999999999 -0700 MST');
const jsonParts = partsOf('2006-01-02T15:04:05.999999999Z07:00');

export class Instant extends Struct {
  /** Nanoseconds since 1970. */
  readonly ns: bigint;
  readonly zone: Zone;
  readonly clock: ClockTime;
  /** Why there is no JSON of it. */
  readonly jsonProblem: string | undefined;

  private constructor(ns: bigint, zone: Zone, clock: ClockTime) {
    super(
      'time.Time',
      {},
      {
        methods,
        text: formatLayout(clock, stringParts),
        jsonValue: formatLayout(clock, jsonParts),
        identity: `${ns} ${zone.name} ${clock.offset}`,
      },
    );
    this.ns = ns;
    this.zone = zone;
    this.clock = clock;
    this.jsonProblem = jsonProblemOf(clock);
  }

  static at(ns: bigint, zone: Zone, budget: Budget): Instant {
    budget.make(instantBytes);
    const seconds = floorDivide(ns, billion);
    return new Instant(ns, zone, clockOf(seconds, Number(ns - seconds * billion), zone, budget));
  }

  static ofUnix(seconds: bigint, budget: Budget): Instant {
    return Instant.at(seconds * billion, utc, budget);
  }

  format(layout: string, budget: Budget): string {
    budget.make(layout.length * partBytes);
    const text = formatLayout(this.clock, partsOf(layout));
    budget.make(text.length);
    return text;
  }

  /** Down to a multiple of `unit` since the year 1. */
  truncated(unit: bigint, budget: Budget): Instant {
    if (unit <= 0n) return this;
    return Instant.at(this.ns - this.#beyond(unit), this.zone, budget);
  }

  /** To the nearest multiple of `unit` since the year 1, halves up. */
  rounded(unit: bigint, budget: Budget): Instant {
    if (unit <= 0n) return this;
    const beyond = this.#beyond(unit);
    return Instant.at(this.ns - beyond + (2n * beyond < unit ? 0n : unit), this.zone, budget);
  }

  #beyond(unit: bigint): bigint {
    const sinceZero = this.ns - zeroInstantNs;
    return sinceZero - floorDivide(sinceZero, unit) * unit;
  }

  get seconds(): bigint {
    return floorDivide(this.ns, billion);
  }
}

/** With its texts and methods. */
const instantBytes = 2048;

export const instantArgument = (value: Value | undefined): Instant => {
  if (value instanceof Instant) return value;
  throw new TypeError('no time.Time');
};

function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}

/** Go's calendar ends 2^64 seconds after the first of March of this year; what is beyond wraps around. */
const calendarStart = BigInt(daysOfCivil({ year: -292_277_022_400, month: 3, day: 1 })) * BigInt(daySeconds);

function clockOf(seconds: bigint, nanosecond: number, zone: Zone, budget: Budget): ClockTime {
  const { abbreviation, offset } = zone.at(Number(seconds), budget);
  const local = BigInt.asUintN(64, seconds + BigInt(offset) - calendarStart) + calendarStart;
  const days = Number(floorDivide(local, BigInt(daySeconds)));
  const ofDay = Number(local - BigInt(days) * BigInt(daySeconds));
  const civil = civilOfDays(days);
  return {
    ...civil,
    yearDay: yearDayOf(days, civil.year),
    weekday: weekdayOf(days),
    hour: Math.floor(ofDay / 3600),
    minute: Math.floor(ofDay / 60) % 60,
    second: ofDay % 60,
    nanosecond,
    abbreviation,
    offset,
  };
}

function jsonProblemOf({ year, offset }: ClockTime): string | undefined {
  if (year < 0 || year > 9999) return 'year outside of range [0,9999]';
  return Math.abs(offset) >= daySeconds ? 'timezone hour outside of range [0,23]' : undefined;
}

export type WallTime = Pick<ClockTime, 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'nanosecond'>;

/** Nanoseconds since 1970 when the clocks were at UTC. */
export function wallNs({ hour, minute, second, nanosecond, ...civil }: WallTime): bigint {
  const ofDay = hour * 3600 + minute * 60 + second;
  return (BigInt(daysOfCivil(civil)) * BigInt(daySeconds) + BigInt(ofDay)) * billion + BigInt(nanosecond);
}

/** What a clock of the zone shows; where it shows that twice or never, one of the two offsets there (time.Date). */
export function instantOfWall(wall: WallTime, zone: Zone, budget: Budget): Instant {
  const ns = wallNs(wall);
  const seconds = Number(floorDivide(ns, billion));
  const guess = zone.at(seconds, budget).offset;
  const offset = guess === 0 ? 0 : zone.at(seconds - guess, budget).offset;
  return Instant.at(ns - BigInt(offset) * billion, zone, budget);
}

const named = (type: string, value: number, text: string): Integer => new Integer(type, BigInt(value), text);

type Read = (instant: Instant, args: readonly Value[], budget: Budget) => Value;

const method = (parameters: TypedMethod['parameters'], read: Read): TypedMethod => ({
  parameters,
  call: (receiver, args, budget) => read(instantArgument(receiver), args, budget),
});

const methods: Readonly<Record<string, TypedMethod>> = {
  Format: method(['string'], (instant, [layout], budget) => instant.format(textArgument(layout), budget)),
  String: method([], ({ text }) => text ?? ''),
  Unix: method([], ({ seconds }) => int64(seconds)),
  UnixMilli: method([], ({ ns }) => int64(floorDivide(ns, 1_000_000n))),
  UnixMicro: method([], ({ ns }) => int64(floorDivide(ns, 1_000n))),
  UnixNano: method([], ({ ns }) => int64(ns)),
  Year: method([], ({ clock }) => BigInt(clock.year)),
  Month: method([], ({ clock }) => named('time.Month', clock.month, monthNames[clock.month - 1] ?? '')),
  Day: method([], ({ clock }) => BigInt(clock.day)),
  Weekday: method([], ({ clock }) => named('time.Weekday', clock.weekday, dayNames[clock.weekday] ?? '')),
  YearDay: method([], ({ clock }) => BigInt(clock.yearDay)),
  Hour: method([], ({ clock }) => BigInt(clock.hour)),
  Minute: method([], ({ clock }) => BigInt(clock.minute)),
  Second: method([], ({ clock }) => BigInt(clock.second)),
  Nanosecond: method([], ({ clock }) => BigInt(clock.nanosecond)),
  IsZero: method([], ({ ns }) => ns === zeroInstantNs),
  UTC: method([], ({ ns }, _, budget) => Instant.at(ns, utc, budget)),
  Local: method([], ({ ns }, _, budget) => Instant.at(ns, utc, budget)),
  Before: method(['time.Time'], ({ ns }, [other]) => ns < instantArgument(other).ns),
  After: method(['time.Time'], ({ ns }, [other]) => ns > instantArgument(other).ns),
  Equal: method(['time.Time'], ({ ns }, [other]) => ns === instantArgument(other).ns),
  Compare: method(['time.Time'], ({ ns }, [other]) => sign(ns - instantArgument(other).ns)),
  Sub: method(['time.Time'], ({ ns }, [other]) => durationValue(clampDuration(ns - instantArgument(other).ns))),
  Add: method(['time.Duration'], ({ ns, zone }, [duration], budget) =>
    Instant.at(ns + (integerOf(duration) ?? 0n), zone, budget),
  ),
  Truncate: method(['time.Duration'], (instant, [unit], budget) => instant.truncated(integerOf(unit) ?? 0n, budget)),
  Round: method(['time.Duration'], (instant, [unit], budget) => instant.rounded(integerOf(unit) ?? 0n, budget)),
  AddDate: method(['int', 'int', 'int'], ({ clock, zone }, amounts, budget) => {
    const [years = 0, months = 0, days = 0] = amounts.map((amount) => clamped(intArgument(amount)));
    const wall = { ...clock, year: clock.year + years, month: clock.month + months, day: clock.day + days };
    return instantOfWall(wall, zone, budget);
  }),
};

const sign = (value: bigint): bigint => (value < 0n ? -1n : value > 0n ? 1n : 0n);

/** Years beyond make no sense, and numbers beyond are not exact. */
const maxAmount = 1_000_000_000n;
const clamped = (value: bigint): number =>
  Number(value > maxAmount ? maxAmount : value < -maxAmount ? -maxAmount : value);
