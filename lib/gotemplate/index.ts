/** Go's text/template, for templates that step-ca's operators have written. Pure. */

export { fromByteString, toByteString } from './bytes.ts';
export { FunctionError } from './errors.ts';
export type { FunctionTable, TemplateFunction } from './execution/functions.ts';
export { valueOfJson } from './from-json.ts';
export { defaultLimits, type TemplateLimits } from './limits.ts';
export { type SprigPorts, sprigFunctions, TemplateFailure } from './sprig/index.ts';
export { parseTemplate, type Template, type TemplateOptions } from './template.ts';
export {
  bytesList,
  GoMap,
  Integer,
  List,
  Struct,
  type StructField,
  stringList,
  type TypedMethod,
  type Value,
} from './values.ts';
