/** The text of docs/configuration.md. */
import { nameOf, tomlValue } from './effective.ts'
import { ENTRIES, SECTIONS, type Section, valueAt } from './entries.ts'
import { inWords } from './in-words.ts'
import type { Value } from './kinds.ts'
import { PRESETS } from './presets.ts'
import { DEFAULTS, resolveConfig } from './resolve.ts'
import type { Config } from './schema.ts'
import { keysOf, type TableList } from './table-list.ts'

const INTRODUCTION = `\
# Configuration

A node reads \`hopwire.toml\` (TOML 1.1, at most 1 MiB). \`hopwire init\` writes one with every key and its
meaning, \`hopwire config check\` says what is wrong with one, by file, line and key, and
\`hopwire config check --effective\` prints every value that holds. An unknown key is an error.
[examples/hopwire.toml](../examples/hopwire.toml) is what \`init\` writes. A program that embeds a node passes
an object of the same shape to \`MeshNode.create({ config })\`.

What comes later in this list wins:

1. the defaults below, those of the \`preset\` where one is set;
2. the file;
3. environment variables: \`HOPWIRE_\`, the table and the key, in capitals, joined by \`_\`, as in
   \`HOPWIRE_TRANSPORT_TCP_LISTEN\`. An unknown one is an error. \`HOPWIRE_CONTROL\` is not part of this: it names
   the control socket to the commands that talk to a node;
4. \`--set KEY=VALUE\`, as often as needed; of two for the same key the later one.

VALUE, and that of a variable, is any TOML value. Text needs no quotes there:

\`\`\`sh
hopwire run --set logging.level=debug --set 'transport.tcp.listen=["/ip4/127.0.0.1/tcp/0"]'
\`\`\`
`

/** The reference, made from the schema as the sample file is. */
export function configReference(): string {
  return [INTRODUCTION, ...SECTIONS.map(sectionText), presetsText(), reloadText()].join('\n')
}

function sectionText({ path, doc, entries, list }: Section): string {
  if (list !== undefined) return listText(path, list)
  const title = path === '' ? '## At the top of the file\n' : `## [${path}]\n\n${doc}\n`
  const rows = entries.map(({ path, key }) => [
    `\`${nameOf(path)}\``,
    shown(key.default, key.unit),
    `${key.doc} Takes ${key.expects}.`,
  ])
  return `${title}\n${markdownTable(['key', 'default', 'meaning'], rows)}`
}

function listText(path: string, list: TableList): string {
  const rows = keysOf(list).map(([name, key]) => [
    `\`${name}\``,
    list.required.includes(name) ? 'has to be set' : shown(key.default, key.unit),
    `${key.doc} Takes ${key.expects}.`,
  ])
  const about = `${list.entry.doc} There is none unless one is set. \`--set\` and the variable set the whole list.`
  return `## [[${path}]]\n\n${about}\n\n${markdownTable(['key', 'default', 'meaning'], rows)}`
}

function presetsText(): string {
  const names = (Object.keys(PRESETS) as Config['preset'][]).filter((name) => name !== 'none')
  const configs = [DEFAULTS, ...names.map((preset) => resolveConfig({ preset }))]
  const rows = ENTRIES.flatMap((entry) => {
    const { path, key } = entry
    const cells = configs.map((config) => shown(valueAt(config, entry), key.unit))
    return path === 'preset' || new Set(cells).size === 1 ? [] : [[`\`${path}\``, ...cells]]
  })
  const about = 'A preset changes these defaults and nothing else. A key that is set wins.'
  return `## Presets\n\n${about}\n\n${markdownTable(['key', 'none', ...names], rows)}`
}

function reloadText(): string {
  const paths = ENTRIES.filter(({ key }) => key.reload).map(({ path }) => `\`${path}\``)
  return `\
## Reload

On SIGHUP a running node reads its configuration again and takes over ${paths.join(', ')}. Of any other key
that has changed it logs the name, and keeps the value it runs with until it is restarted.
A configuration with an error changes nothing.
`
}

function shown(value: Value, unit: string | undefined): string {
  const words = typeof value === 'number' ? inWords(value, unit ?? '') : undefined
  return `\`${tomlValue(value)}\`${words === undefined ? '' : ` (${words})`}`
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`)
  return lines.join('')
}
