import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Config, parseConfig } from '../../src/config/config.ts'
import { ENTRIES } from '../../src/config/entries.ts'
import { problemsOf } from './problems-of.ts'

function parsed(text: string, set: string[] = [], env: Record<string, string | undefined> = {}): Config {
  return parseConfig(text, { file: 'hopwire.toml', set, env }).config
}

describe('the order of precedence', () => {
  const file = '[announce]\ninterval_s = 10\nmax_hops = 10\nmax_age_s = 900'

  test('a variable overrides the file and --set overrides both', () => {
    const env = { HOPWIRE_ANNOUNCE_INTERVAL_S: '20', HOPWIRE_ANNOUNCE_MAX_HOPS: '20' }
    const { announce } = parsed(file, ['announce.interval_s=30'], env)
    assert.deepEqual({ ...announce }, { interval_s: 30, max_hops: 20, max_age_s: 900 })
  })

  test('of two --set for one key the later one wins', () => {
    assert.equal(parsed(file, ['announce.max_hops=3', 'announce.max_hops=4']).announce.max_hops, 4)
  })

  test('a table given with --set changes the keys it names and no other', () => {
    const { announce } = parsed(file, ['announce={ max_hops = 3 }'])
    assert.deepEqual({ ...announce }, { interval_s: 10, max_hops: 3, max_age_s: 900 })
  })

  test('a bad value in the file is an error even where it is overridden', () => {
    const lines = problemsOf(() => parsed('announce.max_hops = 0', ['announce.max_hops=3']))
    assert.deepEqual(lines, [
      'hopwire.toml:1: announce.max_hops: expected a whole number of hops, 1 to 128, got 0',
    ])
  })
})

describe('--set KEY=VALUE', () => {
  test('takes numbers, lists, booleans and quoted text as TOML', () => {
    const config = parsed('', [
      'store.max_messages=1_000',
      'transport.tcp.listen=["/ip4/127.0.0.1/tcp/0"]',
      ' http.enabled = false ',
      'node.name=\'a "b"\'',
    ])
    assert.equal(config.store.max_messages, 1000)
    assert.deepEqual(config.transport.tcp.listen, ['/ip4/127.0.0.1/tcp/0'])
    assert.equal(config.http.enabled, false)
    assert.equal(config.node.name, 'a "b"')
  })

  test('takes the least and the greatest number of a range', () => {
    assert.equal(parsed('', ['announce.max_hops=1']).announce.max_hops, 1)
    assert.equal(parsed('', ['announce.max_hops=128']).announce.max_hops, 128)
  })

  test('blanks around the key and the value do not count', () => {
    assert.equal(parsed('', [' node.name = bob ']).node.name, 'bob')
  })

  test('takes bare text for a key of text, whatever TOML would make of it', () => {
    for (const name of ['bob', '42', 'true', '2026-01-31', '/a b/c=d', '[x', '']) {
      assert.equal(parsed('', [`node.name=${name}`]).node.name, name)
    }
  })

  const bad: [arg: string, line: string][] = [
    [
      'announce.interval_s=x',
      '--set announce.interval_s=x: expected a whole number of seconds, 1 to 86400, got text',
    ],
    ['announce.intervl_s=5', '--set announce.intervl_s=5: unknown key (did you mean announce.interval_s?)'],
    [
      'announce={intervl_s=5}',
      '--set announce={intervl_s=5}: announce.intervl_s: unknown key (did you mean announce.interval_s?)',
    ],
    ['announce=5', '--set announce=5: expected a table ([announce]), got 5'],
    [
      'announce.interval_s.x=5',
      '--set announce.interval_s.x=5: announce.interval_s: expected a whole number of seconds, 1 to 86400, got a table',
    ],
    ['announce.interval_s', '--set announce.interval_s: expected KEY=VALUE, such as announce.interval_s=60'],
    ['=5', '--set =5: expected KEY=VALUE, such as announce.interval_s=60'],
    ['announce..x=5', '--set announce..x=5: expected KEY=VALUE, such as announce.interval_s=60'],
    [
      'transport.tcp.listen=/ip4/127.0.0.1/tcp/0',
      '--set transport.tcp.listen=/ip4/127.0.0.1/tcp/0: expected a list of at most 32 multiaddrs, got text',
    ],
    [
      'transport.tcp.listen=["/ip4',
      '--set transport.tcp.listen=["/ip4: not valid TOML: unterminated string constant: value = ["/ip4',
    ],
    [
      'transport.lora=[{port="/dev/a",prt=1}]',
      '--set transport.lora=[{port="/dev/a",prt=1}]: transport.lora[1].prt: unknown key (did you mean transport.lora.port?)',
    ],
    [
      'announce.max_hops=5\n[node]',
      '--set "announce.max_hops=5\\n[node]": expected a whole number of hops, 1 to 128, got text',
    ],
    ['announce=[5]\nx=1', '--set "announce=[5]\\nx=1": not valid TOML: more than one value'],
    [
      `announce.max_hops=${'9'.repeat(100)}`,
      `--set "announce.max_hops=${'9'.repeat(62)}…": expected a whole number of hops, 1 to 128, got 1e+100`,
    ],
  ]
  for (const [arg, line] of bad) {
    test(`refuses ${JSON.stringify(arg.slice(0, 60))}`, () => {
      assert.deepEqual(
        problemsOf(() => parsed('', [arg])),
        [line],
      )
    })
  }

  test('cannot reach a prototype', () => {
    for (const arg of [
      '__proto__.polluted=1',
      'node.__proto__.polluted=1',
      'constructor.prototype.polluted=1',
    ]) {
      assert.match(problemsOf(() => parsed('', [arg]))[0] ?? '', /: unknown table \(known here: /)
    }
    assert.equal('polluted' in {}, false)
  })
})

describe('HOPWIRE_* variables', () => {
  test('each key has one of its own', () => {
    assert.equal(new Set(ENTRIES.map((entry) => entry.variable)).size, ENTRIES.length)
  })

  test('take bare text where a key takes text', () => {
    const config = parsed('', [], {
      HOPWIRE_HTTP_LISTEN: '[::1]:0',
      HOPWIRE_TRANSPORT_TCP_LISTEN: '["/ip6/::/tcp/1"]',
    })
    assert.equal(config.http.listen, '[::1]:0')
    assert.deepEqual(config.transport.tcp.listen, ['/ip6/::/tcp/1'])
  })

  test('those of others, HOPWIRE_CONTROL and unset ones are left alone', () => {
    const env = { PATH: '/bin', HOPWIRE_CONTROL: '/x', HOPWIRE_NODE_NAME: undefined, HOPWIRED: '1' }
    assert.deepEqual(parsed('', [], env), parsed(''))
  })

  test('relayed links are enabled by either of two keys', () => {
    for (const key of ['transport.relay.enabled', 'transport.discovery.relay']) {
      const { transport } = parsed('', [`${key}=true`, 'transport.discovery.hole_punching=true'])
      assert.equal(transport.relay.enabled, true)
    }
    assert.equal(parsed('', ['transport.discovery.relay=false']).transport.relay.enabled, false)
  })

  test('an unknown one is refused with the nearest', () => {
    const env = { HOPWIRE_ANOUNCE_INTERVAL_S: '1', HOPWIRE_HTTP_PORT: '1', HOPWIRE_X: '1' }
    const lines = problemsOf(() => parsed('', [], env))
    assert.deepEqual(lines, [
      'HOPWIRE_ANOUNCE_INTERVAL_S: unknown variable (did you mean HOPWIRE_ANNOUNCE_INTERVAL_S?)',
      'HOPWIRE_HTTP_PORT: unknown variable (did you mean HOPWIRE_HTTP_LISTEN?)',
      'HOPWIRE_X: unknown variable (HOPWIRE_NODE_NAME is node.name, and so on)',
    ])
  })

  test('a bad value is named but not shown', () => {
    const lines = problemsOf(() => parsed('', [], { HOPWIRE_STORE_MAX_TTL_S: 'hunter2' }))
    assert.deepEqual(lines, [
      'HOPWIRE_STORE_MAX_TTL_S: expected a whole number of seconds, 1 to 31536000, got text',
    ])
  })

  test('one that does not go with the rest is blamed', () => {
    const [line] = problemsOf(() => parsed('', [], { HOPWIRE_ANNOUNCE_INTERVAL_S: '3600' }))
    assert.match(line ?? '', /^HOPWIRE_ANNOUNCE_INTERVAL_S: announce\.max_age_s is 1800/)
  })
})
