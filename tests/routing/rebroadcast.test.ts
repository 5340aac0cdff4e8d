import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Heard, MAX_WAITING, Rebroadcast } from '../../src/routing/rebroadcast.ts'
import { seededRandom } from '../../src/runtime/random.ts'

const SLOT = 100
const FAR: Heard = { marginDb: 1 }
const NEAR: Heard = { marginDb: 30 }

function rule(seed = 'rebroadcast'): Rebroadcast {
  return new Rebroadcast(seededRandom(seed))
}

/** When each of `count` nodes that heard a copy like this would relay it. */
function waits(heard: Heard, count = 200): number[] {
  return Array.from({ length: count }, (_, n) => {
    const one = rule(`node ${n}`)
    one.first(1, 0, SLOT, heard)
    return one.nextDue
  })
}

const neighbours = (uncovered: number, ahead = 0): Heard => ({ neighbours: { uncovered, ahead } })

describe('rebroadcast', () => {
  it('relays once, within 18 slots, what nobody else relays', () => {
    for (const heard of [{}, FAR, NEAR, neighbours(3, 5)]) {
      const one = rule()
      one.first(7, 1000, SLOT, heard)
      const due = one.nextDue
      assert.ok(due >= 1000 && due < 1000 + 18 * SLOT)
      assert.deepEqual(one.due(due - 0.01), [])
      assert.deepEqual(one.due(due), [7])
      assert.deepEqual(one.due(due + 1), [])
      assert.deepEqual(one.due(due + 1e6), [])
      assert.equal(one.counters.relayed, 1)
    }
  })

  it('keeps silent once three copies were heard, where nothing is known but them', () => {
    const one = rule()
    one.first(7, 0, SLOT)
    one.again(7, 1)
    assert.notEqual(one.nextDue, Number.POSITIVE_INFINITY)
    one.again(7, 2)
    assert.deepEqual(one.due(1e6), [])
    assert.deepEqual(one.counters, { relayed: 0, cancelled: 1, refused: 0 })
  })

  it('lets those go first that heard the announce from far off', () => {
    assert.ok(Math.max(...waits(FAR)) < Math.min(...waits(NEAR)))
  })

  it('keeps silent after one more copy from next door, but not after one from far off', () => {
    const near = rule()
    near.first(7, 0, SLOT, FAR)
    near.again(7, 1, NEAR)
    assert.deepEqual(near.due(1e6), [])
    const far = rule()
    far.first(7, 0, SLOT, FAR)
    far.again(7, 1, FAR)
    assert.deepEqual(far.due(1e6), [7])
  })

  it('keeps silent when all its neighbours are covered, and only then, where they are known', () => {
    const one = rule()
    one.first(7, 0, SLOT, neighbours(0))
    assert.equal(one.size, 0)
    one.first(7, 0, SLOT, neighbours(4))
    for (let copies = 0; copies < 10; copies++) one.again(7, 0, neighbours(1))
    assert.deepEqual(one.due(2 * SLOT), [7])
    one.first(8, 0, SLOT, neighbours(4))
    one.again(8, 0, neighbours(0))
    assert.deepEqual(one.due(1e6), [])
  })

  it('waits for each node that would bring it to more neighbours, and looks again after each copy', () => {
    const first = Math.max(...waits(neighbours(3, 0)))
    const second = Math.min(...waits(neighbours(3, 1)))
    assert.ok(first <= second)
    const one = rule()
    one.first(7, 0, SLOT, neighbours(3, 6))
    assert.ok(one.nextDue >= 12 * SLOT)
    one.again(7, 50, neighbours(2, 0))
    assert.deepEqual(one.due(50 + 2 * SLOT), [7])
  })

  it('calls back what it handed out when it turns out needless, for a while', () => {
    const one = rule()
    one.first(7, 0, SLOT, FAR)
    const due = one.nextDue
    one.due(due)
    assert.equal(one.again(7, due + 1, NEAR), true)
    assert.equal(one.again(7, due + 2, NEAR), false, 'only once')
    one.first(7, 0, SLOT, FAR)
    one.due(one.nextDue)
    one.due(1e6)
    assert.equal(one.size, 0)
    assert.equal(one.again(7, 1e6, NEAR), false)
  })

  it('starts anew with a newer announce, and forgets what it is told to', () => {
    const one = rule()
    one.first(7, 0, SLOT)
    one.again(7, 1)
    one.first(7, 2, SLOT)
    one.again(7, 3)
    assert.deepEqual(one.due(1e6), [7])
    one.first(8, 0, SLOT)
    one.forget(8)
    assert.deepEqual(one.due(2e6), [])
  })

  it('is bounded, forgets by itself, and never misses what is due', () => {
    const call = fc.record({
      isFirst: fc.boolean(),
      key: fc.nat(2 * MAX_WAITING),
      pause: fc.integer({ min: 0, max: 300 }),
      heard: fc.oneof(
        fc.constant({}),
        fc.record({ marginDb: fc.double({ min: -5, max: 60, noNaN: true }) }),
        fc.nat(3).map((uncovered) => neighbours(uncovered, uncovered)),
      ),
    })
    fc.assert(
      fc.property(fc.array(call, { maxLength: 800 }), (calls) => {
        const one = rule()
        let now = 0
        for (const { isFirst, key, pause, heard } of calls) {
          now += pause / 20
          if (isFirst) one.first(key, now, SLOT, heard)
          else one.again(key, now, heard)
          assert.ok(one.size <= MAX_WAITING)
          if (one.nextDue <= now) one.due(now)
          assert.ok(one.nextDue > now)
        }
        const relayed = one.due(now + 1e5)
        assert.equal(new Set(relayed).size, relayed.length)
        one.due(now + 2e5)
        assert.deepEqual([one.size, one.nextDue], [0, Number.POSITIVE_INFINITY])
      }),
      { numRuns: 50 },
    )
  })
})
