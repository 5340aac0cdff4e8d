/** The schema as a list: every key with its dotted path, in the order of the file. */
import type { Key, Row, Table, Value } from './kinds.ts'
import { type Config, SCHEMA } from './schema.ts'
import { joinPath } from './show.ts'
import { isTableList, keysOf, type TableList } from './table-list.ts'

export interface Entry {
  /** `transport.tcp.listen` */
  readonly path: string
  readonly key: Key
  /** `HOPWIRE_TRANSPORT_TCP_LISTEN` */
  readonly variable: string
}

/** A table that holds keys, as `[path]` introduces it; the path of the file's top is empty. */
export interface Section {
  readonly path: string
  readonly doc: string
  readonly entries: readonly Entry[]
  /** Where the section is a list of tables, `[[path]]`: its only entry is the whole list. */
  readonly list?: TableList
}

export const SECTIONS: readonly Section[] = sectionsOf(SCHEMA, '')

export const ENTRIES: readonly Entry[] = SECTIONS.flatMap((section) => section.entries)

const BY_PATH = new Map(ENTRIES.map((entry) => [entry.path, entry]))

export function entryAt(path: string): Entry | undefined {
  return BY_PATH.get(path)
}

function sectionsOf(table: Table, path: string): Section[] {
  const entries: Entry[] = []
  const sections: Section[] = []
  for (const [name, member] of Object.entries(table.members)) {
    const at = joinPath(path, name)
    if ('members' in member) {
      sections.push(...sectionsOf(member, at))
      continue
    }
    const entry = { path: at, key: member, variable: `HOPWIRE_${at.toUpperCase().replaceAll('.', '_')}` }
    if (isTableList(member)) sections.push({ path: at, doc: member.doc, entries: [entry], list: member })
    else entries.push(entry)
  }
  return entries.length === 0 ? sections : [{ path, doc: table.doc, entries }, ...sections]
}

/** The value at the path of an entry. */
export function valueAt(config: Config, { path }: Entry): Value {
  const step = (table: unknown, name: string): unknown => (table as Record<string, unknown>)[name]
  return path.split('.').reduce(step, config) as Value
}

/** The keys of a table in a list, each with its value. */
export function cellsOf(list: TableList, row: Row): (readonly [name: string, key: Key, value: Value])[] {
  return keysOf(list).map(([name, key]) => [name, key, row[name] ?? key.default])
}
