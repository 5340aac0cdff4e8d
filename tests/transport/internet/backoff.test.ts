import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededRandom } from '../../../src/runtime/random.ts'
import {
  Backoff,
  EAGER_DELAY_MS,
  EAGER_WAITS,
  FIRST_DELAY_MS,
  LONGEST_DELAY_MS,
} from '../../../src/transport/internet/backoff.ts'

describe('the back-off', () => {
  it('doubles up to its longest, and keeps each wait between half and the whole of that', () => {
    const backoff = new Backoff(seededRandom(1))
    let ceiling = FIRST_DELAY_MS
    for (let n = 0; n < 50; n++) {
      const delay = backoff.next(false)
      assert.ok(delay >= ceiling / 2 && delay <= ceiling, `${delay} of ${ceiling}`)
      ceiling = Math.min(2 * ceiling, LONGEST_DELAY_MS)
    }
    assert.equal(ceiling, LONGEST_DELAY_MS)
  })

  it('waits no longer than a second for half a minute where nobody is there', () => {
    const backoff = new Backoff(seededRandom(3))
    let totalMs = 0
    let longestMs = 0
    for (let n = 0; n < EAGER_WAITS + 2; n++) {
      const delay = backoff.next(true)
      totalMs += delay
      longestMs = Math.max(longestMs, delay)
    }
    assert.ok(longestMs > 900 && longestMs <= EAGER_DELAY_MS, `${longestMs}`)
    assert.ok(totalMs > 25_000 && totalMs < 35_000, `${totalMs}`)
    const later = Array.from({ length: 8 }, () => backoff.next(true))
    assert.ok(later.every((delay, n) => delay > EAGER_DELAY_MS / 2 && delay <= EAGER_DELAY_MS * 2 ** n))
    assert.ok((later.at(-1) ?? 0) >= LONGEST_DELAY_MS / 2)
  })

  it('begins anew after a reset', () => {
    const backoff = new Backoff(seededRandom(2))
    for (let n = 0; n < 20; n++) backoff.next(false)
    backoff.reset()
    assert.ok(backoff.next(true) <= FIRST_DELAY_MS)
  })

  it('differs from node to node', () => {
    const waits = Array.from({ length: 20 }, (_, seed) => new Backoff(seededRandom(seed)).next(true))
    assert.equal(new Set(waits).size, waits.length)
  })
})
