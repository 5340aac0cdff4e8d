/** Puts figures into docs/benchmarks.md, between the markers of their sections. */
import { readFileSync, writeFileSync } from 'node:fs'
import type { Report } from './report.ts'
import { asMarkdown } from './show.ts'

const DOCUMENT = new URL('../docs/benchmarks.md', import.meta.url)

/** @throws Error where the document has no markers for one of the reports. */
export function writeDocument(reports: readonly Report[]): void {
  let text = readFileSync(DOCUMENT, 'utf8')
  for (const report of reports) text = replaceSection(text, report.name, asMarkdown(report))
  writeFileSync(DOCUMENT, text)
}

export function replaceSection(text: string, name: string, section: string): string {
  const begin = `<!-- bench ${name} -->`
  const end = `<!-- end ${name} -->`
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from < 0 || to < from) throw new Error(`docs/benchmarks.md lacks the markers ${begin} and ${end}`)
  return `${text.slice(0, from)}${begin}\n\n${section}\n\n${text.slice(to)}`
}
