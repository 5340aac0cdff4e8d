import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { waitMs } from '../../../../src/transport/lora/link/waiting.ts'

const HOUR_MS = 3_600_000
/** 200 bytes to a packet; 100 ms of preamble and 1 ms for each byte. */
const packetBytes = 200
const airtimeUs = (bytes: number): number => (100 + bytes) * 1000
const FULL_MS = 300

/** An hour of `budgetMs`, all of which is free in `freeInMs`. */
function wait(bytes: number, budgetMs = Number.POSITIVE_INFINITY, freeInMs = 0): number {
  const account = {
    budgetUs: budgetMs * 1000,
    earliest: (now: number, us: number) => (us > budgetMs * 1000 ? Number.POSITIVE_INFINITY : now + freeInMs),
    charge: () => true,
  }
  return waitMs({ bytes, packetBytes, airtimeUs, account, now: 5000 })
}

describe('how long a queue waits', () => {
  test('is the airtime of its packets where the law leaves enough', () => {
    assert.equal(wait(0), 0)
    assert.equal(wait(20), 120)
    assert.equal(wait(200), FULL_MS)
    assert.equal(wait(420), 2 * FULL_MS + 120)
  })

  test('has on top what the law makes it wait', () => {
    assert.equal(wait(20, 3000, 250_000), 250_120)
  })

  test('takes as many hours as it fills, where it is more than an hour allows', () => {
    // Ten packets of 300 ms fill the hour.
    assert.equal(wait(10 * 200, 3000), 10 * FULL_MS)
    assert.equal(wait(11 * 200, 3000), HOUR_MS + 11 * FULL_MS)
    assert.equal(wait(30 * 200, 3000, 7000), 2 * HOUR_MS + 7000 + 30 * FULL_MS)
  })

  test('is for ever where one packet is longer than all that an hour allows', () => {
    assert.equal(wait(200, 299), Number.POSITIVE_INFINITY)
    assert.equal(wait(210, 299), Number.POSITIVE_INFINITY)
    assert.equal(wait(150, 299), 250)
  })

  test('never shrinks as the queue grows', () => {
    fc.assert(
      fc.property(fc.nat(60_000), fc.nat(60_000), fc.integer({ min: 300, max: 60_000 }), (a, b, budget) => {
        assert.ok(wait(Math.min(a, b), budget) <= wait(Math.max(a, b), budget))
      }),
    )
  })
})
