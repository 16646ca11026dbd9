/**
 * JSON Patch (RFC 6902) and JSON Pointer (RFC 6901), strict: what the RFC calls an error is an error, as in the API
 * server. Pure: the document is not changed, a new one is returned, and one failing operation fails the whole patch
 * (RFC 6902 5).
 */
import { isDeepStrictEqual } from 'node:util';
import { patchFailed } from '../errors.ts';

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** @throws {AppError} ERR_JSON_PATCH (invalid) naming operation and place */
export function applyJsonPatch(document: Json, patch: unknown): Json {
  if (!Array.isArray(patch)) throw patchFailed('patch', 'not an array');
  // one root object makes the whole document an ordinary place
  const holder: { [name: string]: Json } = { '': structuredClone(document) };
  for (const [index, operation] of patch.entries()) applyOperation(holder, operation, index);
  return holder[''] ?? null;
}

function applyOperation(holder: { [name: string]: Json }, operation: unknown, index: number): void {
  const { op, path, from, value } = readOperation(operation, index);
  const label = `operation ${index} (${op} ${JSON.stringify(path)})`;
  switch (op) {
    case 'add':
      add(holder, path, required(value, 'value', label), label);
      return;
    case 'remove':
      remove(holder, path, label);
      return;
    case 'replace': {
      const wanted = required(value, 'value', label);
      const { parent, key } = locate(holder, path, label);
      get(parent, key, label);
      put(parent, key, wanted);
      return;
    }
    case 'move': {
      const source = required(from, 'from', label);
      if (path.startsWith(`${source}/`)) throw patchFailed(label, `${source} cannot move into itself`); // RFC 6902 4.4
      add(holder, path, remove(holder, source, label), label);
      return;
    }
    case 'copy':
      add(holder, path, structuredClone(read(holder, required(from, 'from', label), label)), label);
      return;
    case 'test':
      if (!isDeepStrictEqual(read(holder, path, label), required(value, 'value', label))) {
        throw patchFailed(label, 'the value there is another');
      }
      return;
    default:
      throw patchFailed(label, 'unknown operation');
  }
}

type Operation = { op: string; path: string; from: string | undefined; value: Json | undefined };

function readOperation(operation: unknown, index: number): Operation {
  const { op, path, from, value } = (operation ?? {}) as Record<string, unknown>;
  if (typeof op !== 'string' || typeof path !== 'string')
    throw patchFailed(`operation ${index}`, 'op and path are needed');
  return {
    op,
    path,
    from: typeof from === 'string' ? from : undefined,
    value: structuredClone(value) as Json | undefined,
  };
}

function required<T>(value: T | undefined, name: string, label: string): T {
  if (value === undefined) throw patchFailed(label, `${name} is missing`);
  return value;
}

/** Reference tokens below the document (RFC 6901 4): `~1` is `/`, `~0` is `~`, in this order. */
function parsePointer(pointer: string, label: string): string[] {
  if (pointer === '') return [];
  if (!pointer.startsWith('/')) throw patchFailed(label, 'a pointer starts with /');
  return pointer
    .slice(1)
    .split('/')
    .map((token) => {
      if (/~(?![01])/.test(token)) throw patchFailed(label, `"${token}" is not a reference token`);
      return token.replaceAll('~1', '/').replaceAll('~0', '~');
    });
}

type Place = { readonly parent: Json[] | { [name: string]: Json }; readonly key: string };

/** The container of the last token, which must exist; the token itself may not. */
function locate(holder: { [name: string]: Json }, pointer: string, label: string): Place {
  const tokens = ['', ...parsePointer(pointer, label)];
  let parent: Json = holder;
  for (const token of tokens.slice(0, -1)) parent = get(asContainer(parent, label), token, label);
  return { parent: asContainer(parent, label), key: tokens.at(-1) ?? '' };
}

function asContainer(value: Json, label: string): Json[] | { [name: string]: Json } {
  if (typeof value !== 'object' || value === null) throw patchFailed(label, 'the parent is neither object nor array');
  return value;
}

function read(holder: { [name: string]: Json }, pointer: string, label: string): Json {
  const { parent, key } = locate(holder, pointer, label);
  return get(parent, key, label);
}

function get(parent: Json[] | { [name: string]: Json }, key: string, label: string): Json {
  const value = Array.isArray(parent)
    ? parent[parseIndex(key, label)]
    : Object.hasOwn(parent, key)
      ? parent[key]
      : undefined;
  if (value === undefined) throw patchFailed(label, `nothing at "${key}"`);
  return value;
}

function put(parent: Json[] | { [name: string]: Json }, key: string, value: Json): void {
  if (Array.isArray(parent)) parent[Number(key)] = value;
  // a member called __proto__ is data, never a prototype
  else Object.defineProperty(parent, key, { value, writable: true, enumerable: true, configurable: true });
}

function add(holder: { [name: string]: Json }, path: string, value: Json, label: string): void {
  const { parent, key } = locate(holder, path, label);
  if (!Array.isArray(parent)) {
    put(parent, key, value);
    return;
  }
  const index = key === '-' ? parent.length : parseIndex(key, label);
  if (index > parent.length) throw patchFailed(label, `index ${index} is beyond the end`);
  parent.splice(index, 0, value);
}

function remove(holder: { [name: string]: Json }, path: string, label: string): Json {
  if (path === '') throw patchFailed(label, 'the whole document cannot be removed');
  const { parent, key } = locate(holder, path, label);
  const value = get(parent, key, label);
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else delete parent[key];
  return value;
}

function parseIndex(key: string, label: string): number {
  if (!/^(0|[1-9]\d*)$/.test(key)) throw patchFailed(label, `"${key}" is not an index`); // RFC 6901 4: no leading zeros
  return Number(key);
}
