import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededRandom } from '../../../src/runtime/random.ts'
import { Backoff, FIRST_DELAY_MS, LONGEST_DELAY_MS } from '../../../src/transport/internet/backoff.ts'

describe('the back-off', () => {
  it('doubles up to its longest, and keeps each wait between half and the whole of that', () => {
    const backoff = new Backoff(seededRandom(1))
    let ceiling = FIRST_DELAY_MS
    for (let n = 0; n < 50; n++) {
      const delay = backoff.next()
      assert.ok(delay >= ceiling / 2 && delay <= ceiling, `${delay} of ${ceiling}`)
      ceiling = Math.min(2 * ceiling, LONGEST_DELAY_MS)
    }
    assert.equal(ceiling, LONGEST_DELAY_MS)
  })

  it('begins anew after a reset', () => {
    const backoff = new Backoff(seededRandom(2))
    for (let n = 0; n < 20; n++) backoff.next()
    backoff.reset()
    assert.ok(backoff.next() <= FIRST_DELAY_MS)
  })

  it('differs from node to node', () => {
    const waits = Array.from({ length: 20 }, (_, seed) => new Backoff(seededRandom(seed)).next())
    assert.equal(new Set(waits).size, waits.length)
  })
})
