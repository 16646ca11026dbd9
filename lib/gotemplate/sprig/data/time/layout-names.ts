/** The layouts that Go's package time has names for. */

export const rfc3339 = '2006-01-02T15:04:05Z07:00';

const layouts: ReadonlyMap<string, string> = new Map([
  ['LAYOUT', "01/02 03:04:05PM '06 -0700"],
  ['ANSIC', 'Mon Jan _2 15:04:05 2006'],
  ['UNIXDATE', 'Mon Jan _2 15:04:05 MST 2006'],
  ['RUBYDATE', 'Mon Jan 02 15:04:05 -0700 2006'],
  ['RFC822', '02 Jan 06 15:04 MST'],
  ['RFC822Z', '02 Jan 06 15:04 -0700'],
  ['RFC850', 'Monday, 02-Jan-06 15:04:05 MST'],
  ['RFC1123', 'Mon, 02 Jan 2006 15:04:05 MST'],
  ['RFC1123Z', 'Mon, 02 Jan 2006 15:04:05 -0700'],
  ['RFC3339', rfc3339],
  ['RFC3339NANO', '2006-01-02T15:04:05.999999999Z07:00'],
  ['KITCHEN', '3:04PM'],
  ['STAMP', 'Jan _2 15:04:05'],
  ['STAMPMILLI', 'Jan _2 15:04:05.000'],
  ['STAMPMICRO', 'Jan _2 15:04:05.000000'],
  ['STAMPNANO', 'Jan _2 15:04:05.000000000'],
  ['DATETIME', '2006-01-02 15:04:05'],
  ['DATEONLY', '2006-01-02'],
  ['TIMEONLY', '15:04:05'],
]);

/** `RFC3339`, `time.RFC3339` in any case; what is no name is a layout itself. */
export const layoutNamed = (name: string): string => layouts.get(name.replace(/^time\./, '').toUpperCase()) ?? name;
