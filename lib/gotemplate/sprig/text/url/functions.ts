/** sprig: URLs to dicts and back. */
import { FunctionError } from '../../../errors.ts';
import type { Budget } from '../../../limits.ts';
import { GoMap, kindName, type Value } from '../../../values.ts';
import { fixed, makeEntries, mapArgument, type Named, nilDereference, textArgument } from '../../data/declare.ts';
import { made, walk } from '../made.ts';
import { formatUrl, hostName, parseUrl, type Url } from './url.ts';

/** Of every part twice as much as of the text, with what it takes to look at it. */
function parsed(text: string, problem: string, budget: Budget): Url {
  walk(text, budget);
  budget.make(4 * text.length);
  try {
    return parseUrl(text);
  } catch (error) {
    if (error instanceof FunctionError) throw new FunctionError(`${problem}: ${error.message}`);
    throw error;
  }
}

function dictOf(text: string, budget: Budget): GoMap {
  const { scheme, host, path, query, opaque, fragment, userinfo = '' } = parsed(text, 'unable to parse url', budget);
  const entries = { scheme, host, hostname: hostName(host), path, query, opaque, fragment, userinfo };
  makeEntries(8, budget);
  return new GoMap(new Map<string, Value>(Object.entries(entries)));
}

function textUnder(key: string, dict: GoMap, budget: Budget): string {
  const value = dict.entries.get(key);
  if (value === undefined) return '';
  if (value === null) throw nilDereference();
  if (typeof value !== 'string')
    throw new FunctionError(`unable to parse ${key} key, must be of type string, but ${kindName(value)} found`);
  walk(value, budget);
  budget.make(3 * value.length);
  return value;
}

function textOf(dict: GoMap, budget: Budget): string {
  const under = (key: string): string => textUnder(key, dict, budget);
  const url = {
    scheme: under('scheme'),
    host: under('host'),
    path: under('path'),
    query: under('query'),
    opaque: under('opaque'),
    fragment: under('fragment'),
  };
  const user = under('userinfo');
  if (user === '') return formatUrl({ ...url, userinfo: undefined });
  const { userinfo } = parsed(`proto://${user}@host`, 'unable to parse userinfo in dict', budget);
  return formatUrl({ ...url, userinfo });
}

export const urlFunctions: Named = {
  urlParse: fixed(['string'], ([text], budget) => dictOf(textArgument(text), budget)),
  urlJoin: fixed(['map[string]interface {}'], ([dict], budget) => made(textOf(mapArgument(dict), budget), budget)),
};
