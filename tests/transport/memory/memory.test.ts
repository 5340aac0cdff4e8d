import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import { defaultProvider } from '../../../src/crypto/provider/select.ts'
import type { Address } from '../../../src/identity/address.ts'
import { Identity } from '../../../src/identity/identity.ts'
import { MeshError } from '../../../src/runtime/errors.ts'
import { silentLogger } from '../../../src/runtime/logger.ts'
import { seededRandom } from '../../../src/runtime/random.ts'
import { VirtualClock } from '../../../src/sim/clock.ts'
import { RecordingHost } from '../../../src/testing/recording-host.ts'
import { memory } from '../../../src/transport/memory/memory.ts'
import { MemoryNetwork } from '../../../src/transport/memory/network.ts'
import type { Link, Transport } from '../../../src/transport/transport.ts'

interface Node {
  readonly address: Address
  readonly transport: Transport
  readonly host: RecordingHost
}

class Bench {
  readonly clock = new VirtualClock()
  readonly network = new MemoryNetwork(this.clock)
  readonly #test: TestContext

  constructor(test: TestContext) {
    this.#test = test
  }

  node(label: string): Node {
    const random = seededRandom(label)
    const identity = Identity.generate(random)
    const { clock } = this
    const components = { identity, crypto: defaultProvider(), clock, random, logger: silentLogger }
    const transport = memory({ network: this.network })(components)
    return { address: identity.address, transport, host: new RecordingHost(this.#test.signal) }
  }
}

/** A network of two nodes, both started. */
async function openPair(test: TestContext) {
  const bench = new Bench(test)
  const [a, b] = [bench.node('a'), bench.node('b')]
  await a.transport.start(a.host)
  await b.transport.start(b.host)
  return { clock: bench.clock, network: bench.network, a, b }
}

function onlyLink({ host }: Node): Link {
  assert.equal(host.links.length, 1)
  return host.links[0] as Link
}

describe('a network in memory', () => {
  it('delivers a frame after the time that its rate and latency say, to the millisecond', async (test) => {
    const { clock, network, a, b } = await openPair(test)
    network.connect(a.address, b.address, { latencyMs: 40, bitsPerSecond: 8000 })
    clock.advance(0)
    const link = onlyLink(a)
    assert.deepEqual([link.latencyMs, link.profile.bitsPerSecond], [40, 8000])
    link.send(new Uint8Array(100), 2)
    link.send(new Uint8Array(50), 2)
    clock.advance(139)
    assert.equal(b.host.frames.length, 0)
    clock.advance(1)
    assert.equal(b.host.frames.length, 1)
    clock.advance(49)
    assert.equal(b.host.frames.length, 1)
    clock.advance(1)
    assert.equal(b.host.frames.length, 2)
  })

  it('lets an urgent frame overtake those that still wait for a slow line', async (test) => {
    const { clock, network, a, b } = await openPair(test)
    network.connect(a.address, b.address, { bitsPerSecond: 8000 })
    clock.advance(0)
    for (let n = 0; n < 5; n++) onlyLink(a).send(new Uint8Array(100).fill(n), 3)
    clock.advance(150)
    onlyLink(a).send(Uint8Array.of(99), 0)
    clock.advance(10_000)
    assert.deepEqual(
      b.host.frames.map(([first]) => first),
      [0, 1, 99, 2, 3, 4],
    )
  })

  it('gives the receiver a copy of the frame', async (test) => {
    const { clock, network, a, b } = await openPair(test)
    network.connect(a.address, b.address)
    clock.advance(0)
    const frame = Buffer.from('hello')
    b.host.onFrame = (_, arrived) => assert.notEqual(arrived.buffer, frame.buffer)
    onlyLink(a).send(frame, 2)
    clock.advance(10)
    assert.equal(Buffer.from(b.host.frames[0] as Uint8Array).toString(), 'hello')
  })

  it('gives back what is under way and what waits when a cable is removed', async (test) => {
    const { clock, network, a, b } = await openPair(test)
    network.connect(a.address, b.address, { latencyMs: 1000, bitsPerSecond: 8000 })
    clock.advance(0)
    const frames = Array.from({ length: 5 }, (_, n) => new Uint8Array(100).fill(n))
    for (const frame of frames) onlyLink(a).send(frame, 2)
    clock.advance(150)
    const [linkA, linkB] = [onlyLink(a), onlyLink(b)]
    network.disconnect(b.address, a.address)
    clock.advance(5000)
    assert.deepEqual(a.host.downs, [{ link: linkA, reason: 'disconnected', unsent: frames }])
    assert.deepEqual(b.host.downs, [{ link: linkB, reason: 'disconnected', unsent: [] }])
    assert.equal(b.host.frames.length, 0)
  })

  it('delivers what left before one end closed, and only then takes the other end down', async (test) => {
    const { clock, network, a, b } = await openPair(test)
    network.connect(a.address, b.address, { latencyMs: 100, bitsPerSecond: Number.POSITIVE_INFINITY })
    clock.advance(0)
    onlyLink(a).send(Uint8Array.of(1), 2)
    clock.advance(50)
    onlyLink(a).close('enough')
    clock.advance(49)
    assert.equal(b.host.calls, 1)
    clock.advance(1)
    assert.equal(b.host.frames.length, 1)
    clock.advance(100)
    assert.equal(b.host.downs[0]?.reason, 'closed_by_neighbour')
  })

  it('connects nodes that join later, and again when one comes back', async (test) => {
    const bench = new Bench(test)
    const { clock, network } = bench
    const [a, b] = [bench.node('a'), bench.node('b')]
    network.connect(a.address, b.address)
    await a.transport.start(a.host)
    clock.advance(10)
    assert.equal(a.host.calls, 0)
    await b.transport.start(b.host)
    clock.advance(10)
    onlyLink(a)
    await b.transport.stop(AbortSignal.abort())
    clock.advance(10)
    assert.deepEqual(a.host.links, [])
    await b.transport.start(b.host)
    clock.advance(10)
    onlyLink(a)
    onlyLink(b)
  })

  it('replaces a cable by one with other figures', async (test) => {
    const { clock, network, a, b } = await openPair(test)
    network.connect(a.address, b.address, { latencyMs: 1 })
    clock.advance(10)
    network.connect(b.address, a.address, { latencyMs: 7, mtu: 300 })
    clock.advance(10)
    assert.deepEqual([onlyLink(a).latencyMs, onlyLink(b).profile.mtu], [7, 300])
    assert.equal(onlyLink(b).direction, 'outbound')
  })

  it('holds no more for a neighbour that does not read than its window and the queue', async (test) => {
    const { clock, network, a, b } = await openPair(test)
    network.connect(a.address, b.address, { bitsPerSecond: Number.POSITIVE_INFINITY })
    clock.advance(0)
    onlyLink(b).pause()
    let accepted = 0
    for (let n = 0; n < 1000; n++) {
      while (onlyLink(a).send(new Uint8Array(10_000), 3)) accepted += 10_000
      clock.advance(10)
    }
    assert.ok(accepted < 6_000_000, `${accepted} bytes`)
    onlyLink(b).resume()
    clock.advance(1000)
    assert.equal(b.host.frames.length * 10_000, accepted)
  })

  it('refuses cables that make no sense', (test) => {
    const bench = new Bench(test)
    const [a, b] = [bench.node('a').address, bench.node('b').address]
    for (const connect of [
      () => bench.network.connect(a, a),
      () => bench.network.connect(a, b, { latencyMs: -1 }),
      () => bench.network.connect(a, b, { bitsPerSecond: 0 }),
      () => bench.network.connect(a, b, { mtu: Number.NaN }),
    ]) {
      assert.throws(connect, (error) => error instanceof MeshError && error.code === 'ERR_USAGE')
    }
  })

  it('runs the same way twice', async (test) => {
    const run = async (): Promise<unknown[]> => {
      const { clock, network, a, b } = await openPair(test)
      network.connect(a.address, b.address, { latencyMs: 3.7, bitsPerSecond: 123_456 })
      clock.advance(0)
      const random = seededRandom('traffic')
      const log: unknown[] = []
      b.host.onFrame = (_, frame) => log.push([clock.monotonic(), frame.length])
      for (let n = 0; n < 200; n++) {
        clock.advance(random.below(20))
        onlyLink(a).send(new Uint8Array(1 + random.below(500)), 2)
      }
      clock.advance(10_000)
      return log
    }
    const log = await run()
    assert.equal(log.length, 200)
    assert.deepEqual(await run(), log)
  })

  it('delivers every accepted frame or gives it back, however the link ends', async (test) => {
    const step = fc.record({
      end: fc.constantFrom<'a' | 'b'>('a', 'b'),
      what: fc.constantFrom('send', 'send', 'send', 'pause', 'resume'),
      waitMs: fc.integer({ min: 0, max: 30 }),
    })
    const cable = fc.record({
      latencyMs: fc.integer({ min: 0, max: 50 }),
      bitsPerSecond: fc.integer({ min: 8000, max: 1e7 }),
    })
    const ends = fc.constantFrom('cable removed', 'a closes', 'b closes')
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), cable, ends, async (steps, profile, how) => {
        const { clock, network, a, b } = await openPair(test)
        network.connect(a.address, b.address, profile)
        clock.advance(0)
        const links = { a: onlyLink(a), b: onlyLink(b) }
        const accepted = { a: 0, b: 0 }
        const play = ({ end, what, waitMs }: (typeof steps)[number]): void => {
          if (what === 'pause') links[end].pause()
          else if (what === 'resume') links[end].resume()
          else if (links[end].send(Uint8Array.of(0x11, accepted[end]), 2)) accepted[end] += 1
          clock.advance(waitMs)
        }
        for (const each of steps) play(each)
        if (how === 'cable removed') network.disconnect(a.address, b.address)
        else links[how === 'a closes' ? 'a' : 'b'].close('enough')
        links.a.resume()
        links.b.resume()
        for (const each of steps) play({ ...each, what: 'send' })
        clock.advance(10_000)
        for (const [end, from, to] of [
          ['a', a, b],
          ['b', b, a],
        ] as const) {
          const numbers = [...to.host.frames, ...(from.host.downs[0]?.unsent ?? [])].map(
            ([, number]) => number,
          )
          assert.deepEqual(
            numbers,
            Array.from({ length: accepted[end] }, (_, n) => n),
          )
        }
      }),
    )
  })
})
