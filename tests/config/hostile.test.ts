import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseConfig } from '../../src/config/config.ts'
import { MeshError } from '../../src/runtime/errors.ts'
import { problemsOf } from './problems-of.ts'

const problems = (text: string): string[] => problemsOf(() => parseConfig(text, { file: 'hopwire.toml' }))

describe('absurd files', () => {
  test('prototypes cannot be reached', () => {
    const lines = problems(
      '__proto__ = { polluted = 1 }\n[constructor]\nprototype = 1\n[node.__proto__]\npolluted = 1\n' +
        '[[announce.__proto__.x]]\npolluted = 1',
    )
    const places = lines.map((line) => line.slice(0, line.indexOf(': unknown table')))
    assert.deepEqual(places, [
      'hopwire.toml:1: __proto__',
      'hopwire.toml:2: constructor',
      'hopwire.toml:4: node.__proto__',
      'hopwire.toml:6: announce.__proto__',
    ])
    assert.equal('polluted' in {}, false)
  })

  test('a text over 1 MiB is refused unread', () => {
    assert.deepEqual(problems(`#${' '.repeat(1_048_576)}`), ['hopwire.toml: larger than 1048576 bytes'])
    assert.ok(parseConfig(`#${' '.repeat(1_048_575)}`, { file: 'hopwire.toml' }))
  })

  const tooDeep = 'nested more than 32 tables or lists deep'
  for (const [what, text, place] of [
    ['lists', `\na = ${'['.repeat(100)}${']'.repeat(100)}`, 'hopwire.toml:2'],
    ['lists beyond the stack', `\na = ${'['.repeat(50_000)}${']'.repeat(50_000)}`, 'hopwire.toml'],
    ['inline tables', `a = ${'{a='.repeat(100)}1${'}'.repeat(100)}`, 'hopwire.toml:1'],
    ['inline tables beyond the stack', `a = ${'{a='.repeat(20_000)}1${'}'.repeat(20_000)}`, 'hopwire.toml'],
    ['dotted keys', `\n\n${'a.'.repeat(5000)}a = 1`, 'hopwire.toml:3'],
    ['table headers', `[${'a.'.repeat(5000)}a]`, 'hopwire.toml:1'],
  ] as const) {
    test(`${what} nested too deeply are refused`, () => {
      assert.deepEqual(problems(text), [`${place}: ${tooDeep}`])
    })
  }

  test('tens of thousands of unknown keys give 20 lines and a count', () => {
    const lines = problems(Array.from({ length: 30_000 }, (_, i) => `k${i} = 1`).join('\n'))
    assert.equal(lines.length, 21)
    assert.equal(lines.at(-1), '… and 29980 more')
  })

  test('a very long key is cut', () => {
    const [line = ''] = problems(`${'k'.repeat(100_000)} = 1`)
    assert.ok(line.startsWith(`hopwire.toml:1: "${'k'.repeat(60)}…": unknown key`), line.slice(0, 200))
    assert.ok(line.length < 300)
  })

  test('a byte order mark and CRLF line ends are accepted', () => {
    const { config } = parseConfig('\ufeff[announce]\r\nmax_hops = 7\r\n', { file: 'hopwire.toml' })
    assert.equal(config.announce.max_hops, 7)
  })

  test('whatever the text, it is read or refused with lines that are printable', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '[',
        ']',
        '[[',
        ']]',
        '{',
        '}',
        '=',
        '.',
        ',',
        '"',
        "'",
        '"""',
        '\n',
        ' ',
        '#',
        '\\u',
        '-',
      ),
      fc.constantFrom(
        'node',
        'announce',
        'interval_s',
        'transport.tcp',
        'listen',
        '__proto__',
        'true',
        '1',
        'inf',
      ),
      fc.string({ unit: 'binary', maxLength: 4 }),
    )
    const text = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''))
    fc.assert(
      fc.property(text, (input) => {
        try {
          parseConfig(input, { file: 'hopwire.toml' })
        } catch (error) {
          assert.ok(error instanceof MeshError && error.code === 'ERR_CONFIG')
          // biome-ignore lint/suspicious/noControlCharactersInRegex: those are the ones to find
          assert.doesNotMatch(error.message, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
          for (const line of error.message.split('\n')) assert.match(line, /^hopwire\.toml(:\d+){0,2}: ./)
        }
      }),
      { numRuns: 2000 },
    )
  })
})
