/** The functions of Masterminds/sprig and of step that templates of step-ca have, as tables for the engine. */
import type { FunctionTable } from '../execution/functions.ts';
import { defaultFunctions } from './data/defaults.ts';
import { dictFunctions } from './data/dicts.ts';
import { failureFunctions } from './data/failure.ts';
import { jsonFunctions } from './data/json.ts';
import { listFunctions } from './data/lists.ts';

export { TemplateFailure } from './data/failure.ts';

export type SprigPorts = {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly randomBytes: (size: number) => Uint8Array;
};

/** Beside the functions of text/template; what is not among them is refused when a template is parsed. */
export function sprigFunctions(_ports: SprigPorts): FunctionTable {
  return new Map(
    Object.entries({
      ...defaultFunctions,
      ...dictFunctions,
      ...failureFunctions,
      ...jsonFunctions,
      ...listFunctions,
    }),
  );
}
