/**
 * The elements of a layout taken off a text one by one, with Go's complaints. Elements that the layout lacks are zero, or one
 * where zero is impossible.
 */
import { dayNames, daysInMonth, monthNames } from './calendar.ts';
import { quoteTime } from './durations.ts';
import type { WallTime } from './instant.ts';
import { offsetFields, partsOf } from './layout.ts';

/** The message is Go's. */
export class Unreadable extends Error {}

/** What the text says of its zone. */
export type ZoneFields = {
  isUtc: boolean;
  /** Seconds east of UTC. */
  offset: number | undefined;
  /** Empty when there is none. */
  abbreviation: string;
};

type Fields = ZoneFields & {
  year: number;
  month: number | undefined;
  day: number | undefined;
  yearDay: number | undefined;
  hour: number;
  minute: number;
  second: number;
  nanosecond: number;
  half: 'AM' | 'PM' | undefined;
};

/** What an element takes off the front of the text; undefined when it does not stand there. */
type Taken = { readonly length: number; readonly outOfRange?: string };

const digits = (text: string, pattern: RegExp): string | undefined => pattern.exec(text)?.[0];

const oneOrTwo = /^[0-9][0-9]?/;
const two = /^[0-9]{2}/;

export class TimeReader {
  readonly fields: Fields = {
    ...{ year: 0, month: undefined, day: undefined, yearDay: undefined },
    ...{ hour: 0, minute: 0, second: 0, nanosecond: 0 },
    ...{ half: undefined, isUtc: false, offset: undefined, abbreviation: '' },
  };
  readonly #layout: string;
  readonly #value: string;
  #rest: string;

  constructor(layout: string, value: string) {
    this.#layout = layout;
    this.#value = value;
    this.#rest = value;
  }

  read(): void {
    const parts = partsOf(this.#layout);
    for (const [index, { type, text }] of parts.entries()) {
      if (type === 'text') this.#skip(text);
      else this.#element(text, parts.slice(index + 1, index + 3).find((part) => part.type === 'element')?.text);
    }
    // Go looks for the text after the last element even where there is none.
    if (this.#rest !== '') this.#fail(`: extra text: ${quoteTime(this.#rest)}`);
  }

  #fail(problem: string): never {
    throw new Unreadable(`parsing time ${quoteTime(this.#value)}${problem}`);
  }

  #mismatch(element: string, rest: string): never {
    this.#fail(` as ${quoteTime(this.#layout)}: cannot parse ${quoteTime(rest)} as ${quoteTime(element)}`);
  }

  /** Any number of spaces is as good as another. */
  #skip(text: string): void {
    for (let index = 0; index < text.length; ) {
      if (text[index] === ' ') {
        if (this.#rest !== '' && this.#rest[0] !== ' ') this.#mismatch(text, this.#rest);
        while (text[index] === ' ') index++;
        this.#rest = this.#rest.replace(/^ +/, '');
      } else {
        if (this.#rest[0] !== text[index]) this.#mismatch(text, this.#rest);
        this.#rest = this.#rest.slice(1);
        index++;
      }
    }
  }

  #element(element: string, next: string | undefined): void {
    const before = this.#rest;
    const taken = this.#take(element, before);
    if (taken?.outOfRange) this.#fail(`: ${taken.outOfRange} out of range`);
    if (!taken) this.#mismatch(element, before);
    this.#rest = before.slice(taken.length);
    if ((element === '5' || element === '05') && !/^[.,]/.test(next ?? '')) this.#unannouncedFraction();
  }

  /** Seconds may have a fraction that the layout does not know of. */
  #unannouncedFraction(): void {
    const fraction = digits(this.#rest, /^[.,][0-9]+/);
    if (fraction === undefined) return;
    this.fields.nanosecond = nanosecondsOf(fraction.slice(1));
    this.#rest = this.#rest.slice(fraction.length);
  }

  #take(element: string, text: string): Taken | undefined {
    const { fields } = this;
    switch (element) {
      case '2006':
        return this.#number(digits(text, /^[0-9]{4}/), (year) => {
          fields.year = year;
        });
      case '06':
        return this.#number(digits(text, /^([0-9]{2}|[+-][0-9])/), (year) => {
          fields.year = year + (year >= 69 ? 1900 : 2000);
        });
      case 'January':
      case 'Jan':
        return this.#name(monthNames, element, text, (month) => {
          fields.month = month;
        });
      case 'Monday':
      case 'Mon':
        return this.#name(dayNames, element, text, () => undefined);
      case '1':
      case '01':
        return this.#number(
          digits(text, element === '01' ? two : oneOrTwo),
          (month) => {
            fields.month = month;
          },
          { name: 'month', low: 1, high: 12 },
        );
      case '2':
      case '02':
      case '_2': {
        const space = element === '_2' && text[0] === ' ' ? 1 : 0;
        const day = digits(text.slice(space), element === '02' ? two : oneOrTwo);
        if (day !== undefined) fields.day = Number(day);
        return day === undefined ? undefined : { length: space + day.length };
      }
      case '002':
      case '__2': {
        const spaces = element === '__2' ? (digits(text, /^ {1,2}/)?.length ?? 0) : 0;
        const day = digits(text.slice(spaces), element === '002' ? /^[0-9]{3}/ : /^[0-9]{1,3}/);
        if (day !== undefined) fields.yearDay = Number(day);
        return day === undefined ? undefined : { length: spaces + day.length };
      }
      default:
        return this.#takeClock(element, text);
    }
  }

  #takeClock(element: string, text: string): Taken | undefined {
    const { fields } = this;
    const isPadded = element[0] === '0';
    switch (element) {
      case '15':
      case '3':
      case '03':
        return this.#number(
          digits(text, isPadded ? two : oneOrTwo),
          (hour) => {
            fields.hour = hour;
          },
          { name: 'hour', low: 0, high: element === '15' ? 23 : 12 },
        );
      case '4':
      case '04':
        return this.#number(
          digits(text, isPadded ? two : oneOrTwo),
          (minute) => {
            fields.minute = minute;
          },
          { name: 'minute', low: 0, high: 59 },
        );
      case '5':
      case '05':
        return this.#number(
          digits(text, isPadded ? two : oneOrTwo),
          (second) => {
            fields.second = second;
          },
          { name: 'second', low: 0, high: 59 },
        );
      case 'PM':
      case 'pm': {
        const half = digits(text, element === 'PM' ? /^[AP]M/ : /^[ap]m/)?.toUpperCase();
        if (half === undefined) return undefined;
        fields.half = half === 'PM' || fields.half === 'PM' ? 'PM' : 'AM';
        return { length: 2 };
      }
      case 'MST':
        return this.#abbreviation(text);
      default:
        return /^[.,]/.test(element) ? this.#fraction(element, text) : this.#offset(element, text);
    }
  }

  #number(
    found: string | undefined,
    store: (value: number) => void,
    range?: { readonly name: string; readonly low: number; readonly high: number },
  ): Taken | undefined {
    if (found === undefined) return undefined;
    const value = Number(found);
    if (range && (value < range.low || value > range.high)) return { length: found.length, outOfRange: range.name };
    store(value);
    return { length: found.length };
  }

  #name(names: readonly string[], element: string, text: string, store: (number: number) => void): Taken | undefined {
    const isShort = element.length === 3;
    for (const [index, name] of names.entries()) {
      const wanted = isShort ? name.slice(0, 3) : name;
      if (text.slice(0, wanted.length).toLowerCase() !== wanted.toLowerCase()) continue;
      store(index + 1);
      return { length: wanted.length };
    }
    return undefined;
  }

  #fraction(element: string, text: string): Taken | undefined {
    if (element[1] === '9') {
      const found = digits(text, /^[.,][0-9]+/);
      if (found !== undefined) this.fields.nanosecond = nanosecondsOf(found.slice(1));
      return { length: found?.length ?? 0 };
    }
    const found = text.slice(0, element.length);
    if (found.length < element.length || !/^[.,][+-]?[0-9]*$/.test(found.slice(0, 10))) return undefined;
    if (/^[.,]-0*[1-9]/.test(found.slice(0, 10))) return { length: found.length, outOfRange: 'fractional second' };
    this.fields.nanosecond = nanosecondsOf(found.slice(1));
    return { length: found.length };
  }

  #offset(element: string, text: string): Taken | undefined {
    const { fields } = this;
    if (element.startsWith('Z') && text[0] === 'Z') {
      fields.isUtc = true;
      return { length: 1 };
    }
    const names = offsetFields(element);
    const separator = element.includes(':') ? ':' : '';
    const length = 1 + names.length * 2 + separator.length * (names.length - 1);
    if (text.length < length) return undefined;
    const found = text.slice(1, length);
    if (separator !== '' && [2, 5].some((at) => at < found.length && found[at] !== separator)) return undefined;
    const numbers: number[] = [];
    for (let index = 0; index < names.length; index++) {
      const number = digits(found.slice(index * (2 + separator.length)), two);
      if (number === undefined) break;
      numbers.push(Number(number));
    }
    const [hours = 0, minutes = 0, seconds = 0] = numbers;
    if (hours > 24) return { length, outOfRange: 'time zone offset hour' };
    if (minutes > 60) return { length, outOfRange: 'time zone offset minute' };
    if (seconds > 60) return { length, outOfRange: 'time zone offset second' };
    if (numbers.length < names.length || !/^[+-]/.test(text)) return undefined;
    const magnitude = hours * 3600 + minutes * 60 + seconds;
    fields.offset = text[0] === '-' ? -magnitude : magnitude;
    return { length };
  }

  #abbreviation(text: string): Taken | undefined {
    if (text.startsWith('UTC')) {
      this.fields.isUtc = true;
      return { length: 3 };
    }
    const found = abbreviationOf(text);
    if (found === undefined) return undefined;
    this.fields.abbreviation = found;
    return { length: found.length };
  }

  /** The fields put together. */
  wall(): WallTime {
    const { year, minute, second, nanosecond, half } = this.fields;
    let { hour } = this.fields;
    if (half === 'PM' && hour < 12) hour += 12;
    else if (half === 'AM' && hour === 12) hour = 0;
    const { month = 1, day = 1 } = this.fields.yearDay === undefined ? this.fields : this.#monthAndDay();
    if (day < 1 || day > daysInMonth(year, month)) this.#fail(': day out of range');
    return { year, month, day, hour, minute, second, nanosecond };
  }

  #monthAndDay(): { month: number; day: number } {
    const { year, yearDay = 0, month, day } = this.fields;
    const days = monthNames.map((_, index) => daysInMonth(year, index + 1));
    if (yearDay < 1 || yearDay > days.reduce((sum, each) => sum + each)) this.#fail(': day-of-year out of range');
    let left = yearDay;
    let found = 0;
    while (left > (days[found] ?? 0)) left -= days[found++] ?? 0;
    if (month !== undefined && month !== found + 1) this.#fail(': day-of-year does not match month');
    if (day !== undefined && day !== left) this.#fail(': day-of-year does not match day');
    return { month: found + 1, day: left };
  }
}

/** Of the digits after the point; more than nine do not count. */
const nanosecondsOf = (found: string): number => Number(found.slice(0, 9).padEnd(9, '0')) || 0;

/** What looks like the abbreviation of a zone. */
function abbreviationOf(text: string): string | undefined {
  const special = digits(text, /^(ChST|MeST)/);
  if (special !== undefined) return special;
  if (text.startsWith('GMT')) return `GMT${signedHours(text.slice(3)) ?? ''}`;
  if (/^[+-]../.test(text)) return signedHours(text);
  const letters = digits(text, /^[A-Z]{1,6}/) ?? '';
  if (letters.length === 3 || letters === 'WITA') return letters;
  return (letters.length === 4 && letters[3] === 'T') || (letters.length === 5 && letters[4] === 'T')
    ? letters
    : undefined;
}

/** `+3`, `-11`; up to 23. A name of many zeros is none: it would be long wherever it is printed. */
function signedHours(text: string): string | undefined {
  const found = digits(text, /^[+-][0-9]{1,9}(?![0-9])/);
  return found !== undefined && Number(found.slice(1)) <= 23 ? found : undefined;
}
