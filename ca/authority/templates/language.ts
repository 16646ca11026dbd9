/** Templates in the languages that step-ca has for certificates and for URLs of webhooks: Go's, with sprig. */
import { randomBytes } from 'node:crypto';
import { type FunctionTable, parseTemplate, sprigFunctions, type Template } from '../../../lib/gotemplate/index.ts';
import type { Clock } from '../../../lib/time/index.ts';

export type TemplateLanguage = {
  /** @throws {AppError} ERR_TEMPLATE_SYNTAX, ERR_TEMPLATE_LIMIT (invalid) */
  parse(text: string): Template;
  /** Without the functions that step has added for certificates. @throws {AppError} as `parse` */
  parseUrl(text: string): Template;
};

const ofCertificates: ReadonlySet<string> = new Set([
  ...['asn1Enc', 'asn1Marshal', 'asn1Seq', 'asn1Set'],
  ...['formatTime', 'mustParseTime', 'parseTime', 'toTime', 'toTimeLayout'],
]);

export function createTemplateLanguage(clock: Clock): TemplateLanguage {
  const now = (): number => clock.now();
  let table: FunctionTable | undefined; // made for the first template: most CAs have none
  const functions = (): FunctionTable => {
    table ??= sprigFunctions({ now, randomBytes });
    return table;
  };
  return {
    parse: (text) => parseTemplate('template', text, { functions: functions(), now }),
    parseUrl(text) {
      const plain = new Map([...functions()].filter(([name]) => !ofCertificates.has(name)));
      return parseTemplate('url', text, { functions: plain, now });
    },
  };
}
