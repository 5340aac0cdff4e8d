/** Holds a tree of values, wherever it comes from, against the schema. */
import { ENTRIES, SECTIONS } from './entries.ts'
import type { Key, Row, Table, Value } from './kinds.ts'
import { editDistance, nearest } from './nearest.ts'
import type { Place, Problems } from './problems.ts'
import { SCHEMA } from './schema.ts'
import { describe, isTable, joinPath } from './show.ts'
import { isTableList, keysOf, type TableList } from './table-list.ts'

/** The values that were set, by path, each with the name of its place. */
export type Assignments = Map<string, { readonly value: Value; readonly place: string }>

/** Adds every good value of `tree` to `into`, over what is there, and every other one to `problems`. */
export function collect(tree: unknown, place: Place, into: Assignments, problems: Problems): void {
  visitTable(SCHEMA, '', tree)

  function visitTable(table: Table, path: string, value: unknown): void {
    if (!isTable(value)) {
      const wanted = path === '' ? 'a table' : `a table ([${path}])`
      problems.add(place(path), `expected ${wanted}, got ${describe(value)}`)
      return
    }
    for (const [name, member] of Object.entries(value)) {
      if (member === undefined) continue // what an embedder writes for "not set"
      const at = joinPath(path, name)
      const known = Object.hasOwn(table.members, name) ? table.members[name] : undefined
      if (known === undefined) problems.add(place(at), () => unknownName(table, path, name, member))
      else if ('members' in known) visitTable(known, at, member)
      else if (isTableList(known)) visitList(known, at, member)
      else visitKey(known, at, member)
    }
  }

  function visitList(list: TableList, path: string, value: unknown): void {
    if (!Array.isArray(value) || value.length > list.max) {
      const got = Array.isArray(value) ? `${value.length} of them` : describe(value)
      problems.add(place(path), `expected ${list.expects} ([[${path}]]), got ${got}`)
      return
    }
    const given = value.map((table: unknown, index) => visitRow(list, rowPath(path, index), table))
    if (!given.every((row) => row !== undefined)) return
    const rows = given.map((row) => list.complete(row))
    const findings = [...list.check(rows)]
    for (const { index, key, complaint } of findings) {
      problems.add(place(joinPath(rowPath(path, index), key)), complaint)
    }
    if (findings.length === 0) into.set(path, { value: rows, place: place(path) })
  }

  /** @returns undefined where something is wrong with it. */
  function visitRow({ entry, required }: TableList, path: string, value: unknown): Row | undefined {
    if (!isTable(value)) {
      problems.add(place(path), `expected a table, got ${describe(value)}`)
      return undefined
    }
    const row: Record<string, Row[string]> = {}
    let isGood = true
    const refuse = (at: string, complaint: string | (() => string)): void => {
      isGood = false
      problems.add(place(at), complaint)
    }
    for (const [name, member] of Object.entries(value)) {
      if (member === undefined) continue
      const at = joinPath(path, name)
      const known = Object.hasOwn(entry.members, name) ? entry.members[name] : undefined
      const complaint =
        known === undefined || 'members' in known
          ? (): string => unknownName(entry, path, name, member)
          : known.complaint(member)
      if (complaint === undefined) row[name] = member as Row[string]
      else refuse(at, complaint)
    }
    for (const name of required) if (value[name] === undefined) refuse(path, `${name} is missing`)
    return isGood ? row : undefined
  }

  function visitKey(key: Key, path: string, value: unknown): void {
    const complaint = key.complaint(value)
    if (complaint === undefined) into.set(path, { value: value as Value, place: place(path) })
    else problems.add(place(path), complaint)
  }
}

const KNOWN_PATHS = [
  ...new Set([
    ...ENTRIES.map((entry) => entry.path),
    ...SECTIONS.flatMap(({ path, list }) =>
      list === undefined ? [] : keysOf(list).map(([name]) => joinPath(path, name)),
    ),
    ...SECTIONS.flatMap(({ path }) => path.split('.').map((_, i, names) => names.slice(0, i + 1).join('.'))),
  ]),
].filter((path) => path !== '')

function unknownName(table: Table, path: string, name: string, value: unknown): string {
  const full = joinPath(path.replace(/\[\d+\]$/, ''), name)
  const meant = nearest(KNOWN_PATHS, (known) => likeness(full, name, known), Math.max(1, name.length / 3))
  const hint =
    meant === undefined ? `known here: ${Object.keys(table.members).join(', ')}` : `did you mean ${meant}?`
  return `unknown ${isTable(value) ? 'table' : 'key'} (${hint})`
}

/** One of a list of tables, counted from 1: `transport.lora[1]`. */
function rowPath(path: string, index: number): string {
  return `${path}[${index + 1}]`
}

/** How far `known` is from what was written, be it misspelt or put into the wrong table. */
function likeness(written: string, name: string, known: string): number {
  const moved = editDistance(name, known.slice(known.lastIndexOf('.') + 1)) + 1
  return Math.min(editDistance(written, known), moved)
}
