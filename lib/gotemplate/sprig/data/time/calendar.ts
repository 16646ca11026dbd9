/** The Gregorian calendar without end in both directions, in days since 1970-01-01. */

export type Civil = { readonly year: number; readonly month: number; readonly day: number };

/** Days of the 400 years after which the calendar repeats itself. */
const daysPerEra = 146_097;
/** From 0000-03-01, where the eras begin, to 1970-01-01. */
const epochShift = 719_468;

export function civilOfDays(days: number): Civil {
  const shifted = days + epochShift;
  const era = Math.floor(shifted / daysPerEra);
  const dayOfEra = shifted - era * daysPerEra;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1,
  };
}

/** Months and days out of range count on, as in Go's time.Date. */
export function daysOfCivil({ year, month, day }: Civil): number {
  const months = year * 12 + (month - 1);
  const fullYear = Math.floor(months / 12);
  const monthIndex = months - fullYear * 12;
  const marchYear = monthIndex < 2 ? fullYear - 1 : fullYear;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const marchMonth = (monthIndex + 10) % 12;
  const dayOfYear = Math.floor((153 * marchMonth + 2) / 5);
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * daysPerEra + dayOfEra - epochShift + day - 1;
}

/** 0 is a Sunday. */
export const weekdayOf = (days: number): number => (((days + 4) % 7) + 7) % 7;

/** From 1. */
export const yearDayOf = (days: number, year: number): number => days - daysOfCivil({ year, month: 1, day: 1 }) + 1;

export const daysInMonth = (year: number, month: number): number =>
  daysOfCivil({ year, month: month + 1, day: 1 }) - daysOfCivil({ year, month, day: 1 });

export const monthNames = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July'],
  ...['August', 'September', 'October', 'November', 'December'],
] as const;

export const dayNames = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;
