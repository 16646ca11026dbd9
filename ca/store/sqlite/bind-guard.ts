/**
 * node:sqlite behind a guard, in the shape that kysely's SqliteDialect takes. node:sqlite binds a Date or NaN as NULL,
 * `true` as 1, and accepts too few parameters, all without a word: a forgotten conversion would be a silent hole in the
 * data. The guard lets through what SQLite has a type for and counts the parameters.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';

type Value = null | string | number | bigint | Uint8Array;

/** What kysely calls on a prepared statement. */
export type GuardedStatement = {
  readonly reader: boolean;
  all(parameters: readonly unknown[]): unknown[];
  run(parameters: readonly unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint };
  iterate(parameters: readonly unknown[]): IterableIterator<unknown>;
};

export class GuardedDatabase {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, GuardedStatement>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Statements are few and fixed, so each is compiled once. */
  prepare(sql: string): GuardedStatement {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = guard(this.#database.prepare(sql), countParameters(sql));
    if (this.#statements.size < maxStatements) this.#statements.set(sql, statement);
    return statement;
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }
}

const maxStatements = 200;

function guard(statement: StatementSync, wanted: number): GuardedStatement {
  const check = (parameters: readonly unknown[]): SQLInputValue[] => {
    if (parameters.length !== wanted) {
      throw new TypeError(`sql: ${parameters.length} parameters given, ${wanted} wanted`);
    }
    return parameters.map(requireValue);
  };
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...check(parameters)),
    run: (parameters) => statement.run(...check(parameters)),
    iterate: (parameters) => statement.iterate(...check(parameters)),
  };
}

function requireValue(value: unknown): Value {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
      // node:sqlite binds numbers as REAL; whole ones as bigint keep INTEGER and TEXT columns exact
      if (Number.isSafeInteger(value)) return BigInt(value);
      if (Number.isFinite(value)) return value;
      break;
    case 'bigint':
      if (BigInt.asIntN(64, value) === value) return value;
      break;
    case 'object':
      if (value === null || value instanceof Uint8Array) return value;
      break;
    default:
  }
  throw new TypeError(`sql: a parameter of type ${describe(value)} cannot be bound`);
}

function describe(value: unknown): string {
  if (typeof value === 'object' && value !== null) return value.constructor?.name ?? 'object';
  return typeof value === 'number' || typeof value === 'bigint' ? `${typeof value} out of range` : typeof value;
}

/** kysely writes every parameter as a bare `?`; text literals and quoted names are passed over. */
function countParameters(sql: string): number {
  return (sql.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"/g, '').match(/\?/g) ?? []).length;
}
