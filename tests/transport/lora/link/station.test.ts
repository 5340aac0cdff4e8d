/** The whole link: two or more nodes on one air. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { seededRandom } from '../../../../src/runtime/random.ts'
import { MAX_PACKET_BYTES } from '../../../../src/transport/lora/link/packet.ts'
import type { Priority } from '../../../../src/wire/frame.ts'
import { type BenchNode, hexOf, LinkBench, likeness, lostSilently } from './bench.ts'

const HOUR_MS = 3_600_000
const networkKey = new Uint8Array(32).fill(9)

type Pair = readonly [BenchNode, BenchNode]

function pair(bench: LinkBench, options = {}): Pair {
  const [a, b] = bench.nodes(['alice', 'bob'], options)
  assert.ok(a?.to(b as BenchNode) !== undefined && b?.to(a) !== undefined, 'they have met')
  return [a, b]
}

/** Frames that came, without announces. */
function messages({ host }: BenchNode): string[] {
  return host.frames.filter((frame) => frame[0] === 0x12).map(hexOf)
}

describe('two nodes on the air', () => {
  for (const options of [{}, { networkKey }]) {
    const how = 'networkKey' in options ? 'with a key' : 'without a key'

    it(`meet by their announces and exchange frames of every length, once each, ${how}`, () => {
      const bench = new LinkBench()
      const [a, b] = pair(bench, options)
      const sizes = [0, 1, 60, 150, 180, 190, 200, 210, 500, 3000, 12_000]
      const frames = sizes.map((size) => bench.frame(a, b, size))
      const back = sizes.map((size) => bench.frame(b, a, size))
      for (const frame of frames) assert.ok(a.send(b, frame))
      for (const frame of back) assert.ok(b.send(a, frame))
      bench.clock.advance(HOUR_MS)
      assert.deepEqual(messages(b).sort(), frames.map(hexOf).sort())
      assert.deepEqual(messages(a).sort(), back.map(hexOf).sort())
      for (const node of [a, b]) {
        assert.equal(node.transport.station.queuedBytes, 0)
        assert.deepEqual([...node.transport.counters.errors], [])
        assert.equal(node.transport.station.counters.retransmissions, 0)
      }
      assert.ok(bench.air.log.every(({ packet }) => packet.length <= MAX_PACKET_BYTES))
    })
  }

  it('need 34 bytes at most for a body of 16, modem and all, once they have spoken', () => {
    const bench = new LinkBench()
    const [a, b] = pair(bench)
    a.send(b, bench.frame(a, b))
    bench.clock.advance(10_000)
    const { length } = bench.air.log
    a.send(b, bench.frame(a, b))
    bench.clock.advance(10_000)
    assert.equal(messages(b).length, 2)
    const [data, ack] = bench.air.log.slice(length)
    assert.ok((data?.packet.length ?? 99) + 1 <= 34, `${data?.packet.length}`)
    assert.ok((ack?.packet.length ?? 99) + 1 <= 14, `${ack?.packet.length}`)
    assert.equal(bench.air.log.length, length + 2)
  })

  it('put frames that wait into one packet, and the acknowledgement into what goes the other way', () => {
    const bench = new LinkBench()
    const [a, b] = pair(bench)
    const { length } = bench.air.log
    b.host.onFrame = () => b.send(a, bench.frame(b, a))
    for (let n = 0; n < 3; n++) a.send(b, bench.frame(a, b))
    bench.clock.advance(10_000)
    assert.deepEqual([messages(a).length, messages(b).length], [3, 3])
    assert.equal(bench.air.log.length - length, 3)
  })

  it('that speak at the same moment understand each other', () => {
    const bench = new LinkBench()
    const [a, b] = pair(bench)
    for (let n = 0; n < 30; n++) {
      for (const [from, to] of [
        [a, b],
        [b, a],
      ] as const)
        from.send(to, bench.frame(from, to, 30 * n))
      bench.clock.advance(n % 3 === 0 ? 10_000 : 0)
    }
    bench.clock.advance(HOUR_MS)
    // Some may come twice, where the answer met the question coming again.
    assert.deepEqual([new Set(messages(a)).size, new Set(messages(b)).size], [30, 30])
  })

  it('carry what is urgent before what waits', () => {
    const bench = new LinkBench()
    const [a, b] = pair(bench)
    for (let n = 0; n < 20; n++) a.send(b, bench.frame(a, b, 180, 3), 3)
    bench.clock.advance(10)
    const urgent = bench.frame(a, b, 20, 1)
    a.send(b, urgent, 1)
    bench.clock.advance(HOUR_MS)
    assert.equal(messages(b).length, 21)
    assert.ok(messages(b).indexOf(hexOf(urgent)) < 15)
  })

  it('lose nothing where packets are lost, whichever and however many, and deliver nothing else', () => {
    const frames = fc.array(
      fc.record({
        who: fc.nat(1),
        size: fc.oneof(fc.nat(60), fc.nat(200), fc.nat(2500)),
        priority: fc.integer({ min: 0, max: 3 }) as fc.Arbitrary<Priority>,
        gapMs: fc.oneof(fc.constant(0), fc.nat(20_000)),
      }),
      { maxLength: 15, size: 'max' },
    )
    let [delivered, back] = [0, 0]
    fc.assert(
      fc.property(
        frames,
        fc.double({ min: 0, max: 0.9, noNaN: true }),
        fc.nat(),
        fc.boolean(),
        (list, p, seed, isKeyed) => {
          const random = seededRandom(`loss ${seed}`)
          const bench = new LinkBench(seed, { isLost: () => random.float() < p })
          const nodes = pair(bench, isKeyed ? { networkKey } : {})
          for (const { who, size, priority, gapMs } of list) {
            const [from, to] = [nodes[who], nodes[1 - who]] as [BenchNode, BenchNode]
            if (from.to(to) === undefined) from.announce()
            from.send(to, bench.frame(from, to, size, priority), priority)
            bench.clock.advance(gapMs)
            for (const { transport, modem } of nodes) {
              assert.ok(transport.station.queuedBytes <= 65_536 && modem.heldPackets <= 24)
            }
          }
          bench.clock.advance(24 * HOUR_MS)
          for (const who of [0, 1]) {
            const [from, to] = [nodes[who], nodes[1 - who]] as [BenchNode, BenchNode]
            assert.deepEqual(lostSilently(from, [to]), [])
            const sent = new Set(from.accepted.map(({ frame }) => likeness(frame)))
            for (const frame of to.host.frames) {
              assert.ok(frame[0] !== 0x12 || sent.has(likeness(frame)), 'a frame that nobody sent')
            }
            assert.equal(from.transport.station.queuedBytes, 0)
            delivered += new Set(messages(to)).size
            back += from.host.downs.flatMap(({ unsent }) => unsent).length
          }
        },
      ),
      { numRuns: 60 },
    )
    assert.ok(delivered > 100 && back > 0, `${delivered} delivered, ${back} given back`)
  })

  it('bring a kilobyte through 20 % and bursts of loss with little more airtime than without', () => {
    const airtime = (p: number): number => {
      const random = seededRandom('loss')
      const bench = new LinkBench('kilobyte', { isLost: () => random.float() < p })
      const [a, b] = pair(bench)
      const before = bench.air.airtimeMs
      for (let n = 0; n < 100; n++) {
        a.send(b, bench.frame(a, b, 1000, 2))
        bench.clock.advance(60_000)
      }
      assert.equal(new Set(messages(b)).size, 100)
      return bench.air.airtimeMs - before
    }
    const ratio = airtime(0.2) / airtime(0)
    assert.ok(ratio < 1.6, `${ratio.toFixed(2)} times`)
  })
})
