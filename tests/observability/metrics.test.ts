import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { METRICS } from '../../src/observability/metric-table.ts'
import { MetricsExporter } from '../../src/observability/metrics.ts'
import type { MetricsSnapshot } from '../../src/observability/snapshot.ts'
import { VirtualClock } from '../../src/sim/clock.ts'
import { type Family, parseExposition } from './exposition.ts'
import { NO_PROMTOOL, promtool } from './promtool.ts'
import { SAMPLE_METRICS } from './sample.ts'

function exporterOf(snapshot: MetricsSnapshot, clock = new VirtualClock()): MetricsExporter {
  return new MetricsExporter({ snapshot: () => snapshot, clock })
}

async function scrape(snapshot: MetricsSnapshot): Promise<Map<string, Family>> {
  return parseExposition(await exporterOf(snapshot).render())
}

/** `value` of every sample, by the values of its labels joined with a slash. */
function values(families: Map<string, Family>, name: string): Record<string, number> {
  const samples = families.get(name)?.samples ?? []
  return Object.fromEntries(samples.map(({ labels, value }) => [Object.values(labels).join('/'), value]))
}

/** The radios of the sample. */
const USB = '/dev/ttyUSB0'
const WIFI = 'tcp://192.0.2.7:7633'

/** A node that has just started: nothing has happened, and it has no store. */
const FRESH: MetricsSnapshot = {
  build: { version: '0.1.0', crypto: 'sodium' },
  uptimeSeconds: 0,
  transports: [],
  radios: [],
  routing: {
    paths: 0,
    capacity: 10,
    lookups: 0,
    misses: 0,
    announcesAccepted: 0,
    announcesPropagated: 0,
    announcesSuppressed: 0,
    alternatesUsed: 0,
    pathsLost: 0,
    requests: {},
    detours: {},
    pinnedWays: 0,
  },
  envelopes: [],
  crypto: { operations: {}, failures: {} },
  replays: 0,
  rateLimited: {},
  outbox: { waiting: 0, capacity: 10 },
  seen: { entries: 0, capacity: 10 },
}

test('every metric has HELP and TYPE, and its samples exactly the labels of the table', async () => {
  const families = await scrape(SAMPLE_METRICS)
  assert.deepEqual(
    [...families.keys()],
    METRICS.map(({ name }) => name),
  )
  for (const { name, type, help, labels } of METRICS) {
    assert.equal(families.get(name)?.type, type)
    assert.equal(families.get(name)?.help, help)
    for (const sample of families.get(name)?.samples ?? [])
      assert.deepEqual(Object.keys(sample.labels), labels)
  }
})

test('names follow the conventions: counters end in _total, every capacity belongs to a gauge', () => {
  const byName = new Map(METRICS.map((metric) => [metric.name, metric]))
  assert.equal(byName.size, METRICS.length)
  for (const { name, type } of METRICS) {
    assert.match(name, /^(hopwire|process|nodejs)(_[a-z]+)+$/)
    assert.equal(name.endsWith('_total'), type === 'counter', name)
    if (name.endsWith('_capacity'))
      assert.equal(byName.get(name.replace(/_capacity$/, ''))?.type, 'gauge', name)
  }
})

test('the names that users rely on are there', () => {
  const promised = `
    hopwire_build_info hopwire_transport_frames_sent_total hopwire_transport_frames_received_total
    hopwire_transport_bytes_sent_total hopwire_transport_bytes_received_total hopwire_transport_errors_total
    hopwire_links hopwire_routes hopwire_route_lookups_total hopwire_route_misses_total
    hopwire_envelopes_total hopwire_store_messages hopwire_store_bytes hopwire_store_stored_total
    hopwire_store_delivered_total hopwire_store_expired_total hopwire_crypto_operations_total
    hopwire_crypto_failures_total hopwire_replays_total hopwire_rate_limited_total
    hopwire_lora_airtime_seconds_total hopwire_lora_duty_cycle_ratio hopwire_lora_queue_seconds`
  const names = METRICS.map(({ name }) => name)
  for (const name of promised.trim().split(/\s+/)) assert.ok(names.includes(name), name)
})

test('values are those of the snapshot', async () => {
  const families = await scrape(SAMPLE_METRICS)
  const expected: Record<string, Record<string, number>> = {
    hopwire_build_info: { '0.1.0/sodium': 1 },
    hopwire_uptime_seconds: { '': 93_784.5 },
    hopwire_links: { tcp: 3, memory: 0 },
    hopwire_transport_frames_sent_total: { tcp: 1_204_331, memory: 0 },
    hopwire_transport_frames_received_total: { tcp: 1_198_002, memory: 0 },
    hopwire_transport_bytes_sent_total: { tcp: 391_407_575, memory: 0 },
    hopwire_transport_bytes_received_total: { tcp: 389_350_650, memory: 0 },
    hopwire_transport_errors_total: { 'tcp/dial_failed': 12, 'tcp/oversized': 1 },
    hopwire_transport_queued_bytes: { tcp: 5_120, memory: 0 },
    hopwire_lora_up: { [USB]: 1, [WIFI]: 0 },
    hopwire_lora_airtime_seconds_total: { [USB]: 1_234.567_89, [WIFI]: 0 },
    hopwire_lora_duty_cycle_ratio: { [`${USB}/P`]: 0.25 },
    hopwire_lora_queue_seconds: { [USB]: 250, [WIFI]: 0 },
    hopwire_lora_neighbours: { [USB]: 2, [WIFI]: 0 },
    hopwire_lora_packets_sent_total: { [USB]: 4_321, [WIFI]: 0 },
    hopwire_lora_packets_received_total: { [USB]: 8_765, [WIFI]: 0 },
    hopwire_lora_retransmissions_total: { [USB]: 123, [WIFI]: 0 },
    hopwire_lora_channel_load_ratio: { [USB]: 0.125 },
    hopwire_lora_noise_floor_dbm: { [USB]: -112 },
    hopwire_lora_battery_ratio: { [USB]: 0.87 },
    hopwire_lora_temperature_celsius: { [USB]: -7 },
    hopwire_routes: { '': 212 },
    hopwire_routes_capacity: { '': 100_000 },
    hopwire_route_lookups_total: { '': 1_150_000 },
    hopwire_route_misses_total: { '': 1_337 },
    hopwire_announces_accepted_total: { '': 20_415 },
    hopwire_announces_propagated_total: { '': 18_230 },
    hopwire_announces_suppressed_total: { '': 17_001 },
    hopwire_alternates_used_total: { '': 12 },
    hopwire_routes_lost_total: { '': 3 },
    hopwire_path_requests_total: { asked: 7, answered: 41, passed_on: 120, not_found: 1 },
    hopwire_detours_total: { spread: 9, limited: 2, pinned: 4 },
    hopwire_pinned_ways: { '': 3 },
    hopwire_envelopes_total: {
      'delivered/': 4_812,
      'forwarded/': 1_148_663,
      'stored/no_path': 1_337,
      'dropped/duplicate': 33_104,
      'dropped/expired': 41,
    },
    hopwire_replays_total: { '': 33_104 },
    hopwire_rate_limited_total: { frames: 17 },
    hopwire_outbox_messages: { '': 2 },
    hopwire_outbox_messages_capacity: { '': 1_024 },
    hopwire_seen_entries: { '': 131_072 },
    hopwire_seen_entries_capacity: { '': 262_144 },
    hopwire_store_messages: { '': 87 },
    hopwire_store_messages_capacity: { '': 10_000 },
    hopwire_store_bytes: { '': 28_536 },
    hopwire_store_bytes_capacity: { '': 64_000_000 },
    hopwire_store_stored_total: { '': 1_337 },
    hopwire_store_delivered_total: { '': 1_240 },
    hopwire_store_expired_total: { '': 10 },
    hopwire_crypto_operations_total: { sign: 6_021, verify: 1_187_004 },
    hopwire_crypto_failures_total: { bad_signature: 4 },
  }
  const ofNode = METRICS.map(({ name }) => name).filter((name) => name.startsWith('hopwire_'))
  assert.deepEqual(Object.keys(expected).sort(), ofNode.sort())
  for (const [name, samples] of Object.entries(expected))
    assert.deepEqual(values(families, name), samples, name)
})

test('what is not known has no sample, while what is known to be 0 has one', async () => {
  const families = await scrape(FRESH)
  for (const { name } of METRICS) {
    if (/_store_|_links|_transport_|_lora_|_envelopes_|_crypto_|rate_limited|eventloop/.test(name)) {
      assert.deepEqual(values(families, name), {}, name)
    }
  }
  assert.deepEqual(values(families, 'hopwire_replays_total'), { '': 0 })
  assert.deepEqual(values(families, 'hopwire_routes'), { '': 0 })
})

test('a second scrape shows the second snapshot, not a sum, and forgets what has gone', async () => {
  let snapshot = SAMPLE_METRICS
  const exporter = new MetricsExporter({ snapshot: () => snapshot, clock: new VirtualClock() })
  await exporter.render()
  snapshot = { ...FRESH, replays: 5 }
  const families = parseExposition(await exporter.render())
  assert.deepEqual(values(families, 'hopwire_replays_total'), { '': 5 })
  assert.deepEqual(values(families, 'hopwire_links'), {})
  assert.deepEqual(values(families, 'hopwire_store_messages'), {})
})

test('scrapes at the same time do not mix', async () => {
  let replays = 0
  const exporter = new MetricsExporter({
    snapshot: () => ({ ...FRESH, replays: ++replays, uptimeSeconds: replays }),
    clock: new VirtualClock(),
  })
  const texts = await Promise.all(Array.from({ length: 5 }, () => exporter.render()))
  const seen = texts.map((text) => {
    const families = parseExposition(text)
    assert.deepEqual(values(families, 'hopwire_replays_total'), values(families, 'hopwire_uptime_seconds'))
    return families.get('hopwire_replays_total')?.samples[0]?.value
  })
  assert.deepEqual(seen.sort(), [1, 2, 3, 4, 5])
})

test('two nodes in one process have figures of their own', async () => {
  const [one, two] = [exporterOf({ ...FRESH, replays: 1 }), exporterOf({ ...FRESH, replays: 2 })]
  assert.deepEqual(values(parseExposition(await one.render()), 'hopwire_replays_total'), { '': 1 })
  assert.deepEqual(values(parseExposition(await two.render()), 'hopwire_replays_total'), { '': 2 })
})

test('any text survives as the value of a label', async () => {
  const word = fc.string({ unit: 'grapheme', maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(word, word, async (version, crypto) => {
      const families = await scrape({ ...FRESH, build: { version, crypto } })
      assert.deepEqual(families.get('hopwire_build_info')?.samples[0]?.labels, { version, crypto })
    }),
    { numRuns: 50 },
  )
})

test('promtool accepts the metrics without a warning', { skip: NO_PROMTOOL }, async () => {
  const clock = new VirtualClock()
  const exporter = exporterOf(SAMPLE_METRICS, clock)
  exporter.start()
  clock.advance(1000)
  for (const text of [await exporter.render(), await exporterOf(FRESH).render()]) {
    assert.deepEqual(promtool(['check', 'metrics'], text), { status: 0, output: '' })
  }
})
