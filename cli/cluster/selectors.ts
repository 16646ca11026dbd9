/** Label selectors, as the API server evaluates them (apimachinery, meta/v1 LabelSelector). Pure. */
import type { LabelSelector } from './objects.ts';

export type Labels = Readonly<Record<string, string>>;

/** One requirement that is not met, in the selector's own words. */
export type Unmet = { readonly key: string; readonly operator: string; readonly values: readonly string[] };

/** The first requirement that the labels do not meet; undefined when all are. An empty selector takes everything. */
export function findUnmet(selector: LabelSelector | undefined, labels: Labels): Unmet | undefined {
  for (const [key, value] of Object.entries(selector?.matchLabels ?? {})) {
    if (labels[key] !== value) return { key, operator: 'In', values: [value] };
  }
  for (const { key, operator, values = [] } of selector?.matchExpressions ?? []) {
    if (!meets(labels[key], operator, values)) return { key, operator, values };
  }
  return undefined;
}

/** An absent label meets NotIn and DoesNotExist. */
function meets(value: string | undefined, operator: string, values: readonly string[]): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    default:
      return value === undefined;
  }
}

/** `name=web,tier=front`, for a query. */
export const renderLabels = (labels: Labels): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
