/** The functions of Masterminds/sprig and of step that templates of step-ca have, as tables for the engine. */
import type { FunctionTable } from '../execution/functions.ts';
import { asn1Functions } from './data/asn1/functions.ts';
import { dateFunctions } from './data/dates.ts';
import { defaultFunctions } from './data/defaults.ts';
import { dictFunctions } from './data/dicts.ts';
import { flowFunctions } from './data/flow.ts';
import { jsonFunctions } from './data/json.ts';
import { listFunctions } from './data/lists.ts';
import { mergingFunctions } from './data/merging.ts';
import { numberFunctions } from './data/numbers.ts';
import { reflectionFunctions } from './data/reflection.ts';
import { textFunctions } from './text/index.ts';

export { TemplateFailure } from './data/flow.ts';

export type SprigPorts = {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly randomBytes: (size: number) => Uint8Array;
};

/** Beside the functions of text/template; what is not among them is refused when a template is parsed. */
export function sprigFunctions({ now, randomBytes }: SprigPorts): FunctionTable {
  return new Map(
    Object.entries({
      ...asn1Functions,
      ...dateFunctions(now),
      ...defaultFunctions,
      ...dictFunctions,
      ...flowFunctions,
      ...jsonFunctions,
      ...listFunctions,
      ...mergingFunctions,
      ...numberFunctions(randomBytes),
      ...reflectionFunctions,
      ...textFunctions(randomBytes),
    }),
  );
}
