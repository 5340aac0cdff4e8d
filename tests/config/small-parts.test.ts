import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { diffReload, parseHostPort, resolveConfig } from '../../src/config/config.ts'
import { inWords } from '../../src/config/in-words.ts'
import { editDistance, nearest } from '../../src/config/nearest.ts'
import { isPrintable, quoted } from '../../src/config/show.ts'

describe('diffReload', () => {
  const running = resolveConfig({})

  test('finds nothing between equal configurations', () => {
    assert.deepEqual(diffReload(running, resolveConfig({})), { reloadable: [], refused: [] })
  })

  test('tells what can be reloaded from what cannot', () => {
    const wanted = resolveConfig({
      logging: { level: 'debug', format: 'json' },
      rate_limit: { burst_s: 5 },
      transport: { tcp: { listen: ['/ip4/0.0.0.0/tcp/1'] } },
      store: { kind: 'memory' },
    })
    assert.deepEqual(diffReload(running, wanted), {
      reloadable: ['logging.level'],
      refused: ['transport.tcp.listen', 'store.kind', 'rate_limit.burst_s', 'logging.format'],
    })
  })

  test('a new preset counts by the keys it changes', () => {
    const { reloadable, refused } = diffReload(running, resolveConfig({ preset: 'gateway' }))
    assert.deepEqual(reloadable, [])
    assert.deepEqual(refused, ['node.capabilities'])
  })
})

describe('parseHostPort', () => {
  test('reads names and addresses', () => {
    assert.deepEqual(parseHostPort('127.0.0.1:9464'), { host: '127.0.0.1', port: 9464 })
    assert.deepEqual(parseHostPort('localhost:0'), { host: 'localhost', port: 0 })
    assert.deepEqual(parseHostPort('[::1]:65535'), { host: '::1', port: 65_535 })
    assert.deepEqual(parseHostPort('[::ffff:127.0.0.1]:1'), { host: '::ffff:127.0.0.1', port: 1 })
  })

  for (const text of [
    '',
    ':',
    ':80',
    '127.0.0.1',
    '127.0.0.1:',
    '127.0.0.1:65536',
    '127.0.0.1:-1',
    '::1:80',
    '[::1]',
    '[::1:80',
    '[localhost]:80',
    '[1::2::3]:80',
    'a b:80',
    'a/b:80',
    '-a:80',
    'a:8o',
    'http://a:80',
    'a:80\n',
    'a:123456',
  ]) {
    test(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseHostPort(text), undefined))
  }
})

describe('the nearest name', () => {
  test('the distance counts insertions, deletions, replacements and swaps', () => {
    const cases: [string, string, number][] = [
      ['', '', 0],
      ['', 'abc', 3],
      ['abc', '', 3],
      ['listen', 'listen', 0],
      ['listn', 'listen', 1],
      ['listeen', 'listen', 1],
      ['lixten', 'listen', 1],
      ['lsiten', 'listen', 1],
      ['kitten', 'sitting', 3],
      ['ca', 'abc', 3],
    ]
    for (const [a, b, distance] of cases) {
      assert.equal(editDistance(a, b), distance, `${a} ${b}`)
      assert.equal(editDistance(b, a), distance, `${b} ${a}`)
    }
  })

  test('a name too long to be a slip has no distance', () => {
    assert.equal(editDistance('a'.repeat(129), 'a'), Number.POSITIVE_INFINITY)
  })

  test('the first of equals wins and none beyond the limit', () => {
    const distance = (candidate: string): number => editDistance('ab', candidate)
    assert.equal(nearest(['ax', 'ay'], distance), 'ax')
    assert.equal(nearest(['xyz', 'abc'], distance, 1), 'abc')
    assert.equal(nearest(['xyz'], distance, 2), undefined)
  })
})

test('round figures are said in larger units', () => {
  assert.equal(inWords(268_435_456, 'bytes'), '256 MiB')
  assert.equal(inWords(1536, 'bytes'), undefined)
  assert.equal(inWords(131_072, 'bytes per second'), '128 KiB per second')
  assert.equal(inWords(604_800, 'seconds'), '7 days')
  assert.equal(inWords(86_400, 'seconds'), '1 day')
  assert.equal(inWords(90, 'seconds'), undefined)
  assert.equal(inWords(86_400, 'messages'), undefined)
})

describe('text in errors', () => {
  test('is cut at the limit and nowhere within a character', () => {
    assert.equal(quoted('abcd', 4), '"abcd"')
    assert.equal(quoted('abcde', 4), '"abcd…"')
    assert.equal(quoted('abc😀e', 4), '"abc\ufffd…"')
  })

  test('has every control and direction character escaped', () => {
    for (const character of [
      '\u0000',
      '\u001b',
      '\u007f',
      '\u009b',
      '\u200f',
      '\u2028',
      '\u202e',
      '\u2066',
      '\ufeff',
    ]) {
      assert.match(quoted(character), /^"\\u[0-9a-f]{4}"$/)
      assert.equal(isPrintable(character), false)
    }
    assert.equal(quoted('é"\\😀'), '"é\\"\\\\😀"')
  })
})
