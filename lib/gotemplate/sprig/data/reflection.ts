/** sprig: what a value is, in Go's words. */
import { kindName, typeName } from '../../values.ts';
import { fixed, type Named } from './declare.ts';
import { deepEqual } from './deep-equality.ts';

export const reflectionFunctions: Named = {
  typeOf: fixed(['any'], ([value]) => typeName(value)),
  typeIs: fixed(['string', 'any'], ([type, value]) => type === typeName(value)),
  typeIsLike: fixed(['string', 'any'], ([type, value]) => [type, `*${String(type)}`].includes(typeName(value))),
  kindOf: fixed(['any'], ([value]) => kindName(value)),
  kindIs: fixed(['string', 'any'], ([kind, value]) => kind === kindName(value)),
  deepEqual: fixed(['any', 'any'], ([left = null, right = null], budget) => deepEqual(left, right, budget)),
};
