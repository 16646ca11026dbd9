/** Rows as a table for people, and as data for programs. Pure. */
import type { EpochMs } from '../../../lib/time/index.ts';
import { renderTable } from '../../terminal/table.ts';
import type { Styles } from '../../terminal/terminal.ts';
import type { Row } from './row.ts';

const headings = ['NAMESPACE', 'POD', 'NAME', 'SANS', 'EXPIRES', 'RENEWED', 'NEXT', 'STATE'] as const;

export function renderRows(rows: readonly Row[], styles: Styles, now: EpochMs): string {
  const cells = rows.map(({ namespace, pod, subject, sans, notAfter, renewed, due, state, note }) => {
    const colour = state === 'valid' ? styles.green : state === 'expired' ? styles.red : styles.yellow;
    const others = sans.filter((san) => san !== subject);
    return [
      namespace,
      pod,
      subject,
      others.length === 0 ? '-' : others.join(','),
      describeTime(notAfter, now),
      describeTime(renewed, now),
      describeTime(due, now),
      `${colour(state)}${note === undefined ? '' : `: ${note}`}`,
    ];
  });
  return `${renderTable([headings.map((heading) => styles.bold(heading)), ...cells], { gap: 3 })}\n`;
}

/** `in 7h`, `16h ago`; two units where the first is small. */
function describeTime(time: EpochMs | undefined, now: EpochMs): string {
  if (time === undefined) return '-';
  const text = describeDuration(Math.abs(time - now));
  return time > now ? `in ${text}` : `${text} ago`;
}

function describeDuration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 10) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`;
  return hours < 72 ? `${hours}h` : `${Math.floor(hours / 24)}d`;
}

/** Times in RFC 3339. Stable: members are added, not renamed. */
export const toData = ({ notAfter, renewed, due, ...row }: Row) => ({
  ...row,
  ...(notAfter === undefined ? {} : { expires: iso(notAfter) }),
  ...(renewed === undefined ? {} : { renewed: iso(renewed) }),
  ...(due === undefined ? {} : { renewsNext: iso(due) }),
});

const iso = (time: EpochMs): string => new Date(time).toISOString();
