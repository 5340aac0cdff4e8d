import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Pulse } from '../../../src/transport/internet/pulse.ts'
import { keepAliveOf } from '../../../src/transport/link-class.ts'

const KEEP_ALIVE = keepAliveOf('unconstrained')
const WALL = 1_800_000_000_000

/** Looks at it every 400 ms from `from` on, up to `until`. @returns the verdicts that are not 'fine', by time */
function watch(pulse: Pulse, from: number, until: number, isWaiting = false): [number, string][] {
  const verdicts: [number, string][] = []
  for (let now = from; now <= until; now += 400) {
    const verdict = pulse.look(now, WALL + now, isWaiting)
    if (verdict === 'speak') pulse.sent(now)
    if (verdict !== 'fine') verdicts.push([now, verdict])
    if (verdict === 'silent' || verdict === 'stalled') break
  }
  return verdicts
}

describe('the pulse of a link', () => {
  it('gives a sign of life when it has said nothing for 1.2 s, and gives up after 4 s of silence', () => {
    const pulse = new Pulse(KEEP_ALIVE, 0, WALL)
    assert.deepEqual(watch(pulse, 400, 60_000), [
      [1200, 'speak'],
      [2400, 'speak'],
      [3600, 'speak'],
      [4000, 'silent'],
    ])
  })

  it('gives up on a neighbour that speaks but takes nothing for 30 s', () => {
    const pulse = new Pulse(KEEP_ALIVE, 0, WALL)
    for (let now = 1000; now < 30_000; now += 1000) {
      pulse.heard(now)
      assert.notEqual(pulse.look(now, WALL + now, true), 'stalled', `after ${now} ms`)
    }
    assert.equal(pulse.look(30_000, WALL + 30_000, true), 'stalled')
  })

  it('never calls a link stalled on which something moves at least every 29 s', () => {
    const gaps = fc.array(fc.integer({ min: 1, max: 29 }), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(gaps, (seconds) => {
        const pulse = new Pulse(KEEP_ALIVE, 0, WALL)
        let now = 0
        for (const gap of seconds) {
          for (const end = now + gap * 1000; now < end; ) {
            now += 1000
            pulse.heard(now)
            assert.notEqual(pulse.look(now, WALL + now, true), 'stalled')
          }
          pulse.progressed(now)
        }
      }),
    )
  })

  it('after a sleep probes at once, and waits no longer than one sign takes', () => {
    const pulse = new Pulse(KEEP_ALIVE, 0, WALL)
    pulse.heard(900)
    const slept = 3_600_000
    assert.equal(pulse.look(1000, WALL + 1000 + slept, true), 'speak')
    pulse.sent(1000)
    assert.equal(pulse.look(2199, WALL + 2199 + slept, true), 'fine')
    assert.equal(pulse.look(2200, WALL + 2200 + slept, true), 'silent')
  })

  it('does not take its own standstill for the silence of the neighbour', () => {
    const pulse = new Pulse(KEEP_ALIVE, 0, WALL)
    assert.equal(pulse.look(50_000, WALL + 50_000, true), 'speak')
    pulse.sent(50_000)
    pulse.heard(50_100)
    assert.equal(pulse.look(51_000, WALL + 51_000, true), 'fine')
  })
})
