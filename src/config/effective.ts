/** A configuration as TOML. */
import { cellsOf, SECTIONS, valueAt } from './entries.ts'
import type { Row, Value } from './kinds.ts'
import type { Config } from './schema.ts'
import { quoted } from './show.ts'

/**
 * Every key with its value, as `hopwire config check --effective` prints it. Parsing it gives the same, but for
 * secrets, which are left out.
 */
export function effectiveToml(config: Config): string {
  const sections = SECTIONS.flatMap(({ path, entries, list }) => {
    if (list !== undefined) {
      const rows = entries.flatMap((entry) => valueAt(config, entry) as readonly Row[])
      return rows.map((row) => {
        const lines = cellsOf(list, row).map(([name, { isSecret = false }, value]) =>
          isSecret && value !== '' ? `# ${name} is set, and not shown\n` : `${name} = ${tomlValue(value)}\n`,
        )
        return `[[${path}]]\n${lines.join('')}`
      })
    }
    const lines = entries.map((entry) => `${nameOf(entry.path)} = ${tomlValue(valueAt(config, entry))}\n`)
    return [(path === '' ? '' : `[${path}]\n`) + lines.join('')]
  })
  return sections.join('\n')
}

/** The last name of a path: what stands in the file under its `[table]`. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1)
}

export function tomlValue(value: Value): string {
  if (typeof value === 'string') return quoted(value)
  if (typeof value === 'object') return `[${value.map((entry) => listedValue(entry)).join(', ')}]`
  return String(value)
}

function listedValue(entry: string | Row): string {
  if (typeof entry === 'string') return quoted(entry)
  const cells = Object.entries(entry).map(([name, value]) => `${name} = ${tomlValue(value)}`)
  return `{ ${cells.join(', ')} }`
}
