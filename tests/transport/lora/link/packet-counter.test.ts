import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { PacketCounter } from '../../../../src/transport/lora/link/packet-counter.ts'
import { T0 } from '../../../support/frames.ts'

/** Counters have room for what begins within 17 of them after 2025. */
const YEAR_MS = 365 * 86_400_000

describe('the counters of packets', () => {
  it('never come again, whatever the clock says at a restart', () => {
    const run = fc.record({
      wallMs: fc.integer({ min: 0, max: T0 * 1000 + 15 * YEAR_MS }),
      packets: fc.oneof(fc.nat(20), fc.constantFrom(4095, 4096, 4097, 9000)),
    })
    fc.assert(
      fc.property(fc.array(run, { minLength: 1, maxLength: 8 }), (runs) => {
        let last = 0
        let highest = 0
        for (const { wallMs, packets } of runs) {
          const counter = new PacketCounter(wallMs, {
            last,
            reserve: (upTo) => {
              last = upTo
            },
          })
          for (let n = 0; n < packets; n++) {
            counter.advance()
            assert.ok(counter.last > highest, `${counter.last} after ${highest}`)
            highest = counter.last
          }
          assert.ok(packets === 0 || last >= highest, 'a crash now would be forgotten')
        }
      }),
    )
  })

  it('follow the clock where nothing is remembered: a restart a second later begins further on', () => {
    const before = new PacketCounter(T0 * 1000)
    for (let n = 0; n < 8; n++) before.advance()
    assert.ok(new PacketCounter(T0 * 1000 + 1000).next > before.last)
    assert.equal(new PacketCounter(0).next, 1, 'a clock that was never set')
  })

  it('are reserved many at a time', () => {
    let writes = 0
    const counter = new PacketCounter(T0 * 1000, { last: 0, reserve: () => writes++ })
    for (let n = 0; n < 10_000; n++) counter.advance()
    assert.equal(writes, 3)
  })
})
