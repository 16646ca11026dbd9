/** Tables as plain text. Whether a goal is met is said and never enforced: a slow machine is not a failure. */
import type { Goal, Row, Table } from './comparison.ts';

export function renderTable({ title, ours, peer, rows, notes = [] }: Table): string {
  const lines = [
    ['', ours, peer, 'ratio', 'goal', ''],
    ...rows.map((row) => [
      `${row.measure}${row.unit === '' ? '' : `, ${row.unit}`}`,
      formatNumber(row.ours),
      formatNumber(row.peer),
      formatRatio(row.ratio),
      row.goal ? formatGoal(row.goal) : '',
      row.goal ? (isMet(row) ? 'met' : 'missed') : '',
    ]),
  ];
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  const text = lines.map((line) =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  return [title, ...text.map((line) => `  ${line}`), ...notes.map((note) => `  ${note}`), ''].join('\n');
}

export function isMet({ ratio, goal }: Pick<Row, 'ratio' | 'goal'>): boolean {
  if (!goal) return true;
  return 'atLeast' in goal ? ratio >= goal.atLeast : ratio <= goal.atMost;
}

const formatGoal = (goal: Goal): string => ('atLeast' in goal ? `>= ${goal.atLeast}` : `<= ${goal.atMost}`);

/** Two digits after the point, more where they would all be noughts. */
const formatRatio = (ratio: number): string => (ratio > 0 && ratio < 0.095 ? ratio.toPrecision(2) : ratio.toFixed(2));

/** Three significant digits are more than such figures are worth. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return value.toPrecision(3);
}
