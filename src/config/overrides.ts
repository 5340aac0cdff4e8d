/** What overrides the file: `HOPWIRE_*` variables and `--set KEY=VALUE`. */
import { type Assignments, collect } from './collect.ts'
import { ENTRIES, entryAt } from './entries.ts'
import { editDistance, nearest } from './nearest.ts'
import type { Problems } from './problems.ts'
import { mayHoldSecret, plainOrQuoted } from './show.ts'
import { readToml } from './toml.ts'

export type Environment = Readonly<Record<string, string | undefined>>

const PREFIX = 'HOPWIRE_'
/** Names the control socket to the commands, as --control does; it is no part of the configuration. */
const CONTROL_VARIABLE = 'HOPWIRE_CONTROL'

const BY_VARIABLE = new Map(ENTRIES.map((entry) => [entry.variable, entry]))

export function collectEnvironment(env: Environment, into: Assignments, problems: Problems): void {
  for (const [variable, written] of Object.entries(env)) {
    if (!variable.startsWith(PREFIX) || variable === CONTROL_VARIABLE || written === undefined) continue
    const place = plainOrQuoted(variable, 80)
    const entry = BY_VARIABLE.get(variable)
    if (entry === undefined) problems.add(place, () => unknownVariable(variable))
    else {
      const placeOf = (at: string): string => (at === entry.path ? place : `${place}: ${at}`)
      collectWritten(entry.path, written, placeOf, into, problems)
    }
  }
}

/** @param args are `KEY=VALUE`, in the order of the command line: a later one wins. */
export function collectSet(args: readonly string[], into: Assignments, problems: Problems): void {
  for (const arg of args) {
    const [, path, written] = /^\s*([\w-]+(?:\.[\w-]+)*)\s*=(.*)$/s.exec(arg) ?? []
    const shown = mayHoldSecret(arg) ? `--set ${path ?? '…'}=…` : `--set ${plainOrQuoted(arg, 80)}`
    if (path === undefined || written === undefined) {
      problems.add(shown, 'expected KEY=VALUE, such as announce.interval_s=60')
      continue
    }
    const place = (at: string): string => (at === path ? shown : `${shown}: ${at}`)
    collectWritten(path, written, place, into, problems)
  }
}

function collectWritten(
  path: string,
  written: string,
  place: (path: string) => string,
  into: Assignments,
  problems: Problems,
): void {
  const read = readValue(written.trim(), entryAt(path)?.key.isText ?? false)
  if ('complaint' in read) {
    problems.add(place(path), read.complaint)
    return
  }
  const tree = path.split('.').reduceRight<unknown>((value, name) => withOnly(name, value), read.value)
  collect(tree, place, into, problems)
}

/** A table of one key, without a prototype that a key could reach. */
function withOnly(name: string, value: unknown): object {
  return Object.assign(Object.create(null) as object, { [name]: value })
}

/**
 * Any TOML value, or else the text itself. A shell strips quotes, so a key that takes text takes whatever
 * is written, be it a number or a date to TOML, unless it still has its quotes.
 */
function readValue(written: string, isText: boolean): { value: unknown } | { complaint: string } {
  if (isText && !/^["']/.test(written)) return { value: written }
  const read = readToml(`value = ${written}`)
  const values = 'tree' in read ? Object.values(read.tree) : []
  if (values.length === 1) return { value: values[0] }
  if (!/^["'[{]/.test(written)) return { value: written }
  return { complaint: 'complaint' in read ? read.complaint : 'not valid TOML: more than one value' }
}

function unknownVariable(variable: string): string {
  const known = [...BY_VARIABLE.keys()]
  const meant = nearest(known, (name) => editDistance(variable, name), variable.length / 3)
  return `unknown variable (${meant === undefined ? 'HOPWIRE_NODE_NAME is node.name, and so on' : `did you mean ${meant}?`})`
}
