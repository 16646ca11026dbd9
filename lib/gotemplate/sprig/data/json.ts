/** sprig: fromJson, toJson and their fellows. Those without `must` keep silent about what is wrong, but not about limits. */
import { FunctionError } from '../../errors.ts';
import type { TemplateFunction } from '../../execution/functions.ts';
import { fixed, type Named, textArgument } from './declare.ts';
import { decodeJson } from './json-decoder.ts';
import { encodeJson, type JsonStyle } from './json-encoder.ts';

const encoding = (style: JsonStyle): TemplateFunction =>
  fixed(['any'], ([value = null], budget) => encodeJson(value, style, budget));

const lenient = (style: JsonStyle): TemplateFunction =>
  fixed(['any'], ([value = null], budget) => {
    try {
      return encodeJson(value, style, budget);
    } catch (error) {
      if (error instanceof FunctionError) return '';
      throw error;
    }
  });

const plain: JsonStyle = { escapeHtml: true, pretty: false };
const pretty: JsonStyle = { escapeHtml: true, pretty: true };
const raw: JsonStyle = { escapeHtml: false, pretty: false };

export const jsonFunctions: Named = {
  fromJson: fixed(['string'], ([text], budget) => decodeJson(textArgument(text), budget).value),
  mustFromJson: fixed(['string'], ([text], budget) => {
    const { value, problem } = decodeJson(textArgument(text), budget);
    if (problem !== undefined) throw new FunctionError(problem);
    return value;
  }),
  toJson: lenient(plain),
  mustToJson: encoding(plain),
  toPrettyJson: lenient(pretty),
  mustToPrettyJson: encoding(pretty),
  toRawJson: encoding(raw),
  mustToRawJson: encoding(raw),
};
