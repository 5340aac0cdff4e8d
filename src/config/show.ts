/** How keys and values look in an error: short, on one line, and unable to forge either. */

/** Characters a terminal acts on, or that turn or hide the text around them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are the ones to find
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/

/** Text in double quotes, with escapes that JSON and TOML share; cut to `limit` characters where given. */
export function quoted(text: string, limit = Number.POSITIVE_INFINITY): string {
  const cut = text.length > limit ? `${text.slice(0, limit).toWellFormed()}…` : text
  return JSON.stringify(cut).replaceAll(new RegExp(UNPRINTABLE, 'g'), (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** True for text that can stand in a line of a log or a terminal as it is. */
export function isPrintable(text: string): boolean {
  return !UNPRINTABLE.test(text) && text.isWellFormed()
}

/** `text` as it is where it is short and harmless, else quoted and cut. */
export function plainOrQuoted(text: string, limit: number): string {
  return text.length <= limit && isPrintable(text) ? text : quoted(text, limit)
}

/** Whether there may be the key of a network or of a node in a text, be it under a misspelt name or in the wrong file. */
export function mayHoldSecret(text: string): boolean {
  return /network_key\b|(?=\d*[a-f])[0-9a-f]{33}/i.test(text)
}

/** One more name at the end of a dotted path, quoted where TOML would ask for it. */
export function joinPath(path: string, name: string): string {
  const shown = /^[\w-]{1,60}$/.test(name) ? name : quoted(name, 60)
  return path === '' ? shown : `${path}.${shown}`
}

/** What a value is, for `expected …, got …`. Text is shown where text was wanted, and only named elsewhere. */
export function describe(value: unknown, textWanted = false): string {
  if (typeof value === 'string') return textWanted ? quoted(value, 40) : 'text'
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (value instanceof Date) return 'a date or time'
  if (isTable(value)) return 'a table'
  return `a ${typeof value === 'object' ? tagOf(value) : typeof value}`
}

/** True for plain objects: those of another realm and those without a prototype too. */
export function isTable(value: unknown): value is Record<string, unknown> {
  return tagOf(value) === 'Object'
}

/** `Object`, `Map`, `Date` and so on. */
function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1)
}
