/** Reports as plain tables, as Markdown and as JSON. */
import { isMet, type Report, type Row } from './report.ts'

const HEAD = ['', 'unit', 'median', 'min – max', 'target', ''] as const
const NUMBERS = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 })

export function asText(report: Report): string {
  const lines = cellsOf(report.rows)
  const widths = HEAD.map((head, column) =>
    Math.max(head.length, ...lines.map((cells) => cells[column]?.length ?? 0)),
  )
  const aligned = [HEAD, ...lines].map((cells) =>
    cells
      .map((cell, column) =>
        (isNumeric(column) ? cell.padStart : cell.padEnd).call(cell, widths[column] ?? 0),
      )
      .join('  '),
  )
  const words = [`against: ${report.against}`, ...report.notes]
  return [`${report.name}: ${report.title}`, ...aligned, ...words, report.machine]
    .map((line) => line.trimEnd())
    .join('\n')
}

/** A section of docs/benchmarks.md, without its heading. */
export function asMarkdown(report: Report): string {
  const head = `| ${HEAD.join(' | ')} |`
  const rule = `| ${HEAD.map((_, column) => (isNumeric(column) ? '---:' : '---')).join(' | ')} |`
  const table = [head, rule, ...cellsOf(report.rows).map((cells) => `| ${cells.join(' | ')} |`)]
  return [
    report.workload,
    `Measured against ${report.against}`,
    table.join('\n'),
    ...(report.notes.length > 0 ? [report.notes.map((note) => `- ${note}`).join('\n')] : []),
    `\`npm run bench -- ${report.name}\`, ${report.date}: ${report.machine}.`,
  ].join('\n\n')
}

export function asJson(reports: readonly Report[]): string {
  const plain = reports.map(({ rows, ...report }) => ({
    ...report,
    rows: rows.map(({ what, unit, spread, target, ...rest }) => ({
      what,
      unit,
      ...spread,
      ...(target === undefined
        ? {}
        : { target: { ...target, met: isMet({ what, unit, spread, target, ...rest }) } }),
    })),
  }))
  return JSON.stringify({ reports: plain }, undefined, 2)
}

function cellsOf(rows: readonly Row[]): string[][] {
  return rows.map((each) => {
    const { what, unit, spread, target } = each
    const met = isMet(each)
    return [
      what,
      unit,
      NUMBERS.format(spread.median),
      `${NUMBERS.format(spread.min)} – ${NUMBERS.format(spread.max)}`,
      target === undefined ? '' : `${target.bound} ${NUMBERS.format(target.value)}`,
      met === undefined ? '' : met ? 'met' : 'missed',
    ]
  })
}

function isNumeric(column: number): boolean {
  return column === 2 || column === 3
}
