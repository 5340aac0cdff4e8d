/** Aligned columns for people. */
import { bold, printable, takesColour } from './terminal.ts'

export interface Column {
  readonly head: string
  /** Figures stand to the right. */
  readonly right?: boolean
}

/** Lines of text without line ends: the heads, then the rows. Cells may hold anything. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const heads = columns.map(({ head }) => head)
  const cells = [heads, ...rows.map((row) => row.map(printable))]
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => row[index]?.length ?? 0)))
  return cells.map((row) => {
    const padded = columns.map(({ right = false }, index) => {
      const cell = row[index] ?? ''
      return right ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0)
    })
    return padded.join('  ').trimEnd()
  })
}

/** Names and values below each other, the values aligned. */
export function pairs(entries: readonly (readonly [name: string, value: string])[]): string[] {
  const width = Math.max(...entries.map(([name]) => name.length))
  return entries.map(([name, value]) => `${name.padEnd(width)}  ${printable(value)}`.trimEnd())
}

/** Writes a table to stdout, its heads bold on a terminal. */
export function printTable(columns: readonly Column[], rows: readonly (readonly string[])[]): void {
  const [heads = '', ...lines] = table(columns, rows)
  printLines([takesColour(process.stdout) ? bold(heads) : heads, ...lines])
}

export function printLines(lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(''))
}

/** One line for a program. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}
