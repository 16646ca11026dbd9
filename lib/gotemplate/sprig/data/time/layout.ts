/** Go's layouts of times: the reference time Mon Jan 2 15:04:05 MST 2006, whose parts stand for those of another. */
import { dayNames, monthNames } from './calendar.ts';

/** Text, or one part of a time by its form in the reference time. */
export type LayoutPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'element'; readonly text: string };

/** What one byte of a layout is taken to weigh when it is taken apart. */
export const partBytes = 32;

const elements =
  /January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|0[1-6]|002|15|1|2006|2|_2(?!006)|__2|3|4|5|PM|pm|-07:00:00|-07:00|-070000|-0700|-07|Z07:00:00|Z07:00|Z070000|Z0700|Z07|[.,](?:0+|9+)(?![0-9])/g;

export function partsOf(layout: string): LayoutPart[] {
  const parts: LayoutPart[] = [];
  let end = 0;
  for (const match of layout.matchAll(elements)) {
    if (match.index > end) parts.push({ type: 'text', text: layout.slice(end, match.index) });
    parts.push({ type: 'element', text: match[0] });
    end = match.index + match[0].length;
  }
  if (end < layout.length) parts.push({ type: 'text', text: layout.slice(end) });
  return parts;
}

/** A time as a clock on a wall shows it. */
export type ClockTime = {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly yearDay: number;
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly nanosecond: number;
  /** Empty when the zone has none. */
  readonly abbreviation: string;
  /** Seconds east of UTC. */
  readonly offset: number;
};

const padded = (value: number, width: number, fill = '0'): string =>
  value < 0 ? `-${String(-value).padStart(width, fill)}` : String(value).padStart(width, fill);

const hour12 = ({ hour }: ClockTime): number => hour % 12 || 12;
const monthName = ({ month }: ClockTime): string => monthNames[month - 1] ?? '';
const dayName = ({ weekday }: ClockTime): string => dayNames[weekday] ?? '';

const writers: Readonly<Record<string, (time: ClockTime) => string>> = {
  January: monthName,
  Jan: (time) => monthName(time).slice(0, 3),
  Monday: dayName,
  Mon: (time) => dayName(time).slice(0, 3),
  MST: ({ abbreviation, offset }) => abbreviation || signedOffset(offset, ['hh', 'mm'], ''),
  '01': ({ month }) => padded(month, 2),
  '02': ({ day }) => padded(day, 2),
  '03': (time) => padded(hour12(time), 2),
  '04': ({ minute }) => padded(minute, 2),
  '05': ({ second }) => padded(second, 2),
  '06': ({ year }) => padded(Math.abs(year) % 100, 2),
  '002': ({ yearDay }) => padded(yearDay, 3),
  '15': ({ hour }) => padded(hour, 2),
  '1': ({ month }) => String(month),
  '2006': ({ year }) => padded(year, 4),
  '2': ({ day }) => String(day),
  _2: ({ day }) => padded(day, 2, ' '),
  __2: ({ yearDay }) => padded(yearDay, 3, ' '),
  '3': (time) => String(hour12(time)),
  '4': ({ minute }) => String(minute),
  '5': ({ second }) => String(second),
  PM: ({ hour }) => (hour >= 12 ? 'PM' : 'AM'),
  pm: ({ hour }) => (hour >= 12 ? 'pm' : 'am'),
};

export function formatLayout(time: ClockTime, parts: readonly LayoutPart[]): string {
  return parts.map(({ type, text }) => (type === 'text' ? text : writeElement(time, text))).join('');
}

function writeElement(time: ClockTime, element: string): string {
  const write = writers[element];
  if (write) return write(time);
  if (/^[.,]/.test(element)) return writeFraction(time, element);
  if (element.startsWith('Z') && time.offset === 0) return 'Z';
  return signedOffset(time.offset, offsetFields(element), element.includes(':') ? ':' : '');
}

/** Nines leave out zeros at the end. */
function writeFraction({ nanosecond }: ClockTime, element: string): string {
  const digits = padded(nanosecond, 9).slice(0, element.length - 1);
  if (element[1] === '0') return `${element[0]}${digits}`;
  const significant = digits.replace(/0+$/, '');
  return significant ? `${element[0]}${significant}` : '';
}

type OffsetField = 'hh' | 'mm' | 'ss';

/** `-07`, `-0700` or `-070000`, with or without colons. */
export const offsetFields = (element: string): readonly OffsetField[] =>
  (['hh', 'mm', 'ss'] as const).slice(0, element.replace(/[^0-9]/g, '').length / 2);

function signedOffset(offset: number, fields: readonly OffsetField[], separator: string): string {
  const minutes = Math.trunc(Math.abs(offset) / 60);
  const values = { hh: Math.trunc(minutes / 60), mm: minutes % 60, ss: Math.abs(offset) % 60 };
  const sign = offset <= -60 ? '-' : '+';
  return sign + fields.map((field) => padded(values[field], 2)).join(separator);
}
