/** Reads Prometheus text strictly, so that tests look at what a scraper would see. */
import assert from 'node:assert/strict'

export interface Family {
  readonly help: string
  readonly type: string
  readonly samples: { readonly labels: Readonly<Record<string, string>>; readonly value: number }[]
}

const SAMPLE = /^(?<name>[a-z_]+)(?:\{(?<labels>[^\n]*)\})? (?<value>\S+)$/
const LABEL = /(?<name>[a-z_]+)="(?<value>(?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y

/** Throws on any line that is not HELP, TYPE or a sample of the family announced last. */
export function parseExposition(text: string): Map<string, Family> {
  const families = new Map<string, Family>()
  assert.ok(text.endsWith('\n'), 'the last line must end')
  let help: [name: string, text: string] | undefined
  let current: [name: string, family: Family] | undefined
  for (const line of text.split('\n')) {
    if (line === '') continue
    if (line.startsWith('# HELP ')) {
      const [, , name = '', ...words] = line.split(' ')
      help = [name, words.join(' ')]
    } else if (line.startsWith('# TYPE ')) {
      const [, , name = '', type = ''] = line.split(' ')
      assert.equal(help?.[0], name, 'TYPE must follow its own HELP')
      assert.ok(!families.has(name), `${name} stands twice`)
      const family: Family = { help: help?.[1] ?? '', type, samples: [] }
      families.set(name, family)
      current = [name, family]
    } else {
      const match = SAMPLE.exec(line)?.groups
      assert.ok(match, `not a sample: ${line}`)
      const { name, labels = '', value } = match
      assert.equal(name, current?.[0], 'a sample must stand under its own TYPE')
      current?.[1].samples.push({ labels: parseLabels(labels), value: Number(value) })
    }
  }
  return families
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {}
  LABEL.lastIndex = 0
  for (let at = 0; at < text.length; at = LABEL.lastIndex) {
    const match = LABEL.exec(text)?.groups
    assert.ok(match, `bad labels: ${text}`)
    const { name = '', value = '' } = match
    labels[name] = value.replace(/\\(.)/g, (_, escaped) => (escaped === 'n' ? '\n' : escaped))
  }
  return labels
}
