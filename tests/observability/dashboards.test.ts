import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { METRICS } from '../../src/observability/metric-table.ts'
import { NO_PROMTOOL, promtool } from './promtool.ts'

const ROOT = join(import.meta.dirname, '../..')
const ALERTS = join(ROOT, 'dashboards/alerts.yml')
const PROMETHEUS = join(ROOT, 'examples/prometheus.yml')

interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly {
    readonly refId: string
    readonly expr: string
    readonly legendFormat: string
  }[]
}

interface Dashboard {
  readonly uid: string
  readonly title: string
  readonly schemaVersion: number
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] }
  readonly panels: readonly Panel[]
}

const dashboard = JSON.parse(readFileSync(join(ROOT, 'dashboards/hopwire.json'), 'utf8')) as Dashboard
const targets = dashboard.panels.flatMap(({ targets = [] }) => targets)

/** Names of metrics in a text; an unknown one of ours would be among them. */
function metricsIn(text: string): string[] {
  return text.match(/\b(?:hopwire|process|nodejs)_[a-z_]+/g) ?? []
}

const known = new Set(METRICS.map(({ name }) => name))

test('docs/metrics.md has a row for every metric, and no other', () => {
  const text = readFileSync(join(ROOT, 'docs/metrics.md'), 'utf8')
  const rows = text
    .split('\n')
    .filter((line) => /^\| `(hopwire|process|nodejs)_\w+` \| (counter|gauge) /.test(line))
  const expected = METRICS.map(({ name, type, labels, help }) => {
    return `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`
  })
  assert.deepEqual(rows, expected)
})

test('the dashboard, the alerts and the documentation name only metrics that exist', () => {
  const definitions = dashboard.templating.list.map(({ definition = '' }) => definition)
  const docs = readFileSync(join(ROOT, 'docs/metrics.md'), 'utf8').replaceAll('`hopwire_store_*`', '')
  const alerts = readFileSync(ALERTS, 'utf8')
  for (const text of [...targets.map(({ expr }) => expr), ...definitions, docs, alerts]) {
    for (const name of metricsIn(text)) assert.ok(known.has(name), `${name} in ${text.slice(0, 200)}`)
  }
  assert.ok(metricsIn(alerts).length > 10 && targets.length > 20)
})

test('every metric of the node is on the dashboard', () => {
  const shown = new Set(targets.flatMap(({ expr }) => metricsIn(expr)))
  const missing = [...known].filter((name) => name.startsWith('hopwire_') && !shown.has(name))
  assert.deepEqual(missing, [])
})

test('labels in queries and legends are those of the metrics', () => {
  const labels = new Set([...METRICS.flatMap((metric) => metric.labels), 'instance'])
  for (const { expr, legendFormat } of targets) {
    const used = [
      ...[...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', ')),
      ...[...expr.matchAll(/[{,]([a-z_]+)=/g)].map(([, label = '']) => label),
      ...[...legendFormat.matchAll(/{{([a-z_]+)}}/g)].map(([, label = '']) => label),
    ]
    for (const label of used) assert.ok(labels.has(label), `${label} in ${expr}`)
  }
})

test('the dashboard has what an import needs: its own ids, panels side by side within 24 columns', () => {
  assert.equal(dashboard.uid, 'hopwire')
  assert.ok(dashboard.schemaVersion >= 36)
  assert.deepEqual(
    dashboard.templating.list.map(({ name }) => name),
    ['datasource', 'instance'],
  )
  assert.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length)
  const taken = new Set<string>()
  for (const { title, gridPos } of dashboard.panels) {
    assert.ok(gridPos.x + gridPos.w <= 24, title)
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        assert.ok(!taken.has(`${x},${y}`), `${title} overlaps another panel`)
        taken.add(`${x},${y}`)
      }
    }
  }
})

test('promtool accepts the alert rules and the example configuration', { skip: NO_PROMTOOL }, () => {
  for (const args of [
    ['check', 'rules', '--lint-fatal', ALERTS],
    ['check', 'config', '--lint-fatal', PROMETHEUS],
  ]) {
    const { status, output } = promtool(args)
    assert.equal(status, 0, output)
  }
})

test('every alert fires when it should, and none on a healthy node', { skip: NO_PROMTOOL }, () => {
  const cases = join(import.meta.dirname, 'alerts.promtest.yml')
  const { status, output } = promtool(['test', 'rules', cases])
  assert.equal(status, 0, output)
  const tested = readFileSync(cases, 'utf8')
  for (const [, alert = ''] of readFileSync(ALERTS, 'utf8').matchAll(/alert: (\w+)/g)) {
    assert.ok(tested.includes(`"${alert}"`), `${alert} has no test`)
  }
})

test('promtool accepts every query of the dashboard', { skip: NO_PROMTOOL }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hopwire-dashboard-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const rules = targets.map(({ expr }, index) => {
    const query = expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*')
    return { record: `query:${index}`, expr: query }
  })
  // JSON is YAML.
  const file = join(folder, 'queries.yml')
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'queries', rules }] }))
  const { status, output } = promtool(['check', 'rules', file])
  assert.equal(status, 0, output)
  assert.match(output, new RegExp(`SUCCESS: ${targets.length} rules found`))
})
