import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { AirWindow } from '../../../../src/transport/lora/ledger/air-window.ts'
import { earliestByTrying, mostInAnyWindow, type OnAir, within } from './on-air.ts'

const WINDOW = 10_000_000

const wishes = fc.array(
  fc.record({
    pause: fc.integer({ min: 0, max: 1_500_000 }),
    us: fc.integer({ min: 1, max: 90_000 }),
  }),
  { minLength: 1, maxLength: 150 },
)

describe('an air window', () => {
  it('is as strict as the law and no stricter', () => {
    fc.assert(
      fc.property(wishes, fc.constantFrom(0.01, 0.05, 0.5), (list, share) => {
        const budgetUs = share * WINDOW
        const window = new AirWindow({ budgetUs, windowUs: WINDOW })
        const sent: OnAir[] = []
        let now = 0
        for (const { pause, us } of list) {
          now += pause
          const earliest = window.earliest(now, us)
          assert.equal(earliest, earliestByTrying(sent, now, us, budgetUs, WINDOW))
          window.add(earliest, us)
          sent.push([earliest, earliest + us])
          now = earliest + us
          assert.equal(window.used(now), within(sent, now - WINDOW, now))
        }
        assert.ok(mostInAnyWindow(sent, WINDOW) <= budgetUs)
      }),
    )
  })

  it('counts what may begin late as if it did', () => {
    const window = new AirWindow({ budgetUs: 1000, slackUs: 300, windowUs: 10_000 })
    window.add(0, 1000)
    assert.equal(window.used(10_300), 1000)
    assert.equal(window.used(10_301), 999)
    assert.equal(window.used(11_299), 1)
    assert.equal(window.earliest(2000, 10), 10_300)
  })

  it('joins what is too much to remember, and counts it for longer, never shorter', () => {
    const window = new AirWindow({ budgetUs: WINDOW / 2, windowUs: WINDOW })
    const sent: OnAir[] = []
    let now = 0
    for (let n = 0; n < 40_000; n++) {
      now = Math.max(now + 251, window.earliest(now, 120))
      window.add(now, 120)
      sent.push([now, now + 120])
      now += 120
      if (n % 997 === 0) {
        const used = within(sent, now - WINDOW, now)
        assert.ok(window.used(now) >= used && window.used(now) <= used * 1.01)
      }
    }
    assert.ok(window.size <= 16_384)
  })

  it('has no limit where the budget is the whole window', () => {
    const window = new AirWindow({ budgetUs: WINDOW, slackUs: 1000, windowUs: WINDOW })
    for (let now = 0; now < 3 * WINDOW; now += 100_000) {
      assert.equal(window.earliest(now, 100_000), now)
      window.add(now, 100_000)
    }
  })
})
