/** The kinds of keys that hopwire.toml is made of. The schema is written in these, and everything reads it. */
import { describe, isPrintable } from './show.ts'

export type Value = string | number | boolean | readonly string[] | readonly Row[]

/** One table of a list of tables. */
export type Row = Readonly<Record<string, string | number | boolean>>

/** One key: what it takes, what it means, and what holds when nobody sets it. */
export interface Key<T extends Value = Value> {
  readonly default: T
  /** What the key means, for the sample file and the reference. Full sentences. */
  readonly doc: string
  /** What a value must be, as errors and the reference put it: `a whole number of seconds, 1 to 86400`. */
  readonly expects: string
  readonly unit: string | undefined
  /** Whether SIGHUP may change it in a running node. */
  readonly reload: boolean
  /** Whether its value is text, so that a command line need not quote it. */
  readonly isText: boolean
  /** Whether its value is kept out of everything that is printed. */
  readonly isSecret?: boolean
  /** Why a value will not do, as `expected …, got …`; undefined for a good one. */
  complaint(value: unknown): string | undefined
}

/** A `[table]` of keys and further tables. */
export interface Table<M extends Members = Members> {
  readonly doc: string
  readonly members: M
}

export interface Members {
  readonly [name: string]: Key | Table
}

/** The type of the configuration that a piece of the schema describes. */
export type ValueOf<N> =
  N extends Table<infer M> ? { readonly [K in keyof M]: ValueOf<M[K]> } : N extends Key<infer T> ? T : never

interface About<T> {
  default: T
  doc: string
  reload?: boolean
}

export function table<const M extends Members>(doc: string, members: M): Table<M> {
  return { doc, members }
}

/** A whole number from `min` to `max`, both included; of `unit` where it counts something. */
export function whole(about: About<number> & { min: number; max: number; unit?: string }): Key<number> {
  const { min, max, unit } = about
  const expects = `a whole number${unit === undefined ? '' : ` of ${unit}`}, ${min} to ${max}`
  return key<number>({ ...about, expects, unit }, (value) => {
    return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
  })
}

/** A number from `min` to `max`, both included, with or without a fraction. */
export function decimal(about: About<number> & { min: number; max: number; unit: string }): Key<number> {
  const { min, max, unit } = about
  return key<number>({ ...about, expects: `a number of ${unit}, ${min} to ${max}` }, (value) => {
    return typeof value === 'number' && value >= min && value <= max
  })
}

/** One of a few numbers. */
export function numberOf(numbers: readonly number[], about: About<number> & { unit: string }): Key<number> {
  const all = `${numbers.slice(0, -1).join(', ')} or ${numbers.at(-1)}`
  return key<number>({ ...about, expects: `${all} ${about.unit}` }, (value) =>
    numbers.includes(value as number),
  )
}

export function flag(about: About<boolean>): Key<boolean> {
  return key<boolean>({ ...about, expects: 'true or false' }, (value) => typeof value === 'boolean')
}

/** One of a few words. */
export function choice<const W extends string>(words: readonly W[], about: About<NoInfer<W>>): Key<W> {
  return textKey<W>(either(words), about, (text) => words.includes(text as W))
}

/** Free text of one line, at most `max` UTF-16 units. */
export function text(about: About<string> & { max: number }): Key<string> {
  return textKey(
    `one line of text, at most ${about.max} characters`,
    about,
    (text) => text.length <= about.max,
  )
}

/** Text of a form that `fits` knows and `form` names. */
export function formatted(form: string, fits: (text: string) => boolean, about: About<string>): Key<string> {
  return textKey(form, about, fits)
}

/** Text of such a form that nobody is to see: a value that will not do is not shown either. */
export function secret(form: string, fits: (text: string) => boolean, about: About<string>): Key<string> {
  const shown = formatted(form, fits, about)
  const complaint = (value: unknown): string | undefined =>
    shown.complaint(value) === undefined ? undefined : `expected ${form}; what is there is not shown`
  return { ...shown, isSecret: true, complaint }
}

/** The name of a file or folder, of `min` characters, 1 unless given; a doc says what it is relative to. */
export function path(about: About<string> & { min?: number }): Key<string> {
  const { min = 1 } = about
  return textKey('a path', about, (text) => text.length >= min && text.length <= 4096)
}

/** At most `max` texts of a form that `fits` knows; `one` and `many` name it. */
export function list(
  { one, many, fits }: { one: string; many: string; fits: (text: string) => boolean },
  about: About<readonly string[]> & { max: number },
): Key<readonly string[]> {
  const good = (entry: unknown): boolean => typeof entry === 'string' && isPrintable(entry) && fits(entry)
  return listKey(`a list of at most ${about.max} ${many}`, about, (entries) => {
    if (entries.length > about.max) return `expected at most ${about.max} ${many}, got ${entries.length}`
    const bad = entries.findIndex((entry) => !good(entry))
    if (bad < 0) return undefined
    return `entry ${bad + 1}: expected ${one}, got ${describe(entries[bad], true)}`
  })
}

/** Any of a few words, each at most once. */
export function choices<const W extends string>(
  words: readonly W[],
  about: About<readonly NoInfer<W>[]>,
): Key<readonly W[]> {
  return listKey<W>(`a list of any of ${listed(words, 'and')}`, about, (entries) => {
    const bad = entries.findIndex((entry) => !words.includes(entry as W))
    if (bad >= 0) return `entry ${bad + 1}: expected ${either(words)}, got ${describe(entries[bad], true)}`
    const twice = entries.find((entry, at) => entries.indexOf(entry) !== at)
    return twice === undefined ? undefined : `${describe(twice, true)} is listed twice`
  })
}

type Description<T extends Value> = About<T> & {
  expects: string
  unit?: string | undefined
  isText?: boolean
}

function key<T extends Value>(about: Description<T>, fits: (value: unknown) => boolean): Key<T> {
  const { expects, isText = false } = about
  return {
    default: about.default,
    doc: about.doc,
    expects,
    unit: about.unit,
    reload: about.reload ?? false,
    isText,
    complaint: (value) => (fits(value) ? undefined : `expected ${expects}, got ${describe(value, isText)}`),
  }
}

function textKey<T extends string>(
  expects: string,
  about: About<T>,
  fits: (text: string) => boolean,
): Key<T> {
  return key<T>({ ...about, expects, isText: true }, (value) => {
    return typeof value === 'string' && isPrintable(value) && fits(value)
  })
}

function listKey<W extends string>(
  expects: string,
  about: About<readonly W[]>,
  complaint: (entries: readonly unknown[]) => string | undefined,
): Key<readonly W[]> {
  const base = key<readonly W[]>({ ...about, expects }, Array.isArray)
  return {
    ...base,
    complaint: (value) => (Array.isArray(value) ? complaint(value) : base.complaint(value)),
  }
}

function either(words: readonly string[]): string {
  return listed(words, 'or')
}

/** `"a", "b" or "c"` */
function listed(words: readonly string[], conjunction: string): string {
  const shown = words.map((word) => `"${word}"`)
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} ${conjunction} ${shown.at(-1)}`
}
