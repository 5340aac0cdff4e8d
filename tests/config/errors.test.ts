import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseConfig, resolveConfig } from '../../src/config/config.ts'
import { problemsOf } from './problems-of.ts'

const AT_TOP =
  'known here: preset, node, identity, transport, announce, routing, store, crypto, rate_limit, blocklist, http, control, logging'

describe('a bad file is refused with its line and key', () => {
  const cases: [text: string, ...lines: string[]][] = [
    ['[announce]\nintervl_s = 5', '2: announce.intervl_s: unknown key (did you mean announce.interval_s?)'],
    ['\n[anounce]\ninterval_s = 5\nx = 1', '2: anounce: unknown table (did you mean announce?)'],
    ['interval_s = 5', '1: interval_s: unknown key (did you mean announce.interval_s?)'],
    ['[node]\nlevel = "info"', '2: node.level: unknown key (did you mean logging.level?)'],
    [
      'transport.tcp.lsiten = []',
      '1: transport.tcp.lsiten: unknown key (did you mean transport.tcp.listen?)',
    ],
    [
      '[store]\nwhatever = 1\n',
      '2: store.whatever: unknown key (known here: kind, path, max_messages, max_bytes, max_messages_per_source, max_ttl_s)',
    ],
    ['[store]\nmax_mesage = 1', '2: store.max_mesage: unknown key (did you mean store.max_messages?)'],
    ['\nlora.port = 1\nlora.sf = 7', '2: lora: unknown table (did you mean transport.lora?)'],
    [
      'transport.tcp.peers = ["/a\\u009b"]',
      '1: transport.tcp.peers: entry 1: expected a TCP multiaddr such as /ip4/192.0.2.1/tcp/4330, got "/a\\u009b"',
    ],
    ['colour = "blue"', `1: colour: unknown key (${AT_TOP})`],
    ['"a\\u001b[31m.b" = 1', `1: "a\\u001b[31m.b": unknown key (${AT_TOP})`],
    [
      '[announce]\ninterval_s = 0',
      '2: announce.interval_s: expected a whole number of seconds, 1 to 86400, got 0',
    ],
    [
      '[announce]\ninterval_s = 86401',
      '2: announce.interval_s: expected a whole number of seconds, 1 to 86400, got 86401',
    ],
    [
      '[announce]\ninterval_s = 1.5',
      '2: announce.interval_s: expected a whole number of seconds, 1 to 86400, got 1.5',
    ],
    [
      '[announce]\ninterval_s = nan',
      '2: announce.interval_s: expected a whole number of seconds, 1 to 86400, got NaN',
    ],
    [
      '[announce]\ninterval_s = "5"',
      '2: announce.interval_s: expected a whole number of seconds, 1 to 86400, got text',
    ],
    [
      '[announce]\ninterval_s = 2026-01-31',
      '2: announce.interval_s: expected a whole number of seconds, 1 to 86400, got a date or time',
    ],
    ['announce = 5', '1: announce: expected a table ([announce]), got 5'],
    ['[[announce]]\ninterval_s = 5', '1: announce: expected a table ([announce]), got a list'],
    [
      '[node.name]\nfirst = "x"',
      '1: node.name: expected one line of text, at most 64 characters, got a table',
    ],
    ['[node]\nname = "a\\nb"', '2: node.name: expected one line of text, at most 64 characters, got "a\\nb"'],
    [
      `node.name = "${'x'.repeat(65)}"`,
      `1: node.name: expected one line of text, at most 64 characters, got "${'x'.repeat(40)}…"`,
    ],
    ['identity.key_file = ""', '1: identity.key_file: expected a path, got ""'],
    [
      'node.capabilities = ["relay", "fly"]',
      '1: node.capabilities: entry 2: expected "relay", "store", "gateway" or "constrained", got "fly"',
    ],
    ['node.capabilities = ["relay", "relay"]', '1: node.capabilities: "relay" is listed twice'],
    [
      'node.capabilities = "relay"',
      '1: node.capabilities: expected a list of any of "relay", "store", "gateway" and "constrained", got text',
    ],
    ['transport.tcp.enabled = 1', '1: transport.tcp.enabled: expected true or false, got 1'],
    [
      'transport.tcp.listen = [\n"/ip4/127.0.0.1/tcp/0",\n"localhost:80"]',
      '1: transport.tcp.listen: entry 2: expected a TCP multiaddr such as /ip4/192.0.2.1/tcp/4330, got "localhost:80"',
    ],
    [
      'transport.tcp.peers = [["/ip4"]]',
      '1: transport.tcp.peers: entry 1: expected a TCP multiaddr such as /ip4/192.0.2.1/tcp/4330, got a list',
    ],
    [
      `transport.tcp.listen = [${'"/a",'.repeat(33)}]`,
      '1: transport.tcp.listen: expected at most 32 multiaddrs, got 33',
    ],
    [
      'http.listen = "9464"',
      '1: http.listen: expected host:port, such as 127.0.0.1:9464 or [::1]:9464, got "9464"',
    ],
    [
      'logging.level = "loud"',
      '1: logging.level: expected "trace", "debug", "info", "warn", "error" or "silent", got "loud"',
    ],
    ['preset = "realy"', '1: preset: expected "none", "constrained", "relay" or "gateway", got "realy"'],
    [
      '[announce]\ninterval_s = 3600',
      '2: announce.interval_s: announce.max_age_s is 1800, and must be at least 7200, twice announce.interval_s: else one lost announce cuts paths',
    ],
    [
      '[announce]\ninterval_s = 60\nmax_age_s = 119',
      '3: announce.max_age_s: announce.max_age_s is 119, and must be at least 120, twice announce.interval_s: else one lost announce cuts paths',
    ],
    [
      '[transport]\ntcp.enabled = false\nrelay.enabled = true',
      '3: transport.relay.enabled: a relay is reached over TCP or QUIC: enable transport.tcp or transport.quic as well',
    ],
    [
      'transport.tcp.enabled = false\n[transport.discovery]\nrelay = true',
      '3: transport.discovery.relay: a relay is reached over TCP or QUIC: enable transport.tcp or transport.quic as well',
    ],
    [
      '[transport.discovery]\nhole_punching = true',
      '2: transport.discovery.hole_punching: it replaces relayed links: enable transport.relay as well',
    ],
    [
      '[announce]\ninterval_s = 5\ninterval_s = 6',
      '3:1: not valid TOML: defining a key multiple times is invalid: interval_s = 6',
    ],
    ['[node]\n[http]\n[node]', '3:2: not valid TOML: defining a key multiple times is invalid: [node]'],
    [
      '[logging]\n\nlevel = debug\n',
      '3:9: not valid TOML: unexpected character: level = debug (text needs quotes)',
    ],
    [
      'logging.level = info',
      '1:20: not valid TOML: must be a newline: logging.level = info (text needs quotes)',
    ],
    ['[node]\nname = "abc\n', '2:12: not valid TOML: unterminated string constant: name = "abc'],
    [
      'node.name = "a" http.enabled = true',
      '1:17: not valid TOML: must be a newline: node.name = "a" http.enabled = true',
    ],
    [
      '[node]\nname = "\u001b[31m"',
      '2:9: not valid TOML: control characters (codes < 0x1f and 0x7f) are not allowed: "name = \\"\\u001b[31m\\""',
    ],
    [
      '[store]\nmax_bytes = 1\n[node]\nnam = ""',
      '2: store.max_bytes: expected a whole number of bytes, 131072 to 1099511627776, got 1',
      '4: node.nam: unknown key (did you mean node.name?)',
    ],
  ]
  for (const [text, ...lines] of cases) {
    test(JSON.stringify(text.slice(0, 60)), () => {
      const expected = lines.map((line) => `mesh/hopwire.toml:${line}`)
      assert.deepEqual(
        problemsOf(() => parseConfig(text, { file: 'mesh/hopwire.toml' })),
        expected,
      )
    })
  }

  test('at most 20 problems are shown and the rest is counted', () => {
    const text = Array.from({ length: 23 }, (_, i) => `colour${i} = 1`).join('\n')
    const lines = problemsOf(() => parseConfig(text, { file: 'hopwire.toml' }))
    assert.equal(lines.length, 21)
    assert.match(lines[19] ?? '', /^hopwire\.toml:20: colour19: unknown key/)
    assert.equal(lines[20], '… and 3 more')
  })
})

describe('a bad object of an embedder is refused with its key', () => {
  const cases: [config: unknown, ...lines: string[]][] = [
    [
      { announce: { intervl_s: 5 } },
      'config: announce.intervl_s: unknown key (did you mean announce.interval_s?)',
    ],
    [
      { announce: { interval_s: '5' } },
      'config: announce.interval_s: expected a whole number of seconds, 1 to 86400, got text',
    ],
    [
      { announce: { interval_s: 5n } },
      'config: announce.interval_s: expected a whole number of seconds, 1 to 86400, got a bigint',
    ],
    [{ announce: null }, 'config: announce: expected a table ([announce]), got null'],
    [{ announce: new Map() }, 'config: announce: expected a table ([announce]), got a Map'],
    [
      { node: { name: '\ud800' } },
      'config: node.name: expected one line of text, at most 64 characters, got "\\ud800"',
    ],
    [
      { announce: { max_age_s: 3 } },
      'config: announce.max_age_s: announce.max_age_s is 3, and must be at least 1200, twice announce.interval_s: else one lost announce cuts paths',
    ],
    [5, 'config: expected a table, got 5'],
    [[], 'config: expected a table, got a list'],
    [JSON.parse('{"__proto__": {"x": 1}}'), `config: __proto__: unknown table (${AT_TOP})`],
    [
      { constructor: 1, node: { toString: 1 } },
      `config: constructor: unknown key (${AT_TOP})`,
      'config: node.toString: unknown key (known here: name, data_dir, capabilities, shutdown_s)',
    ],
  ]
  for (const [config, ...lines] of cases) {
    test(lines[0] ?? '', () => {
      assert.deepEqual(
        problemsOf(() => resolveConfig(config as object)),
        lines,
      )
    })
  }

  test('a key that is undefined counts as not set', () => {
    assert.equal(
      resolveConfig({ announce: { interval_s: undefined }, http: undefined }).announce.interval_s,
      600,
    )
  })
})
