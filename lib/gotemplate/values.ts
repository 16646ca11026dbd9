/**
 * Values as a Go template sees them. Go's kinds that JavaScript tells apart are plain values; the others are small
 * objects that know their Go type:
 *
 *   bool boolean · string byte string · int bigint · float64 number · other integers Integer · slices List ·
 *   map[string]T GoMap · structs Struct · nil null · no value at all undefined
 *
 * Maps and lists are shared, not copied, as in Go: `set` changes what everybody sees.
 */
import type { ParameterType } from './execution/functions.ts';
import type { Budget } from './limits.ts';

export type Value = boolean | string | bigint | number | null | GoObject;

/** What an expression yields: Go's reflect.Value, of which `undefined` is the zero one. */
export type Operand = Value | Boxed | undefined;

/** A value that came out of a variable of type interface{}, which some messages of Go name instead of what is in it. */
export class Boxed {
  readonly value: Value;
  constructor(value: Value) {
    this.value = value;
  }
}

export type GoObject = Integer | List | GoMap | Struct;

export const anyType = 'interface {}';

/** An integer of another type than int, or with a name of its own. */
export class Integer {
  readonly type: string;
  readonly value: bigint;
  /** Its String method. */
  readonly text: string | undefined;
  /** How it is encoded when not as a number. */
  readonly jsonValue: Value | undefined;
  constructor(type: string, value: bigint, text?: string, jsonValue?: Value) {
    this.type = type;
    this.value = value;
    this.text = text;
    this.jsonValue = jsonValue;
  }
  get kind(): string {
    return namedKinds[this.type] ?? this.type;
  }
}

const namedKinds: Readonly<Record<string, string>> = {
  'time.Duration': 'int64',
  'time.Month': 'int',
  'time.Weekday': 'int',
  'x509.ExtKeyUsage': 'int',
  'x509.PublicKeyAlgorithm': 'int',
  'x509util.KeyUsage': 'int',
  'x509util.SignatureAlgorithm': 'int',
};

export const int64 = (value: bigint): Integer => new Integer('int64', BigInt.asIntN(64, value));
export const byte = (value: number): Integer => new Integer('uint8', BigInt(value));

/** A slice. `nil` slices are empty, and null in JSON. */
export class List {
  readonly element: string;
  readonly items: Value[];
  readonly isNil: boolean;
  /** How it is encoded when not item by item. */
  readonly jsonValue: Value | undefined;
  readonly #type: string | undefined;
  constructor(items: Value[], element = anyType, more: { isNil?: boolean; type?: string; jsonValue?: Value } = {}) {
    this.items = items;
    this.element = element;
    this.isNil = more.isNil ?? false;
    this.jsonValue = more.jsonValue;
    this.#type = more.type;
  }
  get type(): string {
    return this.#type ?? `[]${this.element}`;
  }
}

/** []byte; the bytes are a byte string. */
export const bytesList = (bytes: string): List => {
  const items: Value[] = [];
  for (let index = 0; index < bytes.length; index++) items.push(byte(bytes.charCodeAt(index)));
  return new List(items, 'uint8');
};

export const stringList = (items: string[], isNil = false): List => new List(items, 'string', { isNil });

/** A map with string keys. Its order is that of the keys, whenever order matters. */
export class GoMap {
  readonly element: string;
  readonly entries: Map<string, Value>;
  readonly isNil: boolean;
  readonly #type: string | undefined;
  constructor(
    entries: Map<string, Value> = new Map(),
    element = anyType,
    more: { isNil?: boolean; type?: string } = {},
  ) {
    this.entries = entries;
    this.element = element;
    this.isNil = more.isNil ?? false;
    this.#type = more.type;
  }
  get type(): string {
    return this.#type ?? `map[string]${this.element}`;
  }
  /** By bytes, as Go prints and ranges. */
  sorted(): [string, Value][] {
    return [...this.entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  }
}

export type StructField = {
  readonly value: Value;
  /** Declared as interface{}. */
  readonly boxed?: boolean;
  /** Name in JSON; the field's own when absent, left out of JSON when empty. */
  readonly json?: string;
  readonly omitEmpty?: boolean;
};

/** A method that takes any values, or one that says what it takes and is told of whom it is. */
export type Method = ((args: readonly Value[]) => Value) | TypedMethod;

export type TypedMethod = {
  readonly parameters: readonly ParameterType[];
  readonly call: (receiver: Struct, args: readonly Value[], budget: Budget) => Value;
};

/** A struct, or a pointer to one. */
export class Struct {
  readonly type: string;
  readonly pointer: boolean;
  readonly fields: ReadonlyMap<string, StructField>;
  readonly methods: ReadonlyMap<string, Method>;
  /** How it is encoded when not field by field. */
  readonly jsonValue: Value | undefined;
  /** Its String method. */
  readonly text: string | undefined;
  /** Structs that have one can be compared: those of one type are equal when these are. */
  readonly identity: string | undefined;
  constructor(
    type: string,
    fields: Readonly<Record<string, StructField>>,
    more: {
      pointer?: boolean;
      methods?: Readonly<Record<string, Method>>;
      jsonValue?: Value;
      text?: string;
      identity?: string;
    } = {},
  ) {
    this.type = more.pointer ? `*${type}` : type;
    this.pointer = more.pointer ?? false;
    this.fields = new Map(Object.entries(fields));
    this.methods = new Map(Object.entries(more.methods ?? {}));
    this.jsonValue = more.jsonValue;
    this.text = more.text;
    this.identity = more.identity;
  }
}

export const unbox = (operand: Operand): Value | undefined => (operand instanceof Boxed ? operand.value : operand);

/** Go's %T. */
export function typeName(value: Value | undefined): string {
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'string':
      return 'string';
    case 'bigint':
      return 'int';
    case 'number':
      return 'float64';
    case 'undefined':
      return '<nil>';
    default:
      return value === null ? '<nil>' : value.type;
  }
}

/** Name of the reflect.Kind. */
export function kindName(value: Value | undefined): string {
  switch (typeof value) {
    case 'object':
      if (value === null) return 'invalid';
      if (value instanceof List) return 'slice';
      if (value instanceof GoMap) return 'map';
      if (value instanceof Integer) return value.kind;
      return value instanceof Struct && value.pointer ? 'ptr' : 'struct';
    case 'undefined':
      return 'invalid';
    default:
      return typeName(value);
  }
}

/** The integer in a value of any integer type. */
export function integerOf(value: Value | undefined): bigint | undefined {
  if (typeof value === 'bigint') return value;
  return value instanceof Integer ? value.value : undefined;
}

/** Whether it is the zero value of its type, as `if`, `and` and `or` see it. */
export function isTrue(value: Value | undefined): boolean {
  switch (typeof value) {
    case 'object':
      if (value === null) return false;
      if (value instanceof List) return value.items.length > 0;
      if (value instanceof GoMap) return value.entries.size > 0;
      return value instanceof Integer ? value.value !== 0n : true;
    case 'undefined':
      return false;
    case 'string':
      return value.length > 0;
    case 'bigint':
      return value !== 0n;
    case 'number':
      return value !== 0; // a NaN is true, as in Go
    default:
      return value;
  }
}
