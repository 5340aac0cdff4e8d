/** The file that `hopwire init` writes. */
import { nameOf, tomlValue } from './effective.ts'
import { type Entry, SECTIONS } from './entries.ts'
import { inWords } from './in-words.ts'
import type { Key } from './kinds.ts'
import { keysOf, type TableList } from './table-list.ts'

const INTRODUCTION = `\
# The configuration of a hopwire node. Every key is here with its default, behind a '#': take that
# away to change one. A key that is not set follows the preset.
#
# HOPWIRE_* variables override this file, and --set overrides both: HOPWIRE_ANNOUNCE_INTERVAL_S=60
# and --set announce.interval_s=60 say the same. To see what holds in the end, run
# 'hopwire config check --effective'. On SIGHUP a running node reads this file again and takes over
# the keys marked (reload).
`

/** A hopwire.toml with every key, its meaning, its unit and its default. It changes no default. */
export function sampleConfig(): string {
  const sections = SECTIONS.map(({ path, doc, entries, list }) => {
    if (list !== undefined) return listBlock(path, list)
    const header = path === '' ? '' : `${comment(doc)}[${path}]\n\n`
    return header + entries.map(keyBlock).join('\n')
  })
  return [INTRODUCTION, ...sections].join('\n')
}

function keyBlock({ path, key }: Entry): string {
  const takes = `Takes ${key.expects}.${key.reload ? ' (reload)' : ''}`
  const words = typeof key.default === 'number' ? inWords(key.default, key.unit ?? '') : undefined
  const note = words === undefined ? '' : ` # ${words}`
  return `${comment(key.doc)}${comment(takes)}#${nameOf(path)} = ${tomlValue(key.default)}${note}\n`
}

/** A list of tables: one that is commented out whole. */
function listBlock(path: string, list: TableList): string {
  const about = `${list.entry.doc} There is none unless a table is set: take the '#' and its blank from the header and the keys.`
  const keys = keysOf(list).map(
    ([name, key]) => `${comment(key.doc)}${comment(`Takes ${key.expects}.`)}${rowLine(name, key)}`,
  )
  return `${comment(about)}# [[${path}]]\n\n${keys.join('\n')}`
}

function rowLine(name: string, key: Key): string {
  return `# ${name} = ${tomlValue(key.default)}\n`
}

/** Sentences as comment lines of at most 100 characters. */
function comment(sentences: string): string {
  return sentences.replaceAll(/(.{1,98})(?: |$)/g, '# $1\n')
}
