import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { median, type Ping, pingFigures } from '../../src/sim/scenario-figures.ts'
import type { PingPlan } from '../../src/sim/scenario-pings.ts'

/** Rounds of 20 a second apart, the first at 10 s. */
const PLAN: PingPlan = {
  firstS: 10,
  rounds: 3,
  everyS: 1,
  count: 20,
  overS: 1,
  withinS: 2,
  answered: false,
  bytes: 32,
  minHops: 1,
  pairs: 'any',
  sinceS: undefined,
}

/** A round in which the first `lost` pings are lost and the others take 100 ms, and 200 with their answer. */
function round(number: number, lost: number): Ping[] {
  return Array.from({ length: 20 }, (_, i) => {
    const sentAt = 10_000 + number * 1000 + i * 50
    return i < lost ? { sentAt } : { sentAt, deliveredAt: sentAt + 100, receiptAt: sentAt + 200 }
  })
}

describe('the figures of pings', () => {
  it('are the share that arrived, and how long they took', () => {
    const figures = pingFigures([...round(0, 20), ...round(1, 10), ...round(2, 0)], PLAN)
    assert.equal(figures.pings, 60)
    assert.equal(figures.delivery, 0.5)
    assert.equal(figures.latency_ms, 100)
  })

  it('count what comes too late as lost', () => {
    const [first, ...others] = round(0, 0)
    const late = { ...first, sentAt: 10_000, deliveredAt: 12_001 }
    assert.equal(pingFigures([late, ...others], PLAN).delivery, 0.95)
  })

  it('take the answers where the plan does', () => {
    const unanswered = round(0, 0).map(({ sentAt, deliveredAt }) => ({ sentAt, deliveredAt }))
    assert.equal(pingFigures(unanswered, PLAN).delivery, 1)
    assert.equal(pingFigures(unanswered, { ...PLAN, answered: true }).delivery, 0)
  })

  it('say when the first round had 95 % from which on none fell back', () => {
    // Of the second round the 19th arrival, 95 %, is that of the last ping, sent at 11.95 s.
    const pings = [...round(0, 2), ...round(1, 1), ...round(2, 0)]
    assert.equal(pingFigures(pings, PLAN).converged_s, 2.05)
    assert.equal(pingFigures([...round(0, 0), ...round(1, 2), ...round(2, 1)], PLAN).converged_s, 3.05)
    assert.equal(pingFigures([...round(0, 0), ...round(1, 0), ...round(2, 2)], PLAN).converged_s, Infinity)
  })

  it('count from an event on', () => {
    const figures = pingFigures([...round(0, 0), ...round(1, 20), ...round(2, 3)], { ...PLAN, sinceS: 11 })
    assert.equal(figures.pings, 40)
    assert.equal(figures.next_delivery_s, 1.25)
    assert.equal(pingFigures(round(1, 20), { ...PLAN, sinceS: 11 }).next_delivery_s, Infinity)
  })

  it('say nothing about no pings', () => {
    assert.deepEqual(pingFigures([], PLAN), { pings: 0 })
  })
})

describe('the median', () => {
  it('takes never for the largest', () => {
    assert.equal(median([3, 1, 2]), 2)
    assert.equal(median([4, 1, 2, 3]), 2.5)
    assert.equal(median([Infinity, 1, Infinity]), Infinity)
    assert.equal(median([Infinity, 1, Infinity, 2, 3]), 3)
  })
})
