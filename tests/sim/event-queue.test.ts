import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { EventQueue, GRAIN_MS, type SimEvent } from '../../src/sim/event-queue.ts'

class Probe implements SimEvent {
  isDead = false
  readonly owner: number
  readonly number: number
  readonly #log: Probe[]
  readonly #task: (() => void) | undefined
  firedAt: number | undefined

  constructor(log: Probe[], owner: number, task?: () => void) {
    this.owner = owner
    this.number = log.length
    this.#log = log
    this.#task = task
  }

  fire(): void {
    this.#log.push(this)
    this.#task?.()
  }
}

function onGrain(ms: number): number {
  return Math.ceil(ms / GRAIN_MS) * GRAIN_MS
}

describe('the event queue', () => {
  it('fires everything that lives, once, by time, and for each node in the order it was set', () => {
    const event = fc.record({ at: fc.nat(15), owner: fc.nat(4), dies: fc.boolean() })
    fc.assert(
      fc.property(fc.array(event, { maxLength: 200, size: 'max' }), fc.integer(), (given, seed) => {
        const queue = new EventQueue(seed)
        const log: Probe[] = []
        const set = given.map(({ at, owner, dies }, number) => {
          const probe = new Probe(log, owner)
          queue.push(probe, at / 7)
          return { probe, number, dies, at: onGrain(at / 7), owner }
        })
        for (const { probe, dies } of set) {
          if (!dies) continue
          probe.isDead = true
          queue.noteDead()
        }
        queue.runUntil(100)
        const places = new Map(set.map((entry) => [entry.probe, entry]))
        const fired = log.map((probe) => places.get(probe) as (typeof set)[number])
        assert.equal(fired.length, given.filter(({ dies }) => !dies).length)
        for (let i = 1; i < fired.length; i++) {
          const [before, after] = [fired[i - 1], fired[i]] as [(typeof set)[number], (typeof set)[number]]
          assert.ok(before.at <= after.at)
          if (before.at === after.at && before.owner === after.owner) assert.ok(before.number < after.number)
        }
        assert.equal(queue.size, 0)
      }),
    )
  })

  it('keeps its order when thousands of cancelled events are thrown out of its midst', () => {
    const queue = new EventQueue(7)
    const log: Probe[] = []
    const probes = Array.from({ length: 20_000 }, (_, number) => new Probe(log, number % 10))
    probes.forEach((probe, number) => {
      queue.push(probe, (number * 7919) % 1000)
    })
    probes.forEach((probe, number) => {
      if (number % 10 < 8) {
        probe.isDead = true
        queue.noteDead()
      }
    })
    assert.ok(queue.size < 10_000, 'the dead have been thrown out')
    const times: number[] = []
    for (let at = queue.nextAt; Number.isFinite(at); at = queue.nextAt) {
      queue.runUntil(at)
      times.push(queue.now)
    }
    assert.equal(log.length, 4000)
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    )
  })

  it('draws the order between nodes at one moment anew for each seed, the same for the same', () => {
    const orderOf = (seed: number): string => {
      const queue = new EventQueue(seed)
      const log: Probe[] = []
      for (let owner = 0; owner < 10; owner++) queue.push(new Probe(log, owner), 5)
      queue.runUntil(5)
      return log.map(({ owner }) => owner).join()
    }
    assert.equal(orderOf(1), orderOf(1))
    const orders = new Set(Array.from({ length: 20 }, (_, seed) => orderOf(seed)))
    assert.ok(orders.size > 15, `${orders.size} orders in 20 seeds`)
  })

  it('fires what is deferred after all that is due, and before time moves on', () => {
    const queue = new EventQueue(1)
    const log: Probe[] = []
    const late = new Probe(log, 0)
    const first = new Probe(log, 0, () => queue.defer(late))
    const second = new Probe(log, 3)
    const next = new Probe(log, 0)
    queue.push(next, 1.5)
    queue.push(first, 1)
    queue.push(second, 1)
    queue.runUntil(1)
    assert.deepEqual(new Set(log.slice(0, 2)), new Set([first, second]))
    assert.equal(log[2], late)
    queue.runUntil(2)
    assert.equal(log[3], next)
    assert.equal(queue.now, 1.5)
  })

  it('moves on however short a delay is', () => {
    const queue = new EventQueue(1)
    queue.now = 2 ** 40
    queue.push(new Probe([], 0), 2 ** 40 + 2 ** -12)
    assert.ok(queue.nextAt > queue.now)
  })
})
