import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { seededRandom } from '../../../../src/runtime/random.ts'
import { MAX_COUNT, MAX_INDEX, parity, recover } from '../../../../src/transport/lora/link/erasure.ts'

function dataOf(count: number, size: number, seed: number): Uint8Array[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => random.bytes(size))
}

/** Some of the indices from 0 to 255, as many as `count`, in any order. */
function pick(count: number, seed: number): number[] {
  const random = seededRandom(`pick ${seed}`)
  const all = Array.from({ length: MAX_INDEX + 1 }, (_, i) => i)
  return Array.from({ length: count }, () => all.splice(random.below(all.length), 1)[0] as number)
}

function take(data: readonly Uint8Array[], indices: readonly number[]): Map<number, Uint8Array> {
  return new Map(indices.map((index) => [index, data[index] ?? parity(data, index)]))
}

describe('parity', () => {
  it('gives back 1 to 64 fragments from any as many of data and parity', () => {
    for (let count = 1; count <= MAX_COUNT; count++) {
      const data = dataOf(count, 5, count)
      for (const seed of [1, 2, 3]) {
        assert.deepEqual(recover(take(data, pick(count, 100 * seed + count)), count, 5), data)
      }
      const onlyParity = Array.from({ length: count }, (_, i) => MAX_INDEX - i)
      assert.deepEqual(recover(take(data, onlyParity), count, 5), data)
    }
  })

  it('gives them back whatever is missing, and nothing where one too few has come', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 24 }),
        fc.integer({ min: 1, max: 40 }),
        fc.nat(),
        (count, size, seed) => {
          const data = dataOf(count, size, seed)
          const received = take(data, pick(count, seed))
          assert.deepEqual(recover(received, count, size), data)
          received.delete([...received.keys()][0] as number)
          assert.equal(recover(received, count, size), undefined)
        },
      ),
    )
  })

  it('is the same when fragments that are all zeros or alike are among the data', () => {
    const data = [0, 0, 9, 9].map((value) => new Uint8Array(16).fill(value))
    for (const indices of [
      [4, 5, 6, 7],
      [0, 5, 9, 255],
      [2, 3, 4, 5],
    ]) {
      assert.deepEqual(recover(take(data, indices), 4, 16), data)
    }
  })

  it('of a last fragment that is shorter counts what is missing as zeros', () => {
    const data = [Uint8Array.of(1, 2, 3), Uint8Array.of(4)]
    assert.deepEqual(parity(data, 2), parity([Uint8Array.of(1, 2, 3), Uint8Array.of(4, 0, 0)], 2))
  })
})
