/** The chart's alert rules and dashboard as files, and which metrics they name. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { chartFolder } from '../../tools/manifests/helm.ts';
import { valueAt } from './objects.ts';

export type AlertRule = {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly runbook: string };
};

type RuleFile = { readonly groups: readonly { readonly rules: readonly AlertRule[] }[] };

const read = (name: string): string => readFileSync(join(chartFolder, 'files', name), 'utf8');

export const alertRules = (): AlertRule[] =>
  (parse(read('alerts.yaml')) as RuleFile).groups.flatMap(({ rules }) => rules);

/** Names of the alerts in a PrometheusRule. */
export const alertsIn = (rule: unknown): string[] =>
  valueAt<RuleFile>(rule, 'spec').groups.flatMap(({ rules }) => rules.map(({ alert }) => alert));

/** Every query of the dashboard, the ones of its variables among them. */
export function dashboardQueries(): string[] {
  const { panels, templating } = JSON.parse(read('dashboard.json')) as {
    panels: { targets?: { expr: string }[] }[];
    templating: { list: { query: string | { query: string } }[] };
  };
  const variables = templating.list.flatMap(({ query }) => {
    const [, metric] = /^label_values\((\w+),/.exec(typeof query === 'string' ? query : query.query) ?? [];
    return metric === undefined ? [] : [metric];
  });
  return [...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)), ...variables];
}

/** Names of metrics in a query: words with a prefix of a program, outside of label values. */
export const metricsIn = (query: string): string[] => [
  ...new Set(query.replace(/"[^"]*"/g, '""').match(/\b(?:autocert|step_ca|process|nodejs)_\w+/g) ?? []),
];

/** The anchors of a document, as GitHub makes them from its headings. */
export const headingsOf = (path: string): string[] =>
  Array.from(readFileSync(join(chartFolder, '../..', path), 'utf8').matchAll(/^#+ (.+)$/gm), ([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
