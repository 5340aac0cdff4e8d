import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Config,
  DEFAULTS,
  type PartialConfig,
  parseConfig,
  resolveConfig,
} from '../../src/config/config.ts'
import { ENTRIES } from '../../src/config/entries.ts'
import type { LogLevel } from '../../src/runtime/logger.ts'

describe('defaults', () => {
  test('are these', () => {
    assert.deepEqual(DEFAULTS, {
      preset: 'none',
      node: { name: '', data_dir: 'data', capabilities: ['relay', 'store'], shutdown_s: 10 },
      identity: { key_file: 'identity.key', succession_days: 30 },
      transport: {
        tcp: {
          enabled: true,
          listen: ['/ip4/0.0.0.0/tcp/4330', '/ip6/::/tcp/4330'],
          peers: [],
          max_links: 1024,
          queue_bytes: 4_194_304,
        },
        quic: {
          enabled: false,
          listen: ['/ip4/0.0.0.0/udp/4330/quic-v1', '/ip6/::/udp/4330/quic-v1'],
          peers: [],
          max_links: 1024,
          queue_bytes: 4_194_304,
        },
        relay: { enabled: false, peers: [], max_links: 128, queue_bytes: 4_194_304 },
        lora: [],
        admission: {
          allow: [],
          deny: [],
          connections_per_network: 256,
          connects_per_s: 50,
          handshakes: 128,
        },
        discovery: {
          mdns: false,
          relay: false,
          relay_server: false,
          hole_punching: false,
          nat_detection: false,
          upnp: false,
        },
      },
      announce: { interval_s: 600, max_age_s: 1800, max_hops: 64 },
      routing: { max_paths: 65_536, seen_messages: 200_000 },
      store: {
        kind: 'sqlite',
        path: 'store.db',
        max_messages: 100_000,
        max_bytes: 268_435_456,
        max_messages_per_source: 10_000,
        max_ttl_s: 604_800,
      },
      crypto: { provider: 'auto' },
      rate_limit: {
        frames_per_s: 20_000,
        bytes_per_s: 67_108_864,
        announces_per_s: 1000,
        garbage_per_s: 20,
        burst_s: 2,
      },
      blocklist: { file: '' },
      http: { enabled: true, listen: '127.0.0.1:9464' },
      control: { socket: 'control.sock' },
      logging: { level: 'info', format: 'text' },
    })
  })

  test('hold for an empty file and an empty object', () => {
    assert.deepEqual(parseConfig('', { file: 'hopwire.toml' }).config, DEFAULTS)
    assert.deepEqual(resolveConfig({}), DEFAULTS)
  })

  test('pass their own checks', () => {
    for (const { path, key } of ENTRIES) assert.equal(key.complaint(key.default), undefined, path)
  })

  test('cannot be changed, and a configuration shares nothing with the object it came from', () => {
    const listen = ['/ip4/127.0.0.1/tcp/0']
    const config = resolveConfig({ transport: { tcp: { listen } } })
    listen.push('/ip4/127.0.0.1/tcp/1')
    assert.deepEqual(config.transport.tcp.listen, ['/ip4/127.0.0.1/tcp/0'])
    assert.throws(() => (config.transport.tcp.listen as string[]).push('/x'), TypeError)
    assert.throws(() => Object.assign(DEFAULTS.announce, { interval_s: 1 }), TypeError)
  })

  test('have the types of the schema', () => {
    const level: LogLevel = DEFAULTS.logging.level
    const kind: 'sqlite' | 'memory' = DEFAULTS.store.kind
    const partial: PartialConfig = { announce: { interval_s: 5 }, transport: { tcp: { peers: [] } } }
    // @ts-expect-error: a key that is not in the schema
    const unknown: PartialConfig = { announce: { intervl_s: 5 } }
    // @ts-expect-error: a word that is none of the choices
    const loud: Config['logging']['level'] = 'loud'
    // @ts-expect-error: text for a number
    const text: PartialConfig = { announce: { interval_s: '5' } }
    assert.deepEqual([level, kind, loud, partial, unknown, text].length, 6)
  })
})

describe('presets', () => {
  const parsed = (text: string, set: string[] = []): Config =>
    parseConfig(text, { file: 'hopwire.toml', set }).config

  test('relay carries and keeps more', () => {
    const { node, routing, store } = resolveConfig({ preset: 'relay' })
    assert.deepEqual(node.capabilities, ['relay', 'store'])
    assert.ok(routing.max_paths > DEFAULTS.routing.max_paths)
    assert.ok(store.max_messages > DEFAULTS.store.max_messages)
    assert.ok(store.max_bytes > DEFAULTS.store.max_bytes)
  })

  test('gateway differs in its capabilities alone', () => {
    const wanted = {
      ...DEFAULTS,
      preset: 'gateway',
      node: { ...DEFAULTS.node, capabilities: ['relay', 'store', 'gateway'] },
    }
    assert.deepEqual(parsed('preset = "gateway"'), wanted)
  })

  test('constrained announces less often and holds less', () => {
    const { node, announce, routing, store, rate_limit } = resolveConfig({ preset: 'constrained' })
    assert.deepEqual(node.capabilities, ['constrained'])
    assert.ok(announce.interval_s > DEFAULTS.announce.interval_s)
    assert.ok(routing.max_paths < DEFAULTS.routing.max_paths)
    assert.ok(store.max_bytes < DEFAULTS.store.max_bytes)
    assert.ok(rate_limit.frames_per_s < DEFAULTS.rate_limit.frames_per_s)
  })

  test('a key that is set wins, wherever the preset is named', () => {
    const file = '[announce]\ninterval_s = 600\nmax_age_s = 1800'
    const config = parsed(file, ['preset=constrained'])
    assert.equal(config.announce.interval_s, 600)
    assert.deepEqual(config.node.capabilities, ['constrained'])
  })

  test('--set preset=none takes a preset of the file back', () => {
    assert.deepEqual(parsed('preset = "relay"', ['preset=none']), DEFAULTS)
  })
})
