/** Nobody waits for ever: neighbours that are gone, channels that are full, and many that want an answer. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeAck, encodePacket, MAX_PACKET_BYTES } from '../../../../src/transport/lora/link/packet.ts'
import { checksum } from '../../../../src/transport/lora/link/tag.ts'
import { type BenchNode, hexOf, LinkBench } from './bench.ts'

function messages({ host }: BenchNode): string[] {
  return host.frames.filter((frame) => frame[0] === 0x12).map(hexOf)
}

describe('patience', () => {
  it('with a neighbour that is gone ends also where something urgent comes each second', () => {
    const bench = new LinkBench('dead')
    const [a, b] = bench.nodes(['alice', 'bob']) as [BenchNode, BenchNode]
    a.send(b, bench.frame(a, b))
    bench.clock.advance(10_000)
    bench.air.isLost = () => true
    for (let n = 0; n < 600 && a.host.downs.length === 0; n++) {
      a.send(b, bench.frame(a, b, 16, 1), 1)
      bench.clock.advance(1000)
    }
    assert.equal(a.host.downs.length, 1)
    assert.equal(a.host.downs[0]?.unsent.length, a.accepted.length - 1)
    assert.ok(a.transport.station.counters.packetsSent < 60, 'most of it was never tried')
  })

  it('with an answer ends where somebody else speaks all the time', () => {
    const bench = new LinkBench('full')
    const nodes = bench.nodes(['alice', 'bob', 'carol'], { queueBytes: 2_000_000 })
    const [a, b, c] = nodes as [BenchNode, BenchNode, BenchNode]
    for (let n = 0; n < 1000; n++) c.send(b, bench.frame(c, b, 180, 3), 3)
    bench.clock.advance(20_000)
    let lost = 0
    bench.air.isLost = (from, to) => from === a.modem && to === b.modem && lost++ === 0
    const frame = hexOf(bench.frame(a, b, 16, 1))
    a.send(b, Uint8Array.from(Buffer.from(frame, 'hex')), 1)
    bench.clock.advance(60_000)
    assert.ok(messages(b).includes(frame))
    assert.ok(c.transport.station.queuedBytes > 0)
  })

  it('is not needed by many that want an answer at once: each packet takes as many as fit', () => {
    const bench = new LinkBench('many')
    const nodes = bench.nodes(Array.from({ length: 50 }, (_, n) => `n${n}`))
    const [hub, ...others] = nodes as [BenchNode, ...BenchNode[]]
    for (const other of others) assert.ok(other.send(hub, bench.frame(other, hub)))
    for (const neighbour of hub.transport.station.roster.all) hub.transport.station.polled(neighbour)
    bench.clock.advance(60_000)
    assert.ok(bench.air.log.every(({ packet }) => packet.length <= MAX_PACKET_BYTES))
    assert.equal(new Set(messages(hub)).size, others.length)
  })

  it('of the receiver is not overtaxed: long frames for it are not all begun at once', () => {
    const bench = new LinkBench('crossing')
    const [a, b] = bench.nodes(['alice', 'bob']) as [BenchNode, BenchNode]
    for (let n = 0; n < 60; n++) {
      for (const [from, to] of [
        [a, b],
        [b, a],
      ] as const) {
        from.send(to, bench.frame(from, to, 260 + 5 * n, 3), 3)
      }
    }
    bench.clock.advance(3_600_000)
    for (const node of [a, b]) {
      assert.equal(messages(node).length, 60)
      assert.equal(node.transport.station.counters.retransmissions, 0)
    }
  })

  it('does not mistake an acknowledgement of another life for one of what was just sent', () => {
    const bench = new LinkBench('another life')
    const [a, b] = bench.nodes(['alice', 'bob']) as [BenchNode, BenchNode]
    bench.air.isLost = () => true
    assert.ok(a.send(b, bench.frame(a, b)))
    bench.clock.advance(1000)
    const sent = bench.air.log.at(-1)?.packet ?? new Uint8Array(5)
    const newest = (((sent[3] as number) << 8) | (sent[4] as number)) + 20
    const ack = encodeAck({ to: a.id, newest, used: [0xffffffff, 0xffffffff], done: [] })
    const head = { keyed: false, more: false, urgent: false, sender: b.id, isLong: true, counter: 40_000_000 }
    const packet = encodePacket(head, [ack], checksum.bytes)
    checksum.seal(packet, head.counter)
    a.transport.received(packet, undefined)
    assert.ok(a.transport.station.queuedBytes > 0)
    bench.air.isLost = () => false
    bench.clock.advance(20_000)
    assert.equal(messages(b).length, 1)
  })
})
