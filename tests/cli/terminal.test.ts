import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { pairs, table } from '../../src/cli/table.ts'
import { printable, takesColour } from '../../src/cli/terminal.ts'

describe('text from outside', () => {
  test('keeps what people write', () => {
    for (const text of ['hello', 'Grüße, 世界 👩‍👩‍👧', 'a\\b "c"', '']) assert.equal(printable(text), text)
  })

  test('cannot steer a terminal', () => {
    const cases = {
      'a\nb\r\tc': String.raw`a\nb\r\tc`,
      '\u001b[31mred\u0007': String.raw`\u{1b}[31mred\u{7}`,
      '\u009b2J': String.raw`\u{9b}2J`,
      'abc\u202efdp.exe': String.raw`abc\u{202e}fdp.exe`,
      'a\u2028b\ufeff': String.raw`a\u{2028}b\u{feff}`,
      '\ud800': String.raw`\u{d800}`,
    }
    for (const [text, shown] of Object.entries(cases)) assert.equal(printable(text), shown)
  })

  test('comes out with nothing that has an effect, whatever goes in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        assert.doesNotMatch(printable(text), /[\p{Cc}\p{Cs}\p{Bidi_Control}]/u)
      }),
    )
  })
})

describe('colour', () => {
  test('is for terminals, unless NO_COLOR is set to anything', () => {
    assert.equal(takesColour({ isTTY: true }, { TERM: 'xterm' }), true)
    assert.equal(takesColour({ isTTY: true }, { NO_COLOR: '' }), true)
    assert.equal(takesColour({ isTTY: true }, { NO_COLOR: '0' }), false)
    assert.equal(takesColour({ isTTY: true }, { TERM: 'dumb' }), false)
    assert.equal(takesColour({}, {}), false)
  })
})

describe('a table', () => {
  const columns = [{ head: 'NAME' }, { head: 'SIZE', right: true }, { head: 'NOTE' }]

  test('aligns its columns and has no spaces at the ends', () => {
    const rows = [
      ['a', '12', 'first'],
      ['longer name', '3', ''],
    ]
    assert.deepEqual(table(columns, rows), [
      'NAME         SIZE  NOTE',
      'a              12  first',
      'longer name     3',
    ])
  })

  test('without rows is its heads', () => {
    assert.deepEqual(table(columns, []), ['NAME  SIZE  NOTE'])
  })

  test('has one line for a row, whatever is in its cells', () => {
    assert.deepEqual(table([{ head: 'A' }], [['x\ny\u001b[2J']]), ['A', String.raw`x\ny\u{1b}[2J`])
  })

  test('of pairs aligns the values', () => {
    assert.deepEqual(
      pairs([
        ['a', '1'],
        ['long', ''],
        ['', 'more'],
      ]),
      ['a     1', 'long', '      more'],
    )
  })
})
