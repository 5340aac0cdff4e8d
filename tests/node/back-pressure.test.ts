import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BackPressure, LONGEST_PAUSE_MS } from '../../src/node/back-pressure.ts'
import { VirtualClock } from '../../src/sim/clock.ts'
import type { Link } from '../../src/transport/transport.ts'
import { withMesh } from '../support/test-mesh.ts'

describe('back-pressure through a relay', () => {
  it('slows the sender to the slowest link and loses nothing', async () => {
    await withMesh(async (mesh) => {
      const alice = await mesh.node('alice')
      const relay = await mesh.node('relay')
      const bob = await mesh.node('bob')
      mesh.connect(alice, relay)
      mesh.connect(relay, bob, { bitsPerSecond: 20_000_000 })
      await mesh.pass(1000)
      const total = 8000
      const payload = new Uint8Array(1000)
      let accepted = 0
      const sending = (async () => {
        for (let n = 0; n < total; n++) {
          await alice.node.send(bob.node.address, payload, { receipt: false, priority: 'bulk' })
          accepted += 1
        }
      })()
      let most = 0
      while (bob.heard.length < total && mesh.clock.monotonic() < 60_000) {
        await mesh.pass(50)
        const queued = relay.run.metricsSnapshot().transports[0]?.queuedBytes ?? 0
        most = Math.max(most, queued)
      }
      await sending
      assert.equal(accepted, total)
      assert.equal(bob.heard.length, total)
      assert.equal(relay.run.metricsSnapshot().store?.stored, 0, 'nothing had to be stored')
      assert.ok(most > 1_000_000 && most <= 4 * 1024 * 1024, `${most} bytes queued`)
    })
  })
})

/** The part of a link that back-pressure touches. */
function gate(): { link: Link; paused: () => boolean } {
  let paused = false
  const link = {
    pause: () => {
      paused = true
    },
    resume: () => {
      paused = false
    },
  } as unknown as Link
  return { link, paused: () => paused }
}

describe('BackPressure', () => {
  it('resumes when the congested link drains, or is gone', () => {
    for (const end of ['drained', 'forget'] as const) {
      const pressure = new BackPressure(new VirtualClock())
      const from = gate()
      const behind = gate()
      pressure.hold(from.link, behind.link)
      assert.equal(from.paused(), true)
      pressure[end](behind.link)
      assert.equal(from.paused(), false)
      assert.equal(pressure.paused, 0)
    }
  })

  it('never pauses longer than its bound, so two relays cannot wait for each other for ever', () => {
    const clock = new VirtualClock()
    const pressure = new BackPressure(clock)
    const a = gate()
    const b = gate()
    pressure.hold(a.link, b.link)
    pressure.hold(b.link, a.link)
    clock.advance(LONGEST_PAUSE_MS - 1)
    assert.deepEqual([a.paused(), b.paused()], [true, true])
    clock.advance(1)
    assert.deepEqual([a.paused(), b.paused()], [false, false])
  })

  it('forgets a link that goes down while it is paused', () => {
    const clock = new VirtualClock()
    const pressure = new BackPressure(clock)
    const from = gate()
    pressure.hold(from.link, gate().link)
    pressure.forget(from.link)
    clock.advance(LONGEST_PAUSE_MS)
    assert.equal(from.paused(), true, 'a link that is gone is left alone')
  })
})
