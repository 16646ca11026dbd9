/** Templates in the language that step-ca has for certificates and webhooks: Go's, with sprig and step's own functions. */
import { randomBytes } from 'node:crypto';
import { type FunctionTable, parseTemplate, sprigFunctions, type Template } from '../../../lib/gotemplate/index.ts';
import type { Clock } from '../../../lib/time/index.ts';

export type TemplateLanguage = {
  /** @throws {AppError} ERR_TEMPLATE_SYNTAX, ERR_TEMPLATE_LIMIT (invalid) */
  parse(name: string, text: string): Template;
};

export function createTemplateLanguage(clock: Clock): TemplateLanguage {
  const now = (): number => clock.now();
  let functions: FunctionTable | undefined; // made for the first template: most CAs have none
  return {
    parse(name, text) {
      functions ??= sprigFunctions({ now, randomBytes });
      return parseTemplate(name, text, { functions, now });
    },
  };
}
