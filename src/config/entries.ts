/** The schema as a list: every key with its dotted path, in the order of the file. */
import type { Key, Table, Value } from './kinds.ts'
import { type Config, SCHEMA } from './schema.ts'
import { joinPath } from './show.ts'

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
    if ('members' in member) sections.push(...sectionsOf(member, at))
    else entries.push({ path: at, key: member, variable: `HOPWIRE_${at.toUpperCase().replaceAll('.', '_')}` })
  }
  return entries.length === 0 ? sections : [{ path, doc: table.doc, entries }, ...sections]
}

/** The value at the path of an entry. */
export function valueAt(config: Config, { path }: Entry): Value {
  const step = (table: unknown, name: string): unknown => (table as Record<string, unknown>)[name]
  return path.split('.').reduce(step, config) as Value
}
