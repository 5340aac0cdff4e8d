import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Address } from '../../src/identity/address.ts'
import { hashAddress } from '../../src/identity/address-hash.ts'
import { AddressIndex } from '../../src/identity/address-index.ts'
import { seededRandom } from '../../src/runtime/random.ts'

/** A 16-byte address that holds `number`, between other bytes: what stands around it must not matter. */
const OFFSET = 3
function frameWith(number: number): Uint8Array {
  const frame = new Uint8Array(OFFSET + 16 + 2).fill(0xee)
  frame.fill(0, OFFSET, OFFSET + 16)
  new DataView(frame.buffer).setUint32(OFFSET + 12, number)
  return frame
}

function indexOf(capacity: number): AddressIndex {
  return new AddressIndex(capacity, seededRandom('index'))
}

test('gives dense rows in the order of insertion, and finds them wherever the address stands', () => {
  const index = indexOf(1000)
  for (let i = 0; i < 1000; i++) assert.equal(index.insert(frameWith(i), OFFSET), i)
  for (let i = 0; i < 1000; i++) {
    assert.equal(index.find(frameWith(i), OFFSET), i)
    assert.equal(index.find(frameWith(i).slice(OFFSET), 0), i)
    assert.equal(index.find(frameWith(i + 1000), OFFSET), -1)
  }
  assert.equal(index.size, 1000)
  assert.equal(index.rowEnd, 1000)
})

test('inserting an address again gives the row it has', () => {
  const index = indexOf(10)
  index.insert(frameWith(1), OFFSET)
  index.insert(frameWith(2), OFFSET)
  assert.equal(index.insert(frameWith(1), OFFSET), 0)
  assert.equal(index.size, 2)
})

test('a full index takes no more, yet still knows what it has', () => {
  const index = indexOf(3)
  for (let i = 0; i < 3; i++) index.insert(frameWith(i), OFFSET)
  assert.equal(index.insert(frameWith(3), OFFSET), -1)
  assert.equal(index.insert(frameWith(2), OFFSET), 2)
  assert.equal(index.size, 3)
  index.remove(frameWith(1), OFFSET)
  assert.equal(index.insert(frameWith(3), OFFSET), 1, 'the freed row is given out again')
})

test('removing gives the row that was freed, once', () => {
  const index = indexOf(10)
  for (let i = 0; i < 4; i++) index.insert(frameWith(i), OFFSET)
  assert.equal(index.remove(frameWith(2), OFFSET), 2)
  assert.equal(index.remove(frameWith(2), OFFSET), -1)
  assert.equal(index.find(frameWith(2), OFFSET), -1)
  assert.equal(index.size, 3)
  assert.equal(index.rowEnd, 4)
})

test('a row can be removed by its own bytes in the index', () => {
  const index = indexOf(10)
  for (let i = 0; i < 4; i++) index.insert(frameWith(i), OFFSET)
  assert.equal(index.remove(index.bytes, 16 * 1), 1)
  assert.equal(index.find(frameWith(1), OFFSET), -1)
})

test('shows the address of a row, as a copy and in place', () => {
  const index = indexOf(200)
  for (let i = 0; i < 200; i++) index.insert(frameWith(i), OFFSET)
  const expected = Address.at(frameWith(150), OFFSET)
  assert.ok(index.addressAt(150).equals(expected))
  assert.ok(expected.isAt(index.bytes, 16 * 150))
  const copy = index.addressAt(150)
  index.remove(frameWith(150), OFFSET)
  index.insert(frameWith(777), OFFSET)
  assert.ok(copy.equals(expected), 'a copy does not change with its row')
})

test('takes 32 to 48 bytes a row when it is full', () => {
  for (const capacity of [64, 1000, 1024, 3000, 4096]) {
    const index = indexOf(capacity)
    for (let i = 0; i < capacity; i++) index.insert(frameWith(i), OFFSET)
    const perRow = index.memory / capacity
    assert.ok(perRow >= 32 && perRow <= 48, `${capacity}: ${perRow}`)
  }
})

test('an address that is cut off by the end of its buffer is not found, and not taken', () => {
  const index = indexOf(10)
  const zeros = new Uint8Array(16)
  index.insert(zeros, 0)
  assert.equal(index.find(zeros, 1), -1)
  assert.equal(index.remove(zeros, 1), -1)
  for (const offset of [1, 16, -1]) {
    assert.throws(() => index.insert(zeros, offset), { name: 'MeshError', code: 'ERR_ADDRESS_INVALID' })
  }
  assert.equal(index.size, 1)
})

test('a capacity that is no whole number from 1 to 2^26 is refused', () => {
  for (const capacity of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 26 + 1]) {
    assert.throws(() => indexOf(capacity), { name: 'MeshError', code: 'ERR_USAGE' })
  }
})

describe('against a Map', () => {
  const step = fc.record({
    action: fc.constantFrom('insert', 'insert', 'remove', 'find'),
    number: fc.integer({ min: 0, max: 250 }),
  })

  test('every sequence of steps gives what a Map and a stack of free rows give', () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 300, maxLength: 1500, size: 'max' }),
        fc.constantFrom(1, 7, 64, 65, 200),
        fc.integer(),
        (steps, capacity, seed) => {
          const index = new AddressIndex(capacity, seededRandom(seed))
          const model = new Map<number, number>()
          const free: number[] = []
          for (const { action, number } of steps) {
            const frame = frameWith(number)
            const row = model.get(number) ?? -1
            if (action === 'find') assert.equal(index.find(frame, OFFSET), row)
            if (action === 'remove') {
              assert.equal(index.remove(frame, OFFSET), row)
              if (model.delete(number)) free.push(row)
            }
            if (action === 'insert') {
              const fresh = model.size < capacity ? (free.at(-1) ?? model.size) : -1
              assert.equal(index.insert(frame, OFFSET), row >= 0 ? row : fresh)
              if (row < 0 && fresh >= 0) {
                free.pop()
                model.set(number, fresh)
              }
            }
            assert.equal(index.size, model.size)
          }
          for (const [number, row] of model) {
            assert.equal(index.find(frameWith(number), OFFSET), row)
            assert.ok(Address.at(frameWith(number), OFFSET).isAt(index.bytes, 16 * row))
          }
        },
      ),
      { numRuns: 100 },
    )
  })

  test('a long life of coming and going in a full table loses nothing', () => {
    const capacity = 500
    const random = seededRandom('churn')
    const index = new AddressIndex(capacity, random)
    const model = new Map<number, number>()
    for (let number = 0; number < 50_000; number++) {
      if (model.size === capacity) {
        const [oldest, row] = model.entries().drop(random.below(3)).next().value as [number, number]
        assert.equal(index.remove(frameWith(oldest), OFFSET), row)
        model.delete(oldest)
      }
      const row = index.insert(frameWith(number), OFFSET)
      assert.ok(row >= 0 && row < capacity)
      model.set(number, row)
    }
    assert.equal(new Set(model.values()).size, capacity, 'no row is given to two addresses')
    for (const [number, row] of model) assert.equal(index.find(frameWith(number), OFFSET), row)
    assert.equal(index.find(frameWith(1), OFFSET), -1)
  })
})

describe('the hash', () => {
  test('is HalfSipHash-1-3: the value of the Linux kernel’s test for sixteen bytes', () => {
    const input = Uint8Array.from({ length: 20 }, (_, i) => i - 2)
    assert.equal(hashAddress(input, 2, 0x03020100, 0x07060504) >>> 0, 0x8b31d501)
  })

  test('changes about half of its bits with any one bit of address or key', () => {
    const random = seededRandom('avalanche')
    for (let bit = 0; bit < 192; bit++) {
      let changed = 0
      for (let run = 0; run < 64; run++) {
        const input = random.bytes(24)
        const before = hashOfAll(input)
        input[bit >> 3] = (input[bit >> 3] as number) ^ (1 << (bit & 7))
        changed += onesIn(hashOfAll(input) ^ before)
      }
      assert.ok(changed > 64 * 13 && changed < 64 * 19, `bit ${bit}: ${changed / 64} of 32 change`)
    }
  })

  test('spreads addresses that differ in few bits evenly, in the low bits which choose the slot', () => {
    const buckets = new Array<number>(256).fill(0)
    for (let i = 0; i < 256 * 64; i++) {
      const bucket = hashAddress(frameWith(i << 8), OFFSET, 1, 2) & 255
      buckets[bucket] = (buckets[bucket] as number) + 1
    }
    assert.ok(Math.min(...buckets) > 64 - 40 && Math.max(...buckets) < 64 + 40, `${buckets}`)
  })

  function hashOfAll(input: Uint8Array): number {
    const keys = new DataView(input.buffer)
    return hashAddress(input, 0, keys.getUint32(16), keys.getUint32(20))
  }

  function onesIn(word: number): number {
    let count = 0
    for (let rest = word; rest !== 0; rest &= rest - 1) count += 1
    return count
  }
})
