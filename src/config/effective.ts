/** A configuration as TOML. */
import { SECTIONS, valueAt } from './entries.ts'
import type { Value } from './kinds.ts'
import type { Config } from './schema.ts'
import { quoted } from './show.ts'

/** Every key with its value, as `hopwire config check --effective` prints it. Parsing it gives the same. */
export function effectiveToml(config: Config): string {
  const sections = SECTIONS.map(({ path, entries }) => {
    const lines = entries.map((entry) => `${nameOf(entry.path)} = ${tomlValue(valueAt(config, entry))}\n`)
    return (path === '' ? '' : `[${path}]\n`) + lines.join('')
  })
  return sections.join('\n')
}

/** The last name of a path: what stands in the file under its `[table]`. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1)
}

export function tomlValue(value: Value): string {
  if (typeof value === 'string') return quoted(value)
  if (typeof value === 'object') return `[${value.map((entry) => quoted(entry)).join(', ')}]`
  return String(value)
}
