/**
 * Queries whose text is made once. kysely builds and checks them like any other; building the same text for every
 * certificate would cost more than SQLite takes to run it.
 */
import type { Compilable } from 'kysely';

export type Prepared<Input, Row> = {
  readonly sql: string;
  readonly bind: (input: Input) => unknown[];
  /** Never set: carries the type of the rows. */
  readonly row?: Row;
};

/** Stands for a member of the input while the text is made. */
class Slot {
  readonly name: PropertyKey;
  constructor(name: PropertyKey) {
    this.name = name;
  }
}

/** `build` uses its argument's members as values and nothing else of it. */
export function prepare<Input extends object, Row>(build: (input: Input) => Compilable<Row>): Prepared<Input, Row> {
  const slots = new Proxy({}, { get: (_target, name) => new Slot(name) });
  const { sql, parameters } = build(slots as Input).compile();
  return {
    sql,
    bind: (input) =>
      parameters.map((value) => (value instanceof Slot ? (input as Record<PropertyKey, unknown>)[value.name] : value)),
  };
}
