import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Address } from '../../src/identity/address.ts'
import {
  type Copy,
  type Coverage,
  type CoverageOf,
  MAX_WAITING,
  Rebroadcast,
} from '../../src/routing/rebroadcast.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { identityOf } from '../support/frames.ts'

const SLOT = 100
const LONGEST = 16 * SLOT
const nobodyKnows: CoverageOf = () => undefined
const [origin, ...others] = ['origin', 'ann', 'ben', 'cat', 'dan'].map(
  (name) => identityOf(name).address,
) as [Address, ...Address[]]

function rule(coverageOf = nobodyKnows, seed = 'rebroadcast'): Rebroadcast {
  return new Rebroadcast(seededRandom(seed), coverageOf)
}

/** A copy from the first, second … of the others; from elsewhere without a number. */
function copy(sender?: number, sequence = 1): Copy {
  return { origin, sequence, sender: sender === undefined ? undefined : (others[sender] as Address) }
}

/** Neighbours of which each further sender covers one, all of them nearer to what is open than this node. */
function covering(neighbours: number, ahead = 0, isLossy = false): CoverageOf {
  return (senders) => ({ uncovered: Math.max(0, neighbours - senders.length), ahead, isLossy })
}

/** When each of `count` nodes with such surroundings would relay it. */
function waits(coverageOf: CoverageOf, count = 200): number[] {
  return Array.from({ length: count }, (_, n) => {
    const one = rule(coverageOf, `node ${n}`)
    one.first(1, 0, SLOT, copy(0))
    return one.nextDue
  })
}

describe('rebroadcast', () => {
  it('relays once, within 16 slots, what nobody else relays', () => {
    for (const coverageOf of [nobodyKnows, covering(9), covering(9, 5), covering(9, 50)]) {
      const one = rule(coverageOf)
      one.first(7, 1000, SLOT, copy(0))
      const due = one.nextDue
      assert.ok(due >= 1000 && due <= 1000 + LONGEST)
      assert.deepEqual(one.due(due - 0.01), [])
      assert.deepEqual(one.due(due), [7])
      assert.deepEqual(one.due(due + 1), [])
      assert.deepEqual(one.due(due + 1e6), [])
      assert.equal(one.counters.relayed, 1)
    }
  })

  it('keeps silent once three were heard, where nothing is known but copies', () => {
    const one = rule()
    one.first(7, 0, SLOT, copy(0))
    one.again(7, 1, copy(1))
    assert.notEqual(one.nextDue, Number.POSITIVE_INFINITY)
    one.again(7, 2, copy(2))
    assert.deepEqual(one.due(1e6), [])
    assert.deepEqual(one.counters, { relayed: 0, cancelled: 1, refused: 0 })
  })

  it('does not count one that repeats itself, nor one that came another way', () => {
    const one = rule()
    one.first(7, 0, SLOT, copy())
    for (let times = 0; times < 5; times++) one.again(7, 1, copy(0))
    for (let times = 0; times < 5; times++) one.again(7, 1, copy())
    one.again(7, 2, copy(1))
    assert.deepEqual(one.due(1e6), [7])
  })

  it('keeps silent when all its neighbours are covered, and only then, where they are known', () => {
    const one = rule(covering(1))
    one.first(7, 0, SLOT, copy(0))
    assert.deepEqual(one.due(1e6), [])
    const open = rule(covering(9))
    open.first(7, 0, SLOT, copy(0))
    for (const n of [1, 2, 3]) open.again(7, 0, copy(n))
    assert.deepEqual(open.due(2 * SLOT), [7])
    const last = rule(covering(4))
    last.first(7, 0, SLOT, copy(0))
    last.again(7, 0, copy(1))
    last.again(7, 0, copy(2))
    assert.deepEqual(last.due(1e6), [])
    assert.equal(last.counters.cancelled, 1)
  })

  it('counts what the origin has covered itself, though that was not heard here', () => {
    const asked: (readonly Address[])[] = []
    const one = rule((senders) => {
      asked.push(senders)
      return { uncovered: 1, ahead: 0, isLossy: false }
    })
    one.first(7, 0, SLOT, copy(0))
    one.again(7, 1, copy(1))
    assert.deepEqual(asked, [
      [origin, others[0]],
      [origin, others[0], others[1]],
    ])
  })

  it('waits for each node that would bring it to more neighbours, and looks again after each copy', () => {
    const first = Math.max(...waits(covering(9, 0)))
    const second = Math.min(...waits(covering(9, 1)))
    assert.ok(first <= second)
    const ahead = [6, 0]
    const one = rule((): Coverage => ({ uncovered: 2, ahead: ahead.shift() ?? 0, isLossy: false }))
    one.first(7, 0, SLOT, copy(0))
    assert.ok(one.nextDue >= 12 * SLOT)
    one.again(7, 50, copy(1))
    assert.deepEqual(one.due(50 + 2 * SLOT), [7])
  })

  it('does not let others put it off for ever', () => {
    const one = rule(covering(9, 50))
    one.first(7, 0, SLOT, copy(0))
    for (const n of [1, 2, 3]) one.again(7, LONGEST - 10, copy(n))
    assert.deepEqual(one.due(LONGEST), [7])
  })

  it('goes out once more where much is lost, after 20 to 40 slots, unless somebody who lacked it has it', () => {
    const lossy = (): Rebroadcast => {
      const one = rule(covering(9, 0, true))
      one.first(7, 0, SLOT, copy(0))
      assert.deepEqual(one.due(2 * SLOT), [7])
      assert.ok(one.nextDue >= 20 * SLOT && one.nextDue <= 42 * SLOT)
      return one
    }
    const unheard = lossy()
    assert.deepEqual(unheard.due(unheard.nextDue), [7])
    assert.deepEqual(unheard.due(1e6), [])
    const heard = lossy()
    heard.again(7, 5 * SLOT, copy(1))
    assert.deepEqual(heard.due(1e6), [])
    const clear = rule(covering(9))
    clear.first(7, 0, SLOT, copy(0))
    assert.deepEqual([clear.due(2 * SLOT), clear.due(1e6)], [[7], []])
  })

  it('calls back what it handed out when it turns out needless, for a while', () => {
    const one = rule(covering(4))
    one.first(7, 0, SLOT, copy(0))
    const due = one.nextDue
    one.due(due)
    assert.equal(one.again(7, due + 1, copy(1)), false)
    assert.equal(one.again(7, due + 2, copy(2)), true)
    assert.equal(one.again(7, due + 3, copy(3)), false, 'only once')
    assert.equal(one.counters.cancelled, 0, 'it has been relayed')
    one.first(8, 0, SLOT, copy(0))
    one.due(1e6)
    one.due(1e6 + 1e6)
    assert.equal(one.size, 0)
    assert.equal(one.again(8, 1e6, copy(2)), false)
  })

  it('remembers who was heard when a copy comes a better way, but not for a newer announce', () => {
    const better = rule(covering(4))
    better.first(7, 0, SLOT, copy(0))
    better.again(7, 1, copy(1))
    better.first(7, 2, SLOT, copy(2))
    assert.deepEqual(better.due(1e6), [])
    const newer = rule(covering(4))
    newer.first(7, 0, SLOT, copy(0))
    newer.again(7, 1, copy(1))
    newer.first(7, 2, SLOT, copy(2, 2))
    assert.deepEqual(newer.due(1e6), [7])
  })

  it('forgets what it is told to', () => {
    const one = rule()
    one.first(8, 0, SLOT, copy(0))
    one.forget(8)
    assert.deepEqual(one.due(2e6), [])
  })

  it('refuses what is too much while all of it waits, and else forgets what has gone out', () => {
    const one = rule()
    for (let key = 0; key < MAX_WAITING; key++) one.first(key, 0, SLOT, copy(0))
    one.first(MAX_WAITING, 0, SLOT, copy(0))
    assert.deepEqual([one.size, one.counters.refused], [MAX_WAITING, 1])
    assert.equal(one.due(LONGEST).length, MAX_WAITING)
    one.first(MAX_WAITING, LONGEST, SLOT, copy(0))
    assert.deepEqual([one.size, one.counters.refused], [MAX_WAITING, 1])
    assert.deepEqual(one.due(2 * LONGEST), [MAX_WAITING])
  })

  it('is bounded, forgets by itself, and never misses what is due', () => {
    const call = fc.record({
      isFirst: fc.boolean(),
      key: fc.nat(2 * MAX_WAITING),
      pause: fc.integer({ min: 0, max: 300 }),
      sender: fc.option(fc.nat(3), { nil: undefined }),
      sequence: fc.nat(2),
      coverage: fc.option(fc.record({ uncovered: fc.nat(3), ahead: fc.nat(60), isLossy: fc.boolean() }), {
        nil: undefined,
      }),
    })
    fc.assert(
      fc.property(fc.array(call, { maxLength: 800 }), (calls) => {
        let now = 0
        let around: Coverage | undefined
        const one = rule(() => around)
        for (const { isFirst, key, pause, sender, sequence, coverage } of calls) {
          now += pause / 20
          around = coverage
          if (isFirst) one.first(key, now, SLOT, copy(sender, sequence))
          else one.again(key, now, copy(sender, sequence))
          assert.ok(one.size <= MAX_WAITING)
          if (one.nextDue <= now) one.due(now)
          assert.ok(one.nextDue > now)
        }
        const relayed = one.due(now + LONGEST)
        assert.equal(new Set(relayed).size, relayed.length)
        one.due(now + 4 * LONGEST)
        assert.deepEqual(one.due(now + 8 * LONGEST), [])
        one.due(now + 12 * LONGEST)
        assert.deepEqual([one.size, one.nextDue], [0, Number.POSITIVE_INFINITY])
      }),
      { numRuns: 50 },
    )
  })
})
