/**
 * What is compared of a Pod that the API server stored: everything but what differs from run to run. Pure.
 */
type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
type JsonObject = { [name: string]: Json };

/** Metadata that the API server makes up for each object. */
const madeUp = ['uid', 'resourceVersion', 'creationTimestamp', 'managedFields', 'generation'];

/**
 * The Pod without what differs from run to run.
 *
 * @param replacements values of this run (a fingerprint, a port) and the text that stands for them in golden files
 */
export function comparablePod(pod: unknown, replacements: ReadonlyMap<string, string>): JsonObject {
  const copy = structuredClone(pod) as JsonObject;
  const metadata = copy.metadata as JsonObject;
  for (const name of madeUp) delete metadata[name];
  if (typeof metadata.generateName === 'string') metadata.name = `${metadata.generateName}*`;
  delete copy.status;
  return replaceTexts(copy, replacements) as JsonObject;
}

function replaceTexts(value: Json, replacements: ReadonlyMap<string, string>): Json {
  if (typeof value === 'string') {
    let text = value;
    for (const [from, to] of replacements) text = text.replaceAll(from, to);
    return text;
  }
  if (Array.isArray(value)) return value.map((item) => replaceTexts(item, replacements));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, replaceTexts(item, replacements)]));
}
