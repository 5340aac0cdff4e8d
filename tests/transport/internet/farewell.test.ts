import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { seededRandom } from '../../../src/runtime/random.ts'
import { VirtualClock } from '../../../src/sim/clock.ts'
import { RecordingHost } from '../../../src/testing/recording-host.ts'
import { farewellTimes, type LeavingLink, sayFarewell } from '../../../src/transport/internet/farewell.ts'
import { ANY_PORT, makeTcp, newIdentity } from './tcp-bench.ts'

const LIMIT = { timeout: 30_000 }

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** A link that only notes when it is told what. */
class NotingLink implements LeavingLink {
  isClosed = false
  readonly latencyMs = 10
  goodbyeAt: number | undefined
  retiredAt: number | undefined
  readonly #clock: VirtualClock

  constructor(clock: VirtualClock) {
    this.#clock = clock
  }

  sayGoodbye(): void {
    this.goodbyeAt = this.#clock.monotonic()
  }

  retire(): void {
    this.retiredAt = this.#clock.monotonic()
    this.isClosed = true
  }
}

function farewellTo(count: number, withinMs: number) {
  const clock = new VirtualClock()
  const links = Array.from({ length: count }, () => new NotingLink(clock))
  const end = new AbortController()
  const random = seededRandom('farewell')
  const done = sayFarewell(links, { withinMs, clock, random, signal: end.signal })
  let isDone = false
  void done.then(() => {
    isDone = true
  })
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) {
      clock.advance(1)
      await turn()
    }
  }
  return { clock, links, end, until, done, isDone: () => isDone }
}

describe('the times of a farewell', () => {
  it('ascend, fill the time there is and no more, and are never two by two', () => {
    const [count, within] = [fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 0, max: 20_000 })]
    fc.assert(
      fc.property(count, within, fc.string(), (links, withinMs, seed) => {
        const times = farewellTimes(links, withinMs, seededRandom(seed))
        assert.equal(times.length, links)
        const eachMs = Math.min(2.5, (withinMs * 0.75) / links)
        for (const [index, time] of times.entries()) {
          assert.ok(time >= index * eachMs && time <= (index + 1) * eachMs, `${index}: ${time}`)
        }
      }),
    )
  })

  it('are a quarter of a second for 100 neighbours, and 2.5 s for 1,000 if there is so much', () => {
    const last = (count: number, withinMs: number) =>
      farewellTimes(count, withinMs, seededRandom('last')).at(-1) ?? 0
    assert.ok(last(100, 5000) > 245 && last(100, 5000) <= 250)
    assert.ok(last(1000, 5000) > 2490 && last(1000, 5000) <= 2500)
    assert.ok(last(1000, 1000) > 745 && last(1000, 1000) <= 750)
    assert.equal(last(1000, 0), 0)
  })
})

describe('a farewell', () => {
  it('tells all neighbours at once and lets them go one after another, in any order', async () => {
    const { clock, links, until, isDone } = farewellTo(400, 5000)
    assert.ok(links.every(({ goodbyeAt }) => goodbyeAt === 0))
    await until(() => clock.monotonic() >= 520)
    const early = links.filter(({ retiredAt }) => retiredAt !== undefined).length
    assert.ok(early > 190 && early < 210, `${early} of 400 after half of the time`)
    await until(isDone)
    const times = links.map(({ retiredAt = Number.NaN }) => retiredAt)
    assert.ok(Math.min(...times) >= 20, 'before all can have heard of it')
    assert.ok(Math.max(...times) <= 1030, `${Math.max(...times)}`)
    assert.notDeepEqual(
      times,
      times.toSorted((a, b) => a - b),
    )
    const perTick = Map.groupBy(times, Math.floor)
    assert.ok(Math.max(...perTick.values().map((each) => each.length)) <= 3, 'too many at a time')
  })

  it('ends at its signal, and spares links that have closed by themselves', async () => {
    const { clock, links, end, until, isDone } = farewellTo(100, 5000)
    for (const link of links.slice(0, 50)) link.isClosed = true
    await until(() => clock.monotonic() >= 100)
    end.abort()
    await until(isDone)
    assert.ok(clock.monotonic() < 110)
    assert.ok(links.slice(0, 50).every(({ retiredAt }) => retiredAt === undefined))
    assert.ok(links.some(({ isClosed }) => !isClosed))
  })
})

describe('a node with neighbours over TCP that stops', () => {
  it('says so before it goes, and loses no frame', LIMIT, async (test) => {
    const NEIGHBOURS = 20
    const FRAMES = 50
    const stopping = makeTcp(newIdentity('stopping'), { listen: [ANY_PORT] })
    const host = new RecordingHost(test.signal)
    await stopping.start(host)
    const neighbours = Array.from({ length: NEIGHBOURS }, (_, index) => {
      const transport = makeTcp(newIdentity(`neighbour ${index}`), { peers: stopping.listenAddresses })
      return { transport, host: new RecordingHost(test.signal) }
    })
    test.after(() => Promise.all(neighbours.map(({ transport }) => transport.stop(AbortSignal.abort()))))
    await Promise.all(neighbours.map((neighbour) => neighbour.transport.start(neighbour.host)))
    await host.until('all are linked', () => host.links.length === NEIGHBOURS)
    await Promise.all(neighbours.map((neighbour) => neighbour.host.link()))

    const accepted = new Map(host.links.map((link) => [link, 0]))
    const load = (): void => {
      for (const [link, count] of accepted) {
        if (count < FRAMES && link.send(Buffer.alloc(1000, 0x11), 2)) accepted.set(link, count + 1)
      }
    }
    const stopped = stopping.stop(new AbortController().signal, 5000)
    for (let round = 0; round < FRAMES; round++) {
      load()
      await turn()
    }
    await stopped

    const given = [...accepted.values()].reduce((sum, count) => sum + count, 0)
    const back = host.downs.reduce((sum, { unsent }) => sum + unsent.length, 0)
    const arrived = neighbours.reduce((sum, neighbour) => sum + neighbour.host.frames.length, 0)
    assert.equal(back, 0)
    assert.equal(arrived, given)
    assert.ok(given >= NEIGHBOURS)
    for (const neighbour of neighbours) {
      await neighbour.host.until('it is gone', () => neighbour.host.downs.length === 1)
      assert.equal(neighbour.host.ups[0]?.isLeaving, true)
    }
    assert.equal(host.links.length, 0)
  })
})
