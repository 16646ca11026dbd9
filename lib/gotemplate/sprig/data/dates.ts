/** sprig's and step's functions of times. The local zone is UTC; `now` comes from a port. */
import { FunctionError } from '../../errors.ts';
import type { Budget } from '../../limits.ts';
import { parseInteger } from '../../text/numbers.ts';
import { Integer, type Value } from '../../values.ts';
import { truncated } from './conversion.ts';
import { fixed, type Named, textArgument, variadic } from './declare.ts';
import { clampDuration, durationValue, formatDuration, parseDuration, roundDuration } from './time/durations.ts';
import { Instant, instantArgument, zeroInstantNs } from './time/instant.ts';
import { layoutNamed, rfc3339 } from './time/layout-names.ts';
import { parseTime } from './time/parsing.ts';
import { loadZone, utc, type Zone } from './time/zones.ts';

const second = 1_000_000_000n;

type Now = (budget: Budget) => Instant;

/** Seconds since 1970 in an int or int64. */
const secondsOf = (value: Value): bigint | undefined => {
  if (typeof value === 'bigint') return value;
  return value instanceof Integer && value.type === 'int64' ? value.value : undefined;
};

/** What is no time is now. */
function instantOf(value: Value, now: Now, budget: Budget): Instant {
  if (value instanceof Instant) return value;
  const seconds = secondsOf(value);
  return seconds === undefined ? now(budget) : Instant.ofUnix(seconds, budget);
}

/** As {@link instantOf}, in UTC; JSON's numbers are seconds too. */
function toTime(value: Value, now: Now, budget: Budget): Instant {
  if (typeof value === 'number') return Instant.ofUnix(truncated(value), budget);
  return Instant.at(instantOf(value, now, budget).ns, utc, budget);
}

/** A zone that is not known is UTC. */
function inZone(layout: string, value: Value, zoneName: string, now: Now, budget: Budget): string {
  const instant = instantOf(value, now, budget);
  const zone = loadZone(zoneName, budget);
  return Instant.at(instant.ns, typeof zone === 'string' ? utc : zone, budget).format(layout, budget);
}

const zeroTime = (budget: Budget): Instant => Instant.at(zeroInstantNs, utc, budget);

/** @throws {FunctionError} with what is wrong */
function parsed(layout: string, text: string, zone: Zone, local: Zone, budget: Budget): Instant {
  const time = parseTime(layout, text, zone, local, budget);
  if (typeof time === 'string') throw new FunctionError(time);
  return time;
}

const toDate = ([layout, text]: readonly Value[], budget: Budget): Instant =>
  parsed(textArgument(layout), textArgument(text), utc, utc, budget);

/** [layout] text [zone]; nothing is now. */
function parseStepTime(args: readonly Value[], now: Now, budget: Budget): Instant {
  const [first = '', text = '', zoneName] = args.map(textArgument);
  if (args.length === 0) return toTime(now(budget), now, budget);
  if (args.length === 1) return parsed(rfc3339, first, utc, utc, budget);
  if (args.length > 3) throw new FunctionError('unsupported number of parameters');
  const layout = layoutNamed(first);
  if (zoneName === undefined) return parsed(layout, text, utc, utc, budget);
  const zone = loadZone(zoneName, budget);
  if (typeof zone === 'string') throw new FunctionError(zone);
  return parsed(layout, text, zone, zone, budget);
}

/** Without a complaint: the zero time. */
function orZero(parse: () => Instant, budget: Budget): Instant {
  try {
    return parse();
  } catch (error) {
    if (error instanceof FunctionError) return zeroTime(budget);
    throw error;
  }
}

const units: readonly (readonly [seconds: bigint, name: string])[] = [
  [365n * 86_400n, 'y'],
  [30n * 86_400n, 'mo'],
  [86_400n, 'd'],
  [3_600n, 'h'],
  [60n, 'm'],
  [1n, 's'],
];

/** In the largest unit that is less than it. */
function roughly(ns: bigint): string {
  const magnitude = ns < 0n ? -ns : ns;
  const [seconds, name] = units.find(([each]) => magnitude > each * second) ?? [1n, 's'];
  return `${magnitude > second ? magnitude / (seconds * second) : 0n}${name}`;
}

function secondsOfDuration(value: Value): bigint {
  if (typeof value === 'string') return parseInteger(value, 10, 64, true).value;
  return value instanceof Integer && value.type === 'int64' ? value.value : 0n;
}

function durationOf(value: Value, now: Now, budget: Budget): bigint {
  if (typeof value === 'string') return parseDuration(value, budget).ns;
  if (value instanceof Instant) return clampDuration(now(budget).ns - value.ns);
  return value instanceof Integer && value.type === 'int64' ? value.value : 0n;
}

export function dateFunctions(nowMs: () => number): Named {
  const now: Now = (budget) => Instant.at(BigInt(Math.floor(nowMs() * 1000)) * 1000n, utc, budget);
  const dateInZone = fixed(['string', 'any', 'string'], ([layout, value = null, zone], budget) =>
    inZone(textArgument(layout), value, textArgument(zone), now, budget),
  );
  const dateModify = fixed(['string', 'time.Time'], ([text, value], budget) => {
    const instant = instantArgument(value);
    return Instant.at(instant.ns + parseDuration(textArgument(text), budget).ns, instant.zone, budget);
  });
  const mustDateModify = fixed(['string', 'time.Time'], ([text, value], budget) => {
    const { ns, problem } = parseDuration(textArgument(text), budget);
    if (problem !== undefined) throw new FunctionError(problem);
    const instant = instantArgument(value);
    return Instant.at(instant.ns + ns, instant.zone, budget);
  });
  return {
    now: fixed([], (_, budget) => now(budget)),
    date: fixed(['string', 'any'], ([layout, value = null], budget) =>
      inZone(textArgument(layout), value, 'Local', now, budget),
    ),
    dateInZone,
    date_in_zone: dateInZone,
    dateModify,
    date_modify: dateModify,
    mustDateModify,
    must_date_modify: mustDateModify,
    htmlDate: fixed(['any'], ([value = null], budget) => inZone('2006-01-02', value, 'Local', now, budget)),
    htmlDateInZone: fixed(['any', 'string'], ([value = null, zone], budget) =>
      inZone('2006-01-02', value, textArgument(zone), now, budget),
    ),
    ago: fixed(['any'], ([value = null], budget) => {
      const since = clampDuration(now(budget).ns - instantOf(value, now, budget).ns);
      return formatDuration(roundDuration(since, second));
    }),
    duration: fixed(['any'], ([value = null]) => durationValue(secondsOfDuration(value) * second).text ?? ''),
    durationRound: fixed(['any'], ([value = null], budget) => roughly(durationOf(value, now, budget))),
    toDate: fixed(['string', 'string'], (args, budget) => orZero(() => toDate(args, budget), budget)),
    mustToDate: fixed(['string', 'string'], toDate),
    unixEpoch: fixed(['time.Time'], ([value]) => String(instantArgument(value).seconds)),
    toTime: fixed(['any'], ([value = null], budget) => toTime(value, now, budget)),
    formatTime: fixed(['any'], ([value = null], budget) => toTime(value, now, budget).format(rfc3339, budget)),
    parseTime: variadic(['string'], (args, budget) => orZero(() => parseStepTime(args, now, budget), budget)),
    mustParseTime: variadic(['string'], (args, budget) => parseStepTime(args, now, budget)),
    toTimeLayout: fixed(['string'], ([name]) => layoutNamed(textArgument(name))),
  };
}
