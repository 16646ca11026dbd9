/** sprig: what stands in for an empty value, and what is empty. */
import { isTrue, Struct, type Value } from '../../values.ts';
import { fixed, type Named, variadic } from './declare.ts';

/** Zero of its type; a struct never is. */
export const isEmpty = (value: Value): boolean => !(value instanceof Struct) && !isTrue(value);

export const defaultFunctions: Named = {
  default: variadic(['any', 'any'], ([fallback = null, given = null]) => (isEmpty(given) ? fallback : given)),
  empty: fixed(['any'], ([value = null]) => isEmpty(value)),
  coalesce: variadic(['any'], (values) => values.find((value) => !isEmpty(value)) ?? null),
  all: variadic(['any'], (values) => !values.some(isEmpty)),
  any: variadic(['any'], (values) => values.some((value) => !isEmpty(value))),
  ternary: fixed(['any', 'any', 'bool'], ([yes = null, no = null, condition]) => (condition === true ? yes : no)),
};
