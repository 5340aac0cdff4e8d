import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { CBOR_LIMITS, type CborValue, decodeCbor, encodeCbor } from '../../src/wire/cbor.ts'

interface Vectors {
  accept: { name: string; hex: string; value: unknown }[]
  refuse: { name: string; hex: string }[]
}

const vectors = JSON.parse(
  readFileSync(new URL('../../docs/specs/vectors/cbor.json', import.meta.url), 'utf8'),
) as Vectors

for (const { name, hex, value } of vectors.accept) {
  test(`vector: ${name}`, () => {
    assert.equal(Buffer.from(encodeCbor(fromJson(value))).toString('hex'), hex)
    assert.deepEqual(decodeCbor(Buffer.from(hex, 'hex')), fromJson(value))
  })
}

for (const { name, hex } of vectors.refuse) {
  test(`vector, refused: ${name}`, () => assert.equal(decodeCbor(Buffer.from(hex, 'hex')), undefined))
}

/** A vector's value: its byte strings as bytes, its maps without a prototype, as they are decoded. */
function fromJson(value: unknown): CborValue {
  if (Array.isArray(value)) return value.map(fromJson)
  if (typeof value !== 'object' || value === null) return value as CborValue
  if ('$bytes' in value) return Uint8Array.from(Buffer.from(String(value.$bytes), 'hex'))
  return withoutPrototype(Object.entries(value).map(([key, entry]) => [key, fromJson(entry)]))
}

function withoutPrototype(entries: [string, CborValue][]): { [key: string]: CborValue } {
  const map = Object.create(null) as { [key: string]: CborValue }
  for (const [key, value] of entries) map[key] = value
  return map
}

// Any code point that UTF-8 can hold. The ranges give each length of it, one to four bytes, a fair share.
const codePoint = fc
  .oneof(
    fc.integer({ min: 0, max: 0x7f }),
    fc.integer({ min: 0x80, max: 0x7ff }),
    fc.integer({ min: 0x800, max: 0xd7ff }),
    fc.integer({ min: 0xe000, max: 0xffff }),
    fc.integer({ min: 0x10000, max: 0x10ffff }),
  )
  .map((code) => String.fromCodePoint(code))
const text = fc.string({ unit: codePoint, maxLength: 100 }).filter((value) => !value.startsWith('\ufeff'))
const { value: anyValue } = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: CBOR_LIMITS.depth, depthIdentifier: 'cbor' },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
    text,
    fc.uint8Array({ maxLength: 100 }),
    fc.array(tie('value'), { maxLength: 6, depthIdentifier: 'cbor' }),
    fc
      .uniqueArray(fc.tuple(text, tie('value')), {
        maxLength: 6,
        selector: ([key]) => key,
        depthIdentifier: 'cbor',
      })
      .map(withoutPrototype),
  ),
}))

test('what is encoded decodes to the same value', () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      assert.deepEqual(decodeCbor(encodeCbor(value)), value)
    }),
    { numRuns: 500 },
  )
})

test('the order in which a map was filled does not show', () => {
  const key = fc.string({ unit: fc.constantFrom('a', 'b', '\uffff', '\u{10000}'), maxLength: 3 })
  fc.assert(
    fc.property(fc.uniqueArray(key), (keys) => {
      const forwards = encodeCbor(Object.fromEntries(keys.map((name) => [name, 0])))
      const backwards = encodeCbor(Object.fromEntries(keys.toReversed().map((name) => [name, 0])))
      assert.deepEqual(backwards, forwards)
      assert.notEqual(decodeCbor(forwards), undefined)
    }),
  )
})

test('every size of head decodes, for integers, lengths and counts', () => {
  for (const size of [0, 23, 24, 255, 256, 65_000]) {
    assertRoundTrip(new Uint8Array(size))
    assertRoundTrip('a'.repeat(size))
    assertRoundTrip('\u00fc'.repeat(size / 2))
    if (size < CBOR_LIMITS.items) assertRoundTrip(Array.from({ length: size }, () => 0))
  }
  for (let power = 0; power < 53; power++) {
    for (const number of [2 ** power - 1, 2 ** power]) {
      assertRoundTrip(number)
      assertRoundTrip(-number - 1)
    }
  }
})

function assertRoundTrip(value: CborValue): void {
  assert.deepEqual(decodeCbor(encodeCbor(value)), value)
}

test('a time in milliseconds travels as an integer of nine bytes', () => {
  assert.equal(encodeCbor(Date.UTC(2026, 5, 1))[0], 0x1b)
})

test('minus zero travels as zero', () => {
  assert.deepEqual(encodeCbor(-0), Uint8Array.of(0))
})

test('a Buffer and a Uint8Array encode alike, without a tag, and decode to a Uint8Array', () => {
  const expected = Uint8Array.of(0x43, 1, 2, 3)
  assert.deepEqual(encodeCbor(Uint8Array.of(1, 2, 3)), expected)
  assert.deepEqual(encodeCbor(Buffer.of(1, 2, 3)), expected)
  assert.deepEqual(decodeCbor(Buffer.from(expected)), Uint8Array.of(1, 2, 3))
})

test('decoded bytes are copies, and the input is left as it was', () => {
  const input = Uint8Array.of(0x42, 1, 2)
  const decoded = decodeCbor(input)
  input.fill(9)
  assert.deepEqual(decoded, Uint8Array.of(1, 2))
  assert.deepEqual(Object.keys(input), ['0', '1', '2'])
})

test('encoded bytes are memory of their own', () => {
  const first = encodeCbor('first')
  encodeCbor('second')
  assert.equal(decodeCbor(first), 'first')
  assert.equal(first.buffer.byteLength, first.length)
})

test('a body is decoded where it stands in a frame', () => {
  const frame = Uint8Array.of(9, 9, 0x82, 1, 0x1b, 0, 0, 1, 0, 0, 0, 0, 0, 9)
  assert.deepEqual(decodeCbor(frame.subarray(2, 13)), [1, 2 ** 40])
})

test('a key cannot reach a prototype', () => {
  const decoded = decodeCbor(encodeCbor(withoutPrototype([['__proto__', { polluted: true }]])))
  assert.ok(typeof decoded === 'object' && decoded !== null)
  assert.equal(Object.getPrototypeOf(decoded), null)
  assert.deepEqual(Object.keys(decoded), ['__proto__'])
  assert.equal('polluted' in {}, false)
})

class Point {
  readonly x = 1
}

const circular: CborValue[] = []
circular.push(circular)

const notEncodable: [string, unknown, RegExp][] = [
  ['undefined', undefined, /type undefined/],
  ['undefined inside', [1, undefined], /type undefined/],
  ['a hole in an array', new Array(1), /type undefined/],
  ['a function', () => 1, /type function/],
  ['a symbol', Symbol('x'), /type symbol/],
  ['a bigint', 1n, /type bigint/],
  ['NaN', Number.NaN, /the number NaN/],
  ['an infinity', { a: Number.NEGATIVE_INFINITY }, /the number -Infinity/],
  ['half a surrogate pair', 'a\ud800', /surrogate/],
  ['half a surrogate pair in a key', { '\udc00': 1 }, /surrogate/],
  ['a byte order mark', '\ufefftext', /byte order mark/],
  ['a Date', new Date(0), /object of a class/],
  ['a Map', new Map(), /object of a class/],
  ['other typed arrays', new Uint16Array(1), /object of a class/],
  ['an object of a class', new Point(), /object of a class/],
  ['a circle', circular, /more than 8 deep/],
  ['too many values', Array.from({ length: 1024 }, () => 0), /more than 1024 values/],
  ['too many bytes', new Uint8Array(65_534), /more than 65536 bytes/],
  ['far too many bytes', [new Uint8Array(1e6)], /more than 65536 bytes/],
  ['too much text', '\u6c34'.repeat(22_000), /more than 65536 bytes/],
]

for (const [name, value, message] of notEncodable) {
  test(`encoding ${name} throws`, () => {
    assert.throws(() => encodeCbor(value as CborValue), { name: 'MeshError', code: 'ERR_WIRE', message })
  })
}

test('the largest values allowed encode and decode', () => {
  assertRoundTrip(new Uint8Array(65_533))
  assertRoundTrip(Array.from({ length: 1023 }, () => 0))
})
