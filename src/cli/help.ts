/** The help of a command, as `--help` prints it and docs/cli.md shows it. */
import type { Option, Options } from './command.ts'

const WIDTH = 100
const INDENT = 2

export interface HelpSource {
  readonly name: string
  readonly usage: string
  readonly about: string
  readonly options: Options
}

export function helpText({ name, usage, about, options }: HelpSource): string {
  const line = ['Usage: hopwire', name, usage, '[options]'].filter((word) => word !== '').join(' ')
  const rows = Object.entries(options).map(([long, option]) => [flags(long, option), option.help] as const)
  return `${line}\n\n${about.trim()}\n\nOptions:\n${definitions(rows)}`
}

/** Terms and what they mean in two columns, the second one wrapped. */
export function definitions(rows: readonly (readonly [term: string, meaning: string])[]): string {
  const column = Math.max(...rows.map(([term]) => term.length)) + INDENT + 2
  return rows
    .map(([term, meaning]) => {
      const [first, ...rest] = wrap(meaning, WIDTH - column)
      const lines = [`${' '.repeat(INDENT)}${term}`.padEnd(column) + first]
      return [...lines, ...rest.map((line) => ' '.repeat(column) + line)].join('\n')
    })
    .map((text) => `${text}\n`)
    .join('')
}

/** `-c, --config FILE` */
function flags(long: string, { short, value, multiple = false }: Option): string {
  const start = short === undefined ? '    ' : `-${short}, `
  return `${start}--${long}${value === undefined ? '' : ` ${value}`}${multiple ? '...' : ''}`
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
