/** Values of JSON to values of templates, as Go's encoding/json decodes into interface{}: every number is a float64. */
import { toByteString } from './bytes.ts';
import { GoMap, List, type Value } from './values.ts';

/** What is not JSON (undefined, functions) is nil. Recursion ends with the depth that the parser of the JSON allowed. */
export function valueOfJson(json: unknown): Value {
  switch (typeof json) {
    case 'boolean':
    case 'number':
      return json;
    case 'string':
      return toByteString(json);
    case 'object':
      if (json === null) return null;
      if (Array.isArray(json)) return new List(json.map(valueOfJson));
      return new GoMap(new Map(Object.entries(json).map(([key, value]) => [toByteString(key), valueOfJson(value)])));
    default:
      return null;
  }
}
