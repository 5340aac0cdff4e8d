import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ConsoleView, consolePage } from '../../src/observability/console-page.ts'
import { CONSOLE_CSS } from '../../src/observability/console-style.ts'
import type { PathView } from '../../src/observability/snapshot.ts'
import { SAMPLE_HEALTH, SAMPLE_METRICS, SAMPLE_STATUS } from './sample.ts'

const SAMPLE: ConsoleView = { status: SAMPLE_STATUS, health: SAMPLE_HEALTH, metrics: SAMPLE_METRICS }

const PATH: PathView = {
  destination: 'd0000000000000000000000000000000',
  nextHop: 'e0000000000000000000000000000000',
  transport: 'tcp',
  hops: 2,
  metricMs: 3,
  ageSeconds: 1,
  expiresInSeconds: 2,
  capabilities: [],
  reason: 'only path',
  alternates: [],
}

function rows(page: string, title: string): number {
  const [, section = ''] = page.split(`<h2>${title}</h2>`)
  return (section.split('</section>', 1)[0]?.match(/<tr>/g)?.length ?? 1) - 1
}

test('shows who the node is, how it is and why', () => {
  const page = consolePage(SAMPLE)
  assert.match(page, /<title>relay · degraded · hopwire<\/title>/)
  assert.ok(page.includes(`<h1>relay</h1><span class="pill degraded">degraded</span>`))
  assert.ok(page.includes(SAMPLE_STATUS.address))
  assert.ok(page.includes(SAMPLE_STATUS.listen[0] ?? 'missing'))
  const worst = page.indexOf('the last commit took 1.4 s')
  assert.ok(worst > 0 && worst < page.indexOf('3 links up'), 'the reason stands before what is well')
})

test('shows neighbours, paths, store and traffic in units for people', () => {
  const page = consolePage(SAMPLE)
  assert.equal(rows(page, 'Neighbours'), 3)
  assert.equal(rows(page, 'Paths'), 2)
  assert.equal(rows(page, 'Traffic'), 2)
  for (const text of [
    '0.28 ms',
    '5.1 kB',
    'not known',
    'RELAY, STORE',
    'in 29 min',
    '87 of 10,000',
    '1,198,002',
    '391 MB',
  ]) {
    assert.ok(page.includes(`>${text}<`), text)
  }
})

test('tables stop at 50 rows and say how many more there are', () => {
  const paths = Array.from({ length: 60 }, () => PATH)
  const page = consolePage({ ...SAMPLE, status: { ...SAMPLE_STATUS, paths, pathCount: 1_050 } })
  assert.equal(rows(page, 'Paths'), 50)
  assert.ok(page.includes('and 1,000 more'))
  const [neighbour] = SAMPLE_STATUS.neighbours
  assert.ok(neighbour)
  const crowd = consolePage({
    ...SAMPLE,
    status: { ...SAMPLE_STATUS, neighbours: Array(51).fill(neighbour) },
  })
  assert.equal(rows(crowd, 'Neighbours'), 50)
  assert.ok(crowd.includes('and 1 more'))
})

test('shows radios where there are some, with what is wrong', () => {
  const page = consolePage(SAMPLE)
  assert.equal(rows(page, 'Radios'), 2)
  for (const text of ['90.0 s of 360.0 s', '4 min 10 s', '12.0 s of no limit', 'connection refused']) {
    assert.ok(page.includes(text), text)
  }
  const without = consolePage({ ...SAMPLE, metrics: { ...SAMPLE_METRICS, radios: [] } })
  assert.ok(!without.includes('Radios'))
})

test('says in words that there is nothing', () => {
  const { store: _, ...withoutStore } = SAMPLE_METRICS
  const page = consolePage({
    ...SAMPLE,
    status: { ...SAMPLE_STATUS, neighbours: [], paths: [], pathCount: 0 },
    metrics: { ...withoutStore, envelopes: [], transports: [] },
  })
  for (const text of [
    'no links',
    'no announce has been heard',
    'no transport runs',
    'keeps nothing for others',
  ]) {
    assert.ok(page.includes(text), text)
  }
})

test('says that a shutdown has begun', () => {
  const page = consolePage({ ...SAMPLE, health: { ...SAMPLE_HEALTH, status: 'draining' } })
  assert.ok(page.includes('A shutdown has begun.'))
  assert.ok(!consolePage(SAMPLE).includes('A shutdown has begun.'))
})

/** Puts `text` into every string of a value, whatever its shape. */
function poison<T>(value: T, text: string): T {
  if (typeof value === 'string') return text as T
  if (Array.isArray(value)) return value.map((item) => poison(item, text)) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [`${key}`, poison(item, text)])) as T
}

test('hostile text in any field stays text', () => {
  const attack = `"><script>alert(1)</script><img src=x onerror='alert(2)'>`
  const page = consolePage({
    status: poison(SAMPLE_STATUS, attack),
    health: { ...poison(SAMPLE_HEALTH, attack), checks: { [attack]: { status: 'healthy', detail: attack } } },
    metrics: { ...poison(SAMPLE_METRICS, attack), rateLimited: { [attack]: 1 } },
  })
  assert.ok(page.includes('&lt;script&gt;'))
  assert.doesNotMatch(page, /<script|<img/)
  // The same tags as without the attack: nothing was opened, closed or given an attribute.
  const tags = (text: string): string[] =>
    (text.match(/<[a-z/!][^>]*>/g) ?? []).map((tag) => tag.split(/[\s>]/, 1)[0] ?? '')
  const harmless = consolePage({
    status: poison(SAMPLE_STATUS, 'x'),
    health: { ...poison(SAMPLE_HEALTH, 'x'), checks: { x: { status: 'healthy', detail: 'x' } } },
    metrics: { ...poison(SAMPLE_METRICS, 'x'), rateLimited: { x: 1 } },
  })
  assert.deepEqual(tags(page), tags(harmless))
})

test('needs no script, no inline style and nothing from elsewhere', () => {
  const page = consolePage(SAMPLE)
  assert.doesNotMatch(page, /<script|<style|\sstyle=|\son[a-z]+=|javascript:/i)
  assert.doesNotMatch(page + CONSOLE_CSS, /https?:|url\(|@import|src=/)
  const links = [...page.matchAll(/href="([^"]*)"/g)].map(([, href]) => href)
  assert.deepEqual(links, ['/console.css', '/healthz', '/metricsz'])
})
