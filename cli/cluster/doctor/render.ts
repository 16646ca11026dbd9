/** The report, for people. Pure. */
import { renderTable, wrap } from '../../terminal/table.ts';
import type { Styles } from '../../terminal/terminal.ts';
import type { CheckResult, Finding } from './check.ts';

export type Report = {
  readonly server: string;
  readonly context: string;
  readonly results: readonly CheckResult[];
};

export function renderReport({ server, context, results }: Report, styles: Styles, columns: number): string {
  const mark = { ok: styles.green('✔'), found: styles.red('✖'), unknown: styles.yellow('?') };
  const rows = results.map(({ status, title, detail, findings }) => [
    mark[status],
    title,
    status === 'found' ? countOf(findings) : status === 'unknown' ? `not checked: ${detail}` : shorten(detail, 160),
  ]);
  const findings = results.flatMap((result) => result.findings);
  const sections = [`${server} (context ${context})`, renderTable(rows)];
  sections.push(...findings.map((finding) => renderFinding(finding, styles, columns)));
  sections.push(summary(results, findings, styles));
  return `${sections.join('\n\n')}\n`;
}

function renderFinding({ id, severity, what, why, remedy }: Finding, styles: Styles, columns: number): string {
  const colour = severity === 'error' ? styles.red : styles.yellow;
  const width = Math.max(60, Math.min(columns, 120)) - 10;
  const part = (label: string, text: string): string =>
    wrap(text, width)
      .map((line, index) => `  ${(index === 0 ? label : '').padEnd(8)}${line}`)
      .join('\n');
  return [
    `${colour(severity)} ${styles.bold(what)} ${styles.dim(`[${id}]`)}`,
    part('why', why),
    part('remedy', remedy),
  ].join('\n');
}

function summary(results: readonly CheckResult[], findings: readonly Finding[], styles: Styles): string {
  const unknown = results.filter(({ status }) => status === 'unknown').length;
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const rest = unknown === 0 ? '' : `; ${unknown} of ${results.length} checks could not be made`;
  if (findings.length === 0) return `${unknown === 0 ? styles.green('healthy') : 'nothing found'}${rest}`;
  return `${countOf(findings)}${errors === findings.length ? '' : ` (${errors} keep pods from certificates now)`}${rest}`;
}

const countOf = (findings: readonly unknown[]): string =>
  findings.length === 1 ? '1 finding' : `${findings.length} findings`;

const shorten = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 1)}…`;
