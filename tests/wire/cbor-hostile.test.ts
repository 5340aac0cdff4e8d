import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../../src/runtime/random.ts'
import { CBOR_LIMITS, type CborValue, decodeCbor, encodeCbor } from '../../src/wire/cbor.ts'

test('forty bytes of nested arrays that declare what the bytes left could hold are refused', () => {
  // A decoder that allocates each declared array before it reads it pays for all of them.
  const input = new Uint8Array(40).fill(0x97)
  assert.equal(decodeCbor(input), undefined)
  assert.equal(decodeCbor(input, { depth: 1000 }), undefined)
})

test('a declared length or count that the bytes left cannot hold is refused', () => {
  for (const head of [0x5a, 0x7a, 0x9a, 0xba]) {
    assert.equal(decodeCbor(Uint8Array.of(head, 0x7f, 0xff, 0xff, 0xff, ...new Uint8Array(35))), undefined)
  }
  assert.deepEqual(decodeCbor(Uint8Array.of(0x83, 0, 0, 0)), [0, 0, 0])
  assert.equal(decodeCbor(Uint8Array.of(0x84, 0, 0, 0)), undefined)
})

test('a hundred thousand levels are refused without a stack to overflow', () => {
  for (const head of [0x81, 0xa1, 0xc1, 0x9f, 0xd8]) {
    assert.equal(decodeCbor(new Uint8Array(60_000).fill(head)), undefined)
    assert.equal(decodeCbor(new Uint8Array(100_000).fill(head), { bytes: 100_000 }), undefined)
  }
})

test('depth is counted by arrays and maps inside each other', () => {
  const nested = (depth: number): Uint8Array => Uint8Array.of(...Array.from({ length: depth }, () => 0x81), 0)
  assert.notEqual(decodeCbor(nested(CBOR_LIMITS.depth)), undefined)
  assert.equal(decodeCbor(nested(CBOR_LIMITS.depth + 1)), undefined)
  assert.deepEqual(decodeCbor(nested(2), { depth: 2 }), [[0]])
  assert.equal(decodeCbor(nested(3), { depth: 2 }), undefined)
  assert.equal(decodeCbor(Uint8Array.of(0), { depth: 0 }), 0)
})

test('items are counted over the whole input, keys and containers included', () => {
  const input = encodeCbor([1, { a: 2 }, []]) // the array, 1, the map, its key, 2, the empty array
  assert.notEqual(decodeCbor(input, { items: 6 }), undefined)
  assert.equal(decodeCbor(input, { items: 5 }), undefined)
  assert.notEqual(decodeCbor(Uint8Array.of(0x99, 0x03, 0xff, ...new Uint8Array(1023))), undefined)
  assert.equal(decodeCbor(Uint8Array.of(0x99, 0x04, 0x00, ...new Uint8Array(1024))), undefined)
})

test('the length of the input is limited', () => {
  const input = encodeCbor(new Uint8Array(100))
  assert.notEqual(decodeCbor(input, { bytes: 102 }), undefined)
  assert.equal(decodeCbor(input, { bytes: 101 }), undefined)
  assert.equal(decodeCbor(new Uint8Array(65_537)), undefined)
})

test('every input cut short is refused', () => {
  const input = encodeCbor([
    1,
    300,
    70_000,
    2 ** 40,
    -5,
    1.5,
    'text',
    'ü',
    new Uint8Array(3),
    { k: [null, true] },
  ])
  for (let length = 0; length < input.length; length++) {
    assert.equal(decodeCbor(input.subarray(0, length)), undefined, `${length} bytes`)
  }
})

test('of all inputs of one and two bytes, those are taken that the profile allows', () => {
  let taken = 0
  for (let first = 0; first < 256; first++) {
    if (reencodes(Uint8Array.of(first))) taken += 1
    for (let second = 0; second < 256; second++) if (reencodes(Uint8Array.of(first, second))) taken += 1
  }
  // One byte: 24 + 24 integers, false, true, null, and the empty bytes, text, array, map: 55. Two bytes: 232
  // integers of each sign, 256 byte strings, 128 ASCII letters, and an array around each of the 55.
  assert.equal(taken, 55 + 2 * 232 + 256 + 128 + 55)
})

test('10,000 random and mutated inputs: none throws, and what is taken encodes to the same bytes', () => {
  const random = seededRandom('hostile cbor')
  const samples: CborValue[] = [
    [1, -1, 300, 70_000, 2 ** 40, -(2 ** 40), 1.5],
    [
      'short',
      'ü水\u{10151}',
      'a text that is longer than sixty-four bytes, since those are read in another way',
    ],
    [new Uint8Array(5), [[[[]]]], { a: 1, b: [2], aa: { '': null } }, true, false],
  ]
  const encoded = samples.map(encodeCbor)
  let taken = 0
  for (let run = 0; run < 10_000; run++) {
    let input = random.bytes(random.below(60))
    if (run % 4 > 0) {
      input = Uint8Array.from(encoded[random.below(encoded.length)] ?? [])
      for (let changes = 1 + random.below(3); changes > 0; changes--) {
        input[random.below(input.length)] = random.below(256)
      }
      if (random.below(8) === 0) input = input.subarray(0, random.below(input.length))
    }
    if (reencodes(input)) taken += 1
  }
  assert.ok(taken > 100 && taken < 9000, `${taken} taken: both answers must have been tried`)
})

/** Whether the input is taken. What is taken must be its value's one encoding. */
function reencodes(input: Uint8Array): boolean {
  const value = decodeCbor(input)
  if (value === undefined) return false
  assert.deepEqual(encodeCbor(value), Uint8Array.from(input))
  return true
}
