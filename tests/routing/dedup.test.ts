import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Dedup } from '../../src/routing/dedup.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { nextAttempt } from '../../src/wire/envelope.ts'
import { identityOf, messageBy } from '../support/frames.ts'

const alice = identityOf('alice')
const bob = identityOf('bob')

function dedup(capacity: number, byAttempt = true): Dedup {
  return new Dedup({ capacity, byAttempt }, seededRandom('dedup'))
}

describe('Dedup', () => {
  it('knows what was added and nothing else', () => {
    const seen = dedup(100)
    const frame = messageBy(alice, bob, { sequence: 1 })
    assert.equal(seen.has(frame), false)
    seen.add(frame)
    assert.equal(seen.has(frame), true)
    assert.equal(seen.has(messageBy(alice, bob, { sequence: 2 })), false)
    assert.equal(seen.has(messageBy(bob, alice, { sequence: 1 })), false)
  })

  it('takes another attempt for another transmission only where it is asked to', () => {
    const frame = messageBy(alice, bob)
    for (const byAttempt of [true, false]) {
      const seen = dedup(100, byAttempt)
      seen.add(frame)
      assert.equal(seen.has(nextAttempt(frame)), !byAttempt)
    }
  })

  it('ignores the hops', () => {
    const seen = dedup(100)
    const frame = messageBy(alice, bob)
    seen.add(frame)
    const relayed = Uint8Array.from(frame)
    relayed[relayed.length - 2] = 7
    assert.equal(seen.has(relayed), true)
  })

  it('remembers at least half its capacity of the latest, and never more than its capacity', () => {
    const frame = messageBy(alice, bob)
    const numbered = (sequence: number): Uint8Array => {
      new DataView(frame.buffer).setUint32(34, sequence)
      return frame
    }
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 64 }), fc.integer({ min: 1, max: 500 }), (capacity, count) => {
        const seen = dedup(capacity)
        for (let n = 0; n < count; n++) {
          seen.add(numbered(n))
          seen.add(numbered(n)) // adding twice is adding once
          assert.ok(seen.size <= seen.capacity)
        }
        const kept = Math.min(count, seen.capacity / 2)
        for (let n = count - kept; n < count; n++) assert.ok(seen.has(numbered(n)), `lost ${n} of ${count}`)
      }),
    )
  })

  it('mistakes nothing for something it has seen, over 200,000 transmissions', () => {
    const seen = dedup(200_000)
    const frame = messageBy(alice, bob)
    const view = new DataView(frame.buffer)
    let mistaken = 0
    for (let n = 0; n < 200_000; n++) {
      view.setUint32(34, n)
      if (seen.has(frame)) mistaken += 1
      seen.add(frame)
    }
    assert.equal(mistaken, 0)
  })
})
