import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../../../src/sim/clock.ts'
import { MISSED_SIGN_MS, NO_ANSWER_MS, VIGIL_MS } from '../../../src/transport/internet/limits.ts'
import type { StreamLink } from '../../../src/transport/internet/stream-link.ts'
import { Vigil } from '../../../src/transport/internet/vigil.ts'

interface FakeLink {
  heardAt: number
  latencyMs: number
  isClosed: boolean
  questions: number
  ask(): void
}

function bench() {
  const clock = new VirtualClock()
  const link: FakeLink = {
    heardAt: 0,
    latencyMs: 0,
    isClosed: false,
    questions: 0,
    ask() {
      this.questions += 1
    },
  }
  /** When the link was in doubt, ms. */
  const doubts: number[] = []
  const links = [link as unknown as StreamLink]
  const reliefs: number[] = []
  const vigil = new Vigil({
    links: () => links,
    clock,
    caller: {
      doubt: () => doubts.push(clock.monotonic()),
      relief: () => reliefs.push(clock.monotonic()),
    },
  })
  vigil.start()
  return { clock, link, vigil, doubts, reliefs }
}

describe('a link', () => {
  it('is in doubt when its neighbour has missed a sign of life, until it is heard', () => {
    const { clock, link, vigil, doubts, reliefs } = bench()
    clock.advance(MISSED_SIGN_MS - 1)
    assert.deepEqual(doubts, [])
    clock.advance(VIGIL_MS + 1)
    assert.deepEqual(doubts, [MISSED_SIGN_MS, MISSED_SIGN_MS + VIGIL_MS])
    link.heardAt = clock.monotonic()
    clock.advance(VIGIL_MS)
    assert.equal(doubts.length, 2)
    assert.deepEqual(reliefs, [MISSED_SIGN_MS + 2 * VIGIL_MS])
    clock.advance(MISSED_SIGN_MS - VIGIL_MS)
    assert.equal(reliefs.length, 1)
    assert.equal(doubts.length, 3)
    vigil.stop()
    clock.advance(MISSED_SIGN_MS)
    assert.equal(doubts.length, 3)
  })

  it('is in doubt soon when its neighbour was asked, and not when it has answered', () => {
    for (const answers of [true, false]) {
      const { clock, link, vigil, doubts } = bench()
      clock.advance(100)
      vigil.ask()
      assert.equal(link.questions, 1)
      if (answers) link.heardAt = 100
      clock.advance(NO_ANSWER_MS + VIGIL_MS)
      assert.equal(doubts.length > 0, !answers)
      assert.ok(!answers || MISSED_SIGN_MS > clock.monotonic())
    }
  })

  it('has a round trip more where the line is long', () => {
    const { clock, link, vigil, doubts } = bench()
    link.latencyMs = 500
    vigil.ask()
    clock.advance(NO_ANSWER_MS + 999)
    assert.deepEqual(doubts, [])
    link.heardAt = clock.monotonic()
    clock.advance(MISSED_SIGN_MS + 999)
    assert.deepEqual(doubts, [])
    clock.advance(VIGIL_MS)
    assert.equal(doubts.length, 1)
  })
})
