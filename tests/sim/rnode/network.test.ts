/** Several modems on one air. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Clock, Timer } from '../../../src/runtime/clock.ts'
import { type Random, seededRandom } from '../../../src/runtime/random.ts'
import { VirtualClock } from '../../../src/sim/clock.ts'
import { logDistance } from '../../../src/sim/radio/propagation.ts'
import { FollowingClock } from '../../../src/sim/rnode/following-clock.ts'
import { EmulatedAir } from '../../../src/sim/rnode/network.ts'
import { burstyLoss } from '../../../src/sim/rnode/reach.ts'
import { encodeKiss, KissDecoder } from '../../../src/transport/lora/rnode/kiss.ts'
import { BRING_UP, packetOf, RNodeBench } from './bench.ts'

const FRAMES = 2000

/** The share of single-frame packets that b gets from a. */
function deliveredShare(bench: RNodeBench): { share: number; runs: number[] } {
  const [a, b] = [bench.radio('a'), bench.radio('b')]
  for (let n = 0; n < FRAMES; n++) {
    a.send(Uint8Array.of(n >> 8, n & 0xff))
    if (n % 50 === 49) bench.clock.advance(10_000)
  }
  const got = new Set(b.packets.map(({ bytes }) => ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)))
  const runs: number[] = []
  let run = 0
  for (let n = 0; n <= FRAMES; n++) {
    if (n < FRAMES && !got.has(n)) run += 1
    else if (run > 0) {
      runs.push(run)
      run = 0
    }
  }
  return { share: got.size / FRAMES, runs }
}

describe('an air of emulated modems', () => {
  it('lets everybody hear everybody, or who is next in line, or who is told', () => {
    const heardBy = (reach: ConstructorParameters<typeof EmulatedAir>[0]['reach']): string => {
      const bench = new RNodeBench(reach === undefined ? {} : { reach })
      const hosts = ['a', 'b', 'c', 'd'].map((name) => bench.radio(name))
      hosts[1]?.send(packetOf(5))
      bench.clock.advance(3000)
      return hosts
        .filter(({ packets }) => packets.length > 0)
        .map(({ modem }) => modem.name)
        .join('')
    }
    assert.equal(heardBy(undefined), 'acd')
    assert.equal(heardBy('full'), 'acd')
    assert.equal(heardBy('line'), 'ac')
    assert.equal(heardBy([{ from: 'd', to: 'b' }]), 'd')
    assert.equal(heardBy([{ from: 'd', to: 'b', oneWay: true }]), '')
    assert.equal(heardBy([]), '')
    assert.equal(heardBy([{ from: 'b', to: 'c', dBm: -140 }]), '', 'too weak to be read')
  })

  it('lets them hear each other by where they stand', () => {
    const bench = new RNodeBench({ reach: 'positions', pathLoss: logDistance() })
    const a = bench.radio('a')
    const near = bench.radio('near', { position: { x: 50, y: 0 } })
    const far = bench.radio('far', { position: { x: 5000, y: 0 } })
    a.send(packetOf(5))
    bench.clock.advance(2000)
    assert.deepEqual([near.packets.length, far.packets.length], [1, 0])
    far.modem.moveTo({ x: 40, y: 0 })
    a.send(packetOf(5))
    bench.clock.advance(2000)
    assert.equal(far.packets.length, 1)
  })

  it('is silence to a modem whose radio is off, and which keeps its packets', () => {
    const bench = new RNodeBench()
    const [a, b] = [bench.radio('a'), bench.radio('b')]
    b.ask('c00600c0')
    a.send(packetOf(5))
    b.send(packetOf(5))
    bench.clock.advance(5000)
    assert.deepEqual([b.packets.length, b.of(0x23).length, a.packets.length], [0, 0, 0])
    b.ask('c00601c0')
    bench.clock.advance(5000)
    assert.deepEqual([a.packets.length, b.packets.length], [1, 0])
  })

  it('can be changed at any time', () => {
    const bench = new RNodeBench()
    const [a, b] = [bench.radio('a'), bench.radio('b')]
    const sendOne = (): number => {
      a.send(packetOf(5))
      bench.clock.advance(2000)
      return b.packets.length
    }
    assert.equal(sendOne(), 1)
    bench.air.setPath('a', 'b', undefined)
    assert.equal(sendOne(), 1)
    bench.air.setReach('full')
    assert.equal(sendOne(), 2)
    bench.air.setLoss(1)
    assert.equal(sendOne(), 2)
    bench.air.setPath('a', 'b', { loss: 0 })
    assert.equal(sendOne(), 3)
  })

  it('loses the share that it was told, one by one', () => {
    const { share, runs } = deliveredShare(new RNodeBench({ loss: 0.2 }))
    assert.ok(Math.abs(share - 0.8) < 0.03, `${share}`)
    const mean = runs.reduce((a, b) => a + b, 0) / runs.length
    assert.ok(mean < 1.4, `${mean} in a row`)
  })

  it('loses the share that it was told, in bursts', () => {
    const { share, runs } = deliveredShare(new RNodeBench({ loss: burstyLoss(0.4) }))
    assert.ok(Math.abs(share - 0.6) < 0.06, `${share}`)
    const mean = runs.reduce((a, b) => a + b, 0) / runs.length
    assert.ok(mean > 3 && mean < 5, `${mean} in a row`)
  })

  it('lets hidden modems collide at the one between them', () => {
    const bench = new RNodeBench({ reach: 'line' })
    const [left, middle, right] = ['left', 'middle', 'right'].map((name) => bench.radio(name))
    for (let n = 0; n < 10; n++) {
      left?.send(packetOf(200, n))
      right?.send(packetOf(200, n))
      bench.clock.advance(10_000)
    }
    assert.ok((middle?.packets.length ?? 20) < 5)
    assert.ok(bench.air.counters.collisions >= 16)
    assert.ok(bench.air.log.some(({ outcomes }) => outcomes[0]?.fate === 'collided'))
  })

  it('lets the stronger of two survive', () => {
    const reach = [
      { from: 'near', to: 'middle', dBm: -80 },
      { from: 'far', to: 'middle', dBm: -100 },
    ]
    const bench = new RNodeBench({ reach })
    const [near, middle, far] = ['near', 'middle', 'far'].map((name) => bench.radio(name))
    for (let n = 0; n < 10; n++) {
      near?.send(packetOf(200, 1))
      far?.send(packetOf(200, 2))
      bench.clock.advance(10_000)
    }
    assert.equal(middle?.packets.filter(({ bytes }) => bytes[0] === 1).length, 10)
  })

  it('keeps modems on other settings apart', () => {
    const bench = new RNodeBench()
    const [a, b] = [bench.radio('a'), bench.radio('b', { sf: 9 })]
    a.send(packetOf(5))
    bench.clock.advance(2000)
    assert.equal(b.packets.length, 0)
    b.ask('c00408c0')
    a.send(packetOf(5))
    bench.clock.advance(2000)
    assert.equal(b.packets.length, 1)
  })

  it('carries raw frames between modems in promiscuous mode, cut to 255 bytes', () => {
    const bench = new RNodeBench()
    const [a, b, c] = [bench.radio('a'), bench.radio('b'), bench.radio('c')]
    a.ask('c00e01c0')
    b.ask('c00e01c0')
    a.send(packetOf(300, 0x10))
    bench.clock.advance(2000)
    assert.deepEqual(b.packets[0]?.bytes, packetOf(255, 0x10))
    assert.deepEqual(c.packets[0]?.bytes, packetOf(255, 0x10).subarray(1), 'the others take a header off')
    c.send(packetOf(20))
    bench.clock.advance(2000)
    assert.equal(b.packets[1]?.bytes.length, 21)
  })

  it('takes no time at all where it is told so', () => {
    const bench = new RNodeBench({ airtimeScale: 0 })
    const [a, b] = [bench.radio('a'), bench.radio('b')]
    for (let n = 0; n < 20; n++) {
      const before = bench.clock.monotonic()
      a.send(packetOf(400, n))
      bench.clock.advance(0)
      assert.deepEqual([b.packets.length, b.packets[n]?.at], [n + 1, before])
    }
    assert.ok(a.modem.radioCounters.airtimeMs > 20_000, 'it is counted all the same')
    assert.equal(a.of(0x28).length, 0)
  })

  it('takes its time by the scale that it is told', () => {
    const bench = new RNodeBench({ airtimeScale: 0.1 })
    const [a, b] = [bench.radio('a'), bench.radio('b')]
    a.send(packetOf(254))
    bench.clock.advance(40)
    assert.equal(b.packets.length, 0)
    bench.clock.advance(80)
    assert.equal(b.packets.length, 1)
  })

  it('refuses names that are taken or unusable, and boards that there are not', () => {
    const { air } = new RNodeBench()
    air.modem({ name: 'a' })
    assert.throws(() => air.modem({ name: 'a' }), { code: 'ERR_USAGE', message: /"a" is taken/ })
    for (const name of ['', 'a b', '1-2', 'x'.repeat(33)]) {
      assert.throws(() => air.modem({ name }), { code: 'ERR_USAGE' })
    }
    assert.throws(() => air.modem({ name: 'b', platform: 'avr', chip: 'sx126x' }), { code: 'ERR_USAGE' })
    assert.throws(() => air.modem({ name: 'c', firmware: 'new' }), { code: 'ERR_USAGE' })
  })

  it('keeps only the latest of its log', () => {
    const bench = new RNodeBench({ airtimeScale: 0 })
    const a = bench.radio('a')
    for (let n = 0; n < 1100; n++) {
      a.send(packetOf(1))
      bench.clock.advance(1)
    }
    assert.equal(bench.air.log.length, 1000)
  })

  it('accounts for every frame at every modem that notices it', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.integer({ min: 2, max: 5 }), (seed, count) => {
        const { hosts, air } = crowd(`account ${seed}`, count)
        const heard = { received: 0, collided: 0, deaf: 0, lost: 0, cut: 0, weak: 0 }
        for (const { outcomes } of air.log) for (const { fate } of outcomes) heard[fate] += 1
        const { transmissions, receptions, collisions, deaf, lost } = air.counters
        assert.equal(air.log.length, transmissions)
        assert.deepEqual(
          [heard.received, heard.collided, heard.deaf, heard.lost],
          [receptions, collisions, deaf, lost],
        )
        assert.equal(heard.received + heard.collided + heard.deaf + heard.lost, transmissions * (count - 1))
        for (const { modem } of hosts) {
          const own = air.log.filter((event) => event.modem === modem.name)
          const sum = own.reduce((ms, event) => ms + event.airtimeMs, 0)
          assert.ok(Math.abs(sum - modem.radioCounters.airtimeMs) < 1e-6)
          for (const [index, { at }] of own.entries()) {
            const before = own[index - 1]
            assert.ok(
              before === undefined || at >= before.at + before.airtimeMs - 1e-6,
              'it sends one at a time',
            )
          }
        }
      }),
      { numRuns: 15 },
    )
  })

  it('goes the same way for the same seed, and another for another', () => {
    const trace = (seed: string): string => {
      const { air, hosts } = crowd(seed, 4)
      const events = air.log.map(({ at, modem, outcomes }) => `${at} ${modem} ${JSON.stringify(outcomes)}`)
      return [...events, ...hosts.map((host) => host.take())].join('\n')
    }
    assert.equal(trace('one'), trace('one'))
    assert.notEqual(trace('one'), trace('two'))
  })
})

/** A busy minute among some modems, with losses. */
function crowd(seed: string, count: number) {
  const bench = new RNodeBench({ loss: 0.1 }, seed)
  const hosts = Array.from({ length: count }, (_, n) => bench.radio(`m${n}`))
  const traffic = seededRandom(`${seed} traffic`)
  for (let ms = 0; ms < 60_000; ms += 500) {
    if (traffic.below(3) === 0) hosts[traffic.below(count)]?.send(packetOf(1 + traffic.below(507)))
    bench.clock.advance(500)
  }
  bench.clock.advance(60_000)
  return { air: bench.air, hosts }
}

/** A clock whose timers are late, as those of a busy machine are. */
class LateClock implements Clock {
  readonly inner = new VirtualClock()
  readonly #random: Random
  readonly #mostMs: number

  constructor(random: Random, mostMs: number) {
    this.#random = random
    this.#mostMs = mostMs
  }

  now(): number {
    return this.inner.now()
  }

  monotonic(): number {
    return this.inner.monotonic()
  }

  setTimer(delayMs: number, task: () => void): Timer {
    // Node cuts fractions off, so that a timer may even be early.
    return this.inner.setTimer(Math.floor(delayMs) + this.#random.float() * this.#mostMs, task)
  }

  defer(task: () => void): void {
    this.inner.defer(task)
  }
}

describe('an air on a clock whose timers are late', () => {
  for (const lateMs of [3, 40]) {
    it(`has the same collisions as on an exact one (${lateMs} ms)`, () => {
      const run = (clock: Clock, advance: (ms: number) => void) => {
        const air = new EmulatedAir({ clock, random: seededRandom('late') })
        const ends = ['a', 'b', 'c'].map((name) => {
          const packets: number[] = []
          const decoder = new KissDecoder((command, args) => {
            if (command === 0) packets.push(args.length)
          })
          const end = air
            .modem({ name })
            .connect({ bytes: (data) => decoder.push(data), closed: () => undefined })
          end.write(BRING_UP)
          return { end, packets }
        })
        advance(10)
        for (let n = 0; n < 10; n++) {
          for (const { end } of ends) end.write(encodeKiss(0, packetOf(20 + n)))
          advance(5000)
        }
        return { fates: air.log.map(({ outcomes }) => outcomes.map(({ fate }) => fate)), ends, air }
      }
      const exact = new VirtualClock()
      const wanted = run(exact, (ms) => exact.advance(ms))
      const late = new LateClock(seededRandom('lateness'), lateMs)
      const got = run(late, (ms) => late.inner.advance(ms))
      assert.deepEqual(got.fates, wanted.fates)
      assert.deepEqual(
        got.ends.map(({ packets }) => packets),
        wanted.ends.map(({ packets }) => packets),
      )
      assert.deepEqual(
        got.air.log.map(({ at, airtimeMs }) => Math.round(at * 1000 + airtimeMs)),
        wanted.air.log.map(({ at, airtimeMs }) => Math.round(at * 1000 + airtimeMs)),
      )
    })
  }

  it('runs its tasks in order, each at its own time, and never before it', () => {
    const late = new LateClock(seededRandom('order'), 30)
    const clock = new FollowingClock(late)
    const random = seededRandom('tasks')
    const ran: number[] = []
    for (let n = 0; n < 200; n++) {
      const due = 0.5 + random.float() * 1000
      clock.setTimer(due, () => {
        assert.ok(Math.abs(clock.monotonic() - due) < 1e-9)
        assert.ok(late.monotonic() >= due - 1e-9)
        ran.push(due)
        if (n % 10 === 0) clock.setTimer(0.25, () => ran.push(due + 0.25))
      })
    }
    const cancelled = clock.setTimer(5, () => assert.fail('it was cancelled'))
    cancelled.cancel()
    clock.defer(() => ran.push(0))
    late.inner.advance(2000)
    assert.equal(ran.length, 221)
    assert.deepEqual(
      ran,
      ran.toSorted((a, b) => a - b),
    )
    assert.ok(Math.abs(clock.monotonic() - 2000) < 1e-9)
  })
})
