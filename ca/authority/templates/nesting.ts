/** How deep data may be nested that templates are executed over: what walks it calls itself for each level. */
const maxDepth = 1000;

/** Goes through the value level by level, so that it cannot itself run out of stack. */
export function isTooDeep(json: unknown): boolean {
  let level: unknown[] = [json];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxDepth) return true;
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []));
  }
  return false;
}
