import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { CounterWindow } from '../../../../src/transport/lora/link/counter-window.ts'
import { ACK_WINDOW } from '../../../../src/transport/lora/link/packet.ts'
import { uint32 } from '../../../wire/arbitraries.ts'

/** The same with sets, and no thought for time or memory. */
class Model {
  readonly seen = new Set<number>()
  readonly used = new Set<number>()

  get newest(): number | undefined {
    return this.seen.size === 0 ? undefined : Math.max(...this.seen)
  }

  isFresh(counter: number): boolean {
    const { newest } = this
    return (
      newest === undefined || counter > newest || (counter > newest - ACK_WINDOW && !this.seen.has(counter))
    )
  }

  usedSince(since: number): bigint {
    const newest = this.newest ?? 0
    let bits = 0n
    for (const counter of this.used) {
      if (counter > since && counter > newest - ACK_WINDOW) bits |= 1n << BigInt(newest - counter)
    }
    return bits
  }
}

describe('the window of counters', () => {
  it('takes each packet once and remembers what was of use, as plain sets do', () => {
    const step = fc.record({
      ahead: fc.oneof(fc.integer({ min: -80, max: 8 }), fc.integer({ min: -3, max: 200 })),
      isUsed: fc.boolean(),
    })
    fc.assert(
      fc.property(uint32, fc.array(step, { maxLength: 120 }), fc.nat(90), (start, steps, back) => {
        const [window, model] = [new CounterWindow(), new Model()]
        for (const { ahead, isUsed } of steps) {
          const counter = Math.max(0, (model.newest ?? start) + ahead)
          assert.equal(window.isFresh(counter), model.isFresh(counter))
          if (!model.isFresh(counter)) continue
          window.add(counter)
          model.seen.add(counter)
          if (isUsed) {
            window.use(counter)
            model.used.add(counter)
          }
          assert.equal(window.newest, model.newest)
          assert.ok(!window.isFresh(counter))
          for (const since of [Number.NEGATIVE_INFINITY, counter - back, counter]) {
            const [low, high] = window.usedSince(since)
            assert.equal(BigInt(low) | (BigInt(high) << 32n), model.usedSince(since))
          }
        }
      }),
    )
  })

  it('tells 32 bits from 16, as long as fewer than 32,768 packets are missing', () => {
    fc.assert(
      fc.property(uint32, fc.integer({ min: -0x8000, max: 0x7fff }), (expected, distance) => {
        const counter = expected + distance
        fc.pre(counter >= 0)
        assert.equal(CounterWindow.expand(counter & 0xffff, expected), counter)
      }),
    )
  })
})
