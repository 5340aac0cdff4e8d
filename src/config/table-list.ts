/** A list of tables, each with the same keys, as `[[transport.lora]]` makes one. */
import type { Key, Members, Row, Table, ValueOf } from './kinds.ts'

export interface TableList<T extends Row = Row> extends Key<readonly T[]> {
  /** The keys of one of the tables. */
  readonly entry: Table
  /** Keys that have no default. */
  readonly required: readonly string[]
  readonly max: number
  /** All the keys of a table of which some are set. Every one of those is good. */
  complete(given: Row): T
  /** What is wrong with complete tables. */
  check(tables: readonly T[]): Iterable<Finding>
}

export interface Finding {
  /** Of the table, from 0. */
  readonly index: number
  readonly key: string
  readonly complaint: string
}

export function tableList<M extends Members, T extends ValueOf<Table<M>> & Row>(about: {
  readonly doc: string
  readonly entry: Table<M>
  readonly required: readonly (keyof M & string)[]
  readonly max: number
  complete(given: Row): T
  check(tables: readonly T[]): Iterable<Finding>
}): TableList<T> {
  const expects = `a list of at most ${about.max} tables`
  return {
    ...about,
    default: [],
    expects,
    unit: undefined,
    reload: false,
    isText: false,
    complaint: (value) => (Array.isArray(value) ? undefined : `expected ${expects}`),
  }
}

export function isTableList(member: Key | Table): member is TableList {
  return 'entry' in member
}

/** The keys of one table in their order. */
export function keysOf({ entry }: TableList): readonly (readonly [name: string, key: Key])[] {
  return Object.entries(entry.members).filter((member): member is [string, Key] => !('members' in member[1]))
}
