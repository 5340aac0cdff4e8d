import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { LinkQuality } from '../../src/routing/link-quality.ts'
import { linkCost } from '../../src/routing/metric.ts'

const profile = { bitsPerSecond: 1e6, broadcast: false }

describe('the cost of a link', () => {
  it('is the time until a frame gets through', () => {
    assert.equal(linkCost({ profile, latencyMs: 10 }), 116)
    assert.equal(linkCost({ profile, latencyMs: 10, loss: 0.5 }), 232)
    assert.equal(linkCost({ profile, latencyMs: 10, loss: 1 }), 2320)
    assert.equal(linkCost({ profile: { ...profile, bitsPerSecond: 1e12 }, latencyMs: 0 }), 1)
  })

  it('stays while measurements wobble by less than a quarter', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 80, max: 124, noNaN: true }), { maxLength: 50 }), (latencies) => {
        const quality = new LinkQuality({ profile, latencyMs: 100 })
        for (const latencyMs of latencies) assert.equal(quality.sample({ profile, latencyMs }), false)
      }),
    )
  })

  it('follows a change that lasts, in a few steps', () => {
    const quality = new LinkQuality({ profile, latencyMs: 10 })
    let changes = 0
    for (let i = 0; i < 50; i++) if (quality.sample({ profile, latencyMs: 100 })) changes += 1
    assert.ok(changes >= 1 && changes <= 10, `${changes} changes`)
    assert.ok(Math.abs(quality.cost - linkCost({ profile, latencyMs: 100 })) < 0.3 * 1016)
  })

  it('does not follow one measurement gone astray', () => {
    const quality = new LinkQuality({ profile, latencyMs: 100 })
    assert.equal(quality.sample({ profile, latencyMs: 190 }), false)
    assert.equal(quality.sample({ profile, latencyMs: 100 }), false)
  })
})
