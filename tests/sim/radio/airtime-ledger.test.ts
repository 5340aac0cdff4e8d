import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { AirtimeLedger } from '../../../src/sim/radio/airtime-ledger.ts'

const HOUR = 3_600_000

/** The most time on air in any window: it is reached where one ends with a transmission. */
function mostInAnyWindow(
  sent: readonly (readonly [start: number, lasts: number])[],
  windowMs: number,
): number {
  const within = (from: number, to: number) =>
    sent.reduce((sum, [start, lasts]) => {
      const overlap = Math.min(to, start + lasts) - Math.max(from, start)
      return sum + Math.max(0, overlap)
    }, 0)
  return Math.max(0, ...sent.map(([start, lasts]) => within(start + lasts - windowMs, start + lasts)))
}

const wishes = fc.array(
  fc.record({
    pauseMs: fc.double({ min: 0, max: 1500, noNaN: true }),
    lasts: fc.double({ min: 0.5, max: 90, noNaN: true }),
  }),
  { minLength: 1, maxLength: 150 },
)

describe('the airtime ledger', () => {
  it('keeps the share in every window, wherever it begins', () => {
    fc.assert(
      fc.property(wishes, fc.constantFrom(0.01, 0.05, 0.1, 0.5), (list, share) => {
        const windowMs = 10_000
        const ledger = new AirtimeLedger(share, windowMs)
        const sent: (readonly [number, number])[] = []
        let now = 0
        for (const { pauseMs, lasts } of list) {
          now += pauseMs
          const start = ledger.earliest(now, lasts)
          assert.ok(start >= now && start <= now + windowMs)
          ledger.add(start, lasts)
          sent.push([start, lasts])
          now = start + lasts
        }
        const most = mostInAnyWindow(sent, windowMs)
        assert.ok(most <= share * windowMs + 1e-6, `${most} ms in a window`)
      }),
    )
  })

  it('makes nobody wait longer than the law asks', () => {
    fc.assert(
      fc.property(wishes, (list) => {
        const windowMs = 10_000
        const ledger = new AirtimeLedger(0.05, windowMs)
        const sent: (readonly [number, number])[] = []
        let now = 0
        for (const { pauseMs, lasts } of list) {
          now += pauseMs
          const start = ledger.earliest(now, lasts)
          if (start > now + 0.01) {
            const early: readonly [number, number] = [start - 0.01, lasts]
            assert.ok(mostInAnyWindow([...sent, early], windowMs) > 500, 'it could have begun earlier')
          }
          ledger.add(start, lasts)
          sent.push([start, lasts])
          now = start + lasts
        }
      }),
    )
  })

  it('gives back what an hour ago was sent to the millisecond', () => {
    const ledger = new AirtimeLedger(0.01)
    assert.equal(ledger.earliest(0, 36_000), 0)
    ledger.add(0, 36_000)
    assert.equal(ledger.earliest(36_000, 1000), HOUR)
    assert.equal(ledger.earliest(HOUR + 500, 1000), HOUR + 500)
    assert.equal(ledger.earliest(HOUR - 1, 0.5), HOUR)
  })

  it('never lets a frame go that is longer than the whole share', () => {
    assert.equal(new AirtimeLedger(0.001).earliest(0, 3601), Number.POSITIVE_INFINITY)
    assert.equal(new AirtimeLedger(0.001).earliest(0, 3600), 0)
  })

  it('tells what was on the air of late', () => {
    const ledger = new AirtimeLedger(1)
    ledger.add(0, 100)
    ledger.add(200, 100)
    assert.deepEqual(
      [ledger.since(0), ledger.since(50), ledger.since(250), ledger.since(300)],
      [200, 150, 50, 0],
    )
  })

  it('forgets what is over an hour old', () => {
    const ledger = new AirtimeLedger(0.5, 1000)
    let now = 0
    for (let n = 0; n < 20_000; n++) {
      now = ledger.earliest(now, 10)
      ledger.add(now, 10)
      now += 10
    }
    // Half of the time was used, exactly.
    assert.ok(Math.abs(now - 400_000) <= 1000, `${now} ms for 200,000 ms of air`)
    assert.ok(ledger.since(now - 1000) <= 500)
  })
})
