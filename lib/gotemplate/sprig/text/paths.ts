/** sprig: paths with slashes. Those of files are the same here, as on any Unix. Nothing is looked up. */
import type { TemplateFunction } from '../../execution/functions.ts';
import type { Value } from '../../values.ts';
import { fixed, makeItems, type Named, textArgument } from '../data/declare.ts';
import { made, walk } from './made.ts';

/** The shortest path that leads there. */
function clean(path: string): string {
  const isRooted = path.startsWith('/');
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') kept.push(segment);
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (!isRooted) kept.push(segment);
  }
  return (isRooted ? '/' : '') + kept.join('/') || '.';
}

function base(path: string): string {
  if (path === '') return '.';
  let end = path.length;
  while (end > 0 && path[end - 1] === '/') end--;
  return end === 0 ? '/' : path.slice(path.lastIndexOf('/', end - 1) + 1, end);
}

const dir = (path: string): string => clean(path.slice(0, path.lastIndexOf('/') + 1));

function extension(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot < 0 ? '' : name.slice(dot);
}

/** Counted as if every segment was a single byte. */
const onPath = (call: (path: string) => Value): TemplateFunction =>
  fixed(['string'], ([given], budget) => {
    const path = textArgument(given);
    walk(path, budget);
    makeItems(path.length >> 1, budget);
    const result = call(path);
    return typeof result === 'string' ? made(result, budget) : result;
  });

const functions = {
  base: onPath(base),
  dir: onPath(dir),
  clean: onPath(clean),
  ext: onPath(extension),
  isAbs: onPath((path) => path.startsWith('/')),
};

export const pathFunctions: Named = {
  ...functions,
  osBase: functions.base,
  osDir: functions.dir,
  osClean: functions.clean,
  osExt: functions.ext,
  osIsAbs: functions.isAbs,
};
