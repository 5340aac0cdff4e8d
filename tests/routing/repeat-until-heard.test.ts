import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RepeatUntilHeard } from '../../src/routing/repeat-until-heard.ts'
import { seededRandom } from '../../src/runtime/random.ts'

const SLOT = 700

describe('an announce that is repeated until it is heard', () => {
  it('goes out four times more, each after a wait twice as long', () => {
    const repeat = new RepeatUntilHeard(seededRandom('alone'))
    assert.equal(repeat.nextDue, Number.POSITIVE_INFINITY)
    let now = 5000
    repeat.sent(now, SLOT)
    for (const least of [20, 40, 80, 160]) {
      const { nextDue } = repeat
      assert.ok(nextDue >= now + least * SLOT && nextDue < now + 2 * least * SLOT)
      assert.equal(repeat.due(nextDue - 1), false)
      assert.equal(repeat.due(nextDue), true)
      now = nextDue
    }
    assert.equal(repeat.nextDue, Number.POSITIVE_INFINITY)
    assert.equal(repeat.due(now + 1e9), false)
  })

  it('goes out as often as it is asked for, four times at most', () => {
    for (const [repeats, expected] of [
      [0, 0],
      [1, 1],
      [3, 3],
      [9, 4],
    ] as const) {
      const repeat = new RepeatUntilHeard(seededRandom('some'))
      repeat.sent(0, SLOT)
      repeat.sent(0, SLOT, repeats)
      let times = 0
      while (repeat.nextDue < 1e9 && repeat.due(repeat.nextDue)) times += 1
      assert.equal(times, expected)
    }
  })

  it('is not sent again once a neighbour has passed it on, until there is a new one', () => {
    const repeat = new RepeatUntilHeard(seededRandom('heard'))
    repeat.sent(0, SLOT)
    repeat.heard()
    assert.equal(repeat.due(1e9), false)
    repeat.sent(1e9, SLOT)
    assert.ok(repeat.nextDue < 1e9 + 40 * SLOT)
  })

  it('draws its times, so that two that collided once part', () => {
    const times = Array.from({ length: 100 }, (_, n) => {
      const repeat = new RepeatUntilHeard(seededRandom(n))
      repeat.sent(0, SLOT)
      return repeat.nextDue
    })
    assert.ok(Math.max(...times) - Math.min(...times) > 18 * SLOT)
  })
})
