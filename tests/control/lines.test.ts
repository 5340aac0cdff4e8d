import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { LineReader } from '../../src/control/lines.ts'

function linesOf(reader: LineReader): string[] {
  const lines: string[] = []
  for (let line = reader.next(); line !== undefined; line = reader.next()) lines.push(line)
  return lines
}

describe('a stream of lines', () => {
  test('gives the same lines however it is cut', () => {
    const line = fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => text.replaceAll('\n', ' '))
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat({ max: 30 })), (lines, cuts) => {
        const reader = new LineReader(1000)
        let rest = Buffer.from(lines.map((text) => `${text}\n`).join(''))
        const read: string[] = []
        for (const cut of cuts) {
          reader.feed(rest.subarray(0, cut))
          rest = rest.subarray(cut)
          read.push(...linesOf(reader))
        }
        reader.feed(rest)
        assert.deepEqual([...read, ...linesOf(reader)], lines)
      }),
    )
  })

  test('may be fed ahead of being read', () => {
    const reader = new LineReader(10)
    for (const chunk of ['a\nb', 'c\n\n', 'd']) reader.feed(Buffer.from(chunk))
    assert.deepEqual(linesOf(reader), ['a', 'bc', ''])
    reader.feed(Buffer.from('\n'))
    assert.equal(reader.next(), 'd')
  })

  test('is given up at the first line over the limit, and not before', () => {
    const reader = new LineReader(10)
    reader.feed(Buffer.from(`${'x'.repeat(10)}\n`))
    assert.equal(reader.next(), 'x'.repeat(10))
    for (let i = 0; i < 10; i++) reader.feed(Buffer.from('y'))
    assert.deepEqual([reader.next(), reader.overlong], [undefined, false])
    reader.feed(Buffer.from('y\nz\n'))
    assert.deepEqual([reader.next(), reader.overlong], [undefined, true])
    reader.feed(Buffer.from('z\n'))
    assert.equal(reader.next(), undefined)
  })

  test('of single bytes makes whole lines', () => {
    const reader = new LineReader(100_000)
    const text = 'é'.repeat(2000)
    for (const byte of Buffer.from(`${text}\n`)) {
      reader.feed(Buffer.of(byte))
      if (byte !== 10) assert.equal(reader.next(), undefined)
    }
    assert.equal(reader.next(), text)
  })
})
