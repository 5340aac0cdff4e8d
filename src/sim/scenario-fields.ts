/** Strict reading of TOML tables: each key is known and of its type, or a problem with its file and line. */
import { editDistance, nearest } from '../config/nearest.ts'
import { Problems } from '../config/problems.ts'
import { describe, isTable, joinPath } from '../config/show.ts'
import { readToml } from '../config/toml.ts'

interface NumberRange {
  readonly min: number
  readonly max: number
  /** Fractions are allowed where this is set. */
  readonly fraction?: boolean
}

/** A whole file: its top table, and what is wrong with it. */
export class TomlFields {
  readonly problems = new Problems()
  readonly top: Fields
  readonly #file: string
  readonly #lines: ReadonlyMap<string, number>

  /** @param file names the text in errors. */
  constructor(text: string, file: string) {
    this.#file = file
    const toml = readToml(text)
    this.#lines = 'tree' in toml ? toml.lines : new Map()
    this.top = new Fields(this, '', 'tree' in toml ? toml.tree : {})
    if ('complaint' in toml) {
      this.problems.add(`${file}${toml.at}`, toml.complaint)
      this.problems.throwIfAny() // what is missing from an unreadable file is no news
    }
  }

  /** `grid.toml:12: topology.width`; for a key that is not there the line of its table. */
  place(path: string, table = ''): string {
    const line = this.#lines.get(path) ?? this.#lines.get(table) ?? 1
    return `${this.#file}:${line}${path === '' ? '' : `: ${path}`}`
  }
}

/**
 * One table. A read key that is missing or wrong is noted as a problem and stands in as something harmless,
 * so that one run shows all problems; `end` notes the keys that nobody has read.
 */
export class Fields {
  readonly path: string
  readonly #file: TomlFields
  readonly #table: Readonly<Record<string, unknown>>
  readonly #known = new Set<string>()

  constructor(file: TomlFields, path: string, table: Readonly<Record<string, unknown>>) {
    this.#file = file
    this.path = path
    this.#table = table
  }

  has(name: string): boolean {
    this.#known.add(name)
    return Object.hasOwn(this.#table, name)
  }

  number(name: string, range: NumberRange, otherwise?: number): number {
    const expected = `a ${range.fraction === true ? '' : 'whole '}number, ${range.min} to ${range.max}`
    const fits = (value: unknown): value is number =>
      typeof value === 'number' &&
      value >= range.min &&
      value <= range.max &&
      (range.fraction === true || Number.isInteger(value))
    return this.#read(name, expected, fits, otherwise, range.min)
  }

  flag(name: string, otherwise: boolean): boolean {
    return this.#read(name, 'true or false', (value) => typeof value === 'boolean', otherwise, otherwise)
  }

  text(name: string, otherwise?: string): string {
    const fits = (value: unknown): value is string =>
      typeof value === 'string' && value.length > 0 && value.length <= 2000
    return this.#read(name, 'text of 1 to 2000 characters', fits, otherwise, '')
  }

  choice<const W extends string>(name: string, words: readonly [W, ...W[]], otherwise?: NoInfer<W>): W {
    const fits = (value: unknown): value is W => words.includes(value as W)
    return this.#read(name, `one of ${words.join(', ')}`, fits, otherwise, words[0])
  }

  /** A list in which each entry `fits`. */
  list<T>(
    name: string,
    expected: string,
    fits: (entry: unknown) => entry is T,
    otherwise?: readonly T[],
  ): readonly T[] {
    const all = (value: unknown): value is readonly T[] => Array.isArray(value) && value.every(fits)
    return this.#read(name, expected, all, otherwise, [])
  }

  /** A table within this one; an empty one where it is missing. */
  table(name: string): Fields {
    this.#known.add(name)
    const path = joinPath(this.path, name)
    const value = this.#table[name] ?? {}
    if (isTable(value)) return new Fields(this.#file, path, value)
    this.problem(name, `expected a table ([${path}]), got ${describe(value)}`)
    return new Fields(this.#file, path, {})
  }

  /** Every table within this one, by name, in the order of the file. */
  tables(): (readonly [name: string, fields: Fields])[] {
    return Object.keys(this.#table).map((name) => [name, this.table(name)] as const)
  }

  /** The table as it stands, for another reader. */
  raw(): Readonly<Record<string, unknown>> {
    return this.#table
  }

  problem(name: string, complaint: string): void {
    const path = name === '' ? this.path : joinPath(this.path, name)
    this.#file.problems.add(this.#file.place(path, this.path), complaint)
  }

  end(): void {
    for (const name of Object.keys(this.#table)) {
      if (this.#known.has(name)) continue
      const meant = nearest(
        [...this.#known],
        (known) => editDistance(name, known),
        Math.max(1, name.length / 3),
      )
      const hint =
        meant === undefined ? `known here: ${[...this.#known].join(', ')}` : `did you mean ${meant}?`
      this.problem(name, `unknown key (${hint})`)
    }
  }

  #read<T>(
    name: string,
    expected: string,
    fits: (value: unknown) => value is T,
    otherwise: T | undefined,
    harmless: T,
  ): T {
    this.#known.add(name)
    const value = Object.hasOwn(this.#table, name) ? this.#table[name] : undefined
    if (value === undefined) {
      if (otherwise !== undefined) return otherwise
      this.problem(name, `is missing: ${expected}`)
    } else if (fits(value)) return value
    else this.problem(name, `expected ${expected}, got ${describe(value, true)}`)
    return harmless
  }
}
