/** `fail`: the author of the template says that nothing is to come of it. And sprig's greeting. */
import { FunctionError } from '../../errors.ts';
import { fixed, type Named, textArgument } from './declare.ts';

/** The cause of an ERR_TEMPLATE_EXECUTION that a template asked for; its message, a byte string, is the template's own. */
export class TemplateFailure extends FunctionError {}

export const flowFunctions: Named = {
  fail: fixed(['string'], ([message]) => {
    throw new TemplateFailure(textArgument(message));
  }),
  hello: fixed([], () => 'Hello!'),
};
