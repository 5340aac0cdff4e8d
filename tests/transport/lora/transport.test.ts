/**
 * What of `transportCompliance` a LoRa transport can be asked: it has no far end that accepts or refuses, and its
 * neighbours come and go by what is heard of them.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Link } from '../../../src/transport/transport.ts'
import type { Priority } from '../../../src/wire/frame.ts'
import { announceBy, identityOf } from '../../support/frames.ts'
import { type BenchNode, hexOf, LinkBench, lostSilently } from './link/bench.ts'

const HOUR_MS = 3_600_000

function pair(bench: LinkBench, options = {}): [BenchNode, BenchNode] {
  return bench.nodes(['alice', 'bob'], options) as [BenchNode, BenchNode]
}

function linkOf(from: BenchNode, to: BenchNode): Link {
  const link = from.to(to)
  assert.ok(link !== undefined)
  return link
}

const messages = ({ host }: BenchNode): Uint8Array[] => host.frames.filter((frame) => frame[0] === 0x12)

describe('a LoRa radio as a Transport', () => {
  it('brings up a link to everybody first, and one to each neighbour that it gets to know', () => {
    const bench = new LinkBench()
    const a = bench.node('alice')
    assert.equal(a.host.links.length, 1)
    const { medium } = a
    assert.deepEqual(
      [medium.neighbour, medium.profile.broadcast, medium.remote, medium.transport],
      [undefined, true, 'alice', 'lora'],
    )
    const b = bench.node('bob')
    bench.meet([b])
    const link = linkOf(a, b)
    assert.equal(a.host.links.length, 2)
    assert.equal(link.medium, medium)
    assert.equal(link.profile.broadcast, false)
    assert.ok(link.profile.mtu > 10_000 && link.profile.bitsPerSecond === 3125)
    assert.ok(link.latencyMs > 100 && link.latencyMs < 1000)
    assert.equal(link.loss, 0)
  })

  it('calls nobody from within start, and says on which port it listens', () => {
    const bench = new LinkBench()
    const node = bench.node('alice')
    assert.deepEqual(node.transport.listenAddresses, ['/lora/alice'])
    assert.deepEqual(node.transport.targets, [{ address: 'alice', state: 'connected' }])
    assert.equal(node.transport.problem, undefined)
    node.modem.unplug(1000)
    bench.clock.advance(1)
    assert.deepEqual(node.transport.targets, [
      { address: 'alice', state: 'connecting', lastError: 'unplugged' },
    ])
    assert.equal(node.transport.problem, 'unplugged')
  })

  it('starts once', async () => {
    const bench = new LinkBench()
    const { transport, host } = bench.node('alice')
    await assert.rejects(transport.start(host), { code: 'ERR_LIFECYCLE' })
  })

  it('counts what was sent once the neighbour has it, and what was received', () => {
    const bench = new LinkBench()
    const [a, b] = pair(bench)
    const [sent, received] = [{ ...a.transport.counters }, { ...b.transport.counters }]
    const frames = [10, 500].map((size) => bench.frame(a, b, size))
    for (const frame of frames) a.send(b, frame)
    bench.clock.advance(1)
    assert.equal(a.transport.counters.framesSent, sent.framesSent)
    bench.clock.advance(30_000)
    const bytes = frames.reduce((sum, { length }) => sum + length, 0)
    assert.equal(a.transport.counters.framesSent, sent.framesSent + 2)
    assert.equal(a.transport.counters.bytesSent, sent.bytesSent + bytes)
    assert.equal(b.transport.counters.framesReceived, received.framesReceived + 2)
    assert.equal(b.transport.counters.bytesReceived, received.bytesReceived + bytes)
  })

  it('carries frames up to its mtu and takes none that is empty or longer', () => {
    const bench = new LinkBench()
    const [a, b] = pair(bench)
    const link = linkOf(a, b)
    const { mtu } = link.profile
    assert.equal(link.send(new Uint8Array(0), 2), false)
    assert.equal(link.send(new Uint8Array(mtu + 1).fill(0x15), 2), false)
    assert.equal(a.errors('unsendable'), 2)
    const longest = bench.frame(a, b, mtu - 48)
    assert.equal(longest.length, mtu)
    assert.ok(a.send(b, longest))
    bench.clock.advance(HOUR_MS)
    assert.deepEqual(messages(b).map(hexOf), [hexOf(longest)])
    const cast = new Uint8Array(a.medium.profile.mtu).fill(0x15)
    assert.ok(a.medium.send(cast, 2))
    assert.equal(a.medium.send(new Uint8Array(cast.length + 1), 2), false)
    bench.clock.advance(60_000)
    assert.deepEqual(b.host.frames.at(-1), cast)
  })

  it('keeps to what one transmission may last, by shorter packets, or says that it cannot', () => {
    const bench = new LinkBench('dwell')
    const [a, b] = pair(bench, { maxAirtimeUs: 400_000 })
    a.send(b, bench.frame(a, b, 1000))
    bench.clock.advance(60_000)
    assert.equal(messages(b).length, 1)
    assert.ok(bench.air.log.every(({ packet }) => packet.length < 160))
    assert.throws(() => bench.node('carol', { maxAirtimeUs: 200_000 }), { code: 'ERR_CONFIG' })
  })

  it('that is congested by what is for another neighbour says when there is room again, too', () => {
    const bench = new LinkBench()
    const [a, b, c] = bench.nodes(['alice', 'bob', 'carol'], { queueBytes: 4000 }) as [
      BenchNode,
      BenchNode,
      BenchNode,
    ]
    const link = linkOf(a, c)
    while (linkOf(a, b).queuedBytes < 3000) a.send(b, bench.frame(a, b, 152, 3), 3)
    assert.ok(link.congested && link.queuedBytes === 0)
    bench.clock.advance(HOUR_MS)
    // Both links: that to bob as well.
    assert.ok(!link.congested && a.host.drains === 2)
  })

  it('refuses frames when its queue is full, and says when there is room again', () => {
    const bench = new LinkBench()
    const [a, b] = pair(bench, { queueBytes: 4000 })
    const link = linkOf(a, b)
    let accepted = 0
    while (a.send(b, bench.frame(a, b, 152, 3), 3)) accepted += 1
    assert.equal(accepted, 20)
    assert.ok(link.congested && link.queuedBytes === 4000 && a.host.drains === 0)
    while (a.host.drains === 0) bench.clock.advance(100)
    assert.ok(!link.congested && link.queuedBytes < 1000)
    bench.clock.advance(HOUR_MS)
    assert.equal(a.host.drains, 1)
    assert.equal(messages(b).length, accepted)
    assert.equal(link.queuedBytes, 0)
  })

  it('sends urgent frames before those that wait', () => {
    const bench = new LinkBench()
    const [a, b] = pair(bench)
    const order = ([3, 2, 1, 0] as Priority[]).map((priority) => {
      const frame = bench.frame(a, b, 170, priority)
      assert.ok(a.send(b, frame, priority))
      return hexOf(frame)
    })
    bench.clock.advance(60_000)
    assert.deepEqual(messages(b).map(hexOf), order.reverse())
  })

  it('knows which envelopes still wait for a neighbour, whatever their attempt', () => {
    const bench = new LinkBench()
    const [a, b] = pair(bench)
    const frame = bench.frame(a, b)
    a.send(b, frame)
    const again = frame.slice()
    again[again.length - 1] = 3
    assert.equal(linkOf(a, b).holds?.(again), true)
    assert.equal(a.medium.holds?.(again), false)
    assert.equal(linkOf(a, b).holds?.(bench.frame(a, b)), false)
    bench.clock.advance(10_000)
    assert.equal(linkOf(a, b).holds?.(again), false)
  })

  it('delivers nothing while paused, and what it kept when resumed, never from within resume', () => {
    const bench = new LinkBench()
    const [a, b] = pair(bench)
    const link = linkOf(b, a)
    link.pause()
    for (let n = 0; n < 5; n++) a.send(b, bench.frame(a, b))
    bench.clock.advance(20_000)
    assert.equal(messages(b).length, 0)
    b.host.onFrame = () => {
      if (messages(b).length === 2) link.pause()
    }
    link.resume()
    assert.equal(messages(b).length, 0)
    bench.clock.advance(1)
    assert.equal(messages(b).length, 2)
    link.resume()
    bench.clock.advance(1)
    assert.equal(messages(b).length, 5)
  })

  it('gives back what everybody should have heard and did not, and comes up again', () => {
    const bench = new LinkBench()
    const [a, b] = pair(bench)
    const { medium } = a
    const [announce, frame] = [announceBy(identityOf('dave')), bench.frame(a, b)]
    medium.send(announce, 0)
    a.send(b, frame)
    medium.close('enough')
    medium.close('again')
    assert.equal(a.host.downs.length, 0, 'linkDown was called from within close')
    assert.equal(medium.send(announce, 0), false)
    bench.clock.advance(1)
    assert.deepEqual(
      a.host.downs.map(({ link, reason, unsent }) => [link === medium, reason, unsent]),
      [
        [false, 'enough', [frame]],
        [true, 'enough', [announce]],
      ],
    )
    bench.clock.advance(6000)
    assert.ok(a.medium !== medium && a.medium.send(announce, 0))
    bench.clock.advance(5000)
    assert.deepEqual(b.host.frames.at(-1), announce)
  })

  it('keeps what its modem does not take', () => {
    const bench = new LinkBench()
    const [a, b] = pair(bench)
    const send = a.modem.send.bind(a.modem)
    a.modem.send = () => false
    a.send(b, bench.frame(a, b))
    bench.clock.advance(10_000)
    a.modem.send = send
    a.announce()
    bench.clock.advance(10_000)
    assert.equal(messages(b).length, 1)
    assert.equal(linkOf(a, b).queuedBytes, 0)
  })

  it('goes down with its modem, gives everything back, and comes up with it', () => {
    const bench = new LinkBench()
    const [a, b] = pair(bench)
    for (const size of [10, 400, 10]) a.send(b, bench.frame(a, b, size))
    bench.clock.advance(10)
    a.modem.unplug(20_000)
    bench.clock.advance(1)
    assert.equal(a.host.links.length, 0)
    assert.deepEqual(lostSilently(a, [b]), [])
    assert.equal(a.host.downs.flatMap(({ unsent }) => unsent).length, 3)
    bench.clock.advance(20_000)
    assert.equal(a.host.links.length, 1)
    b.announce()
    bench.clock.advance(5000)
    assert.ok(a.send(b, bench.frame(a, b)))
  })

  it('sends what is queued before it stops, and is silent then', async () => {
    const bench = new LinkBench()
    const [a, b] = pair(bench)
    for (let n = 0; n < 5; n++) a.send(b, bench.frame(a, b, 100))
    const stopped = a.transport.stop(new AbortController().signal)
    await bench.clock.advanceAsync(60_000)
    await stopped
    assert.equal(messages(b).length, 5)
    assert.ok(a.host.downs.length === 2 && a.host.downs.every(({ unsent }) => unsent.length === 0))
    const [{ calls }, { length }] = [a.host, bench.air.log]
    b.announce()
    await a.transport.stop(AbortSignal.abort())
    await bench.clock.advanceAsync(60_000)
    assert.equal(a.host.calls, calls)
    assert.ok(bench.air.log.slice(length).every(({ from }) => from === b.modem))
    assert.deepEqual(a.transport.listenAddresses, [])
  })

  it('stops at once when told so, also when it was just closed, and gives back what waits', async () => {
    for (const isClosed of [false, true]) {
      const bench = new LinkBench()
      const [a, b] = pair(bench)
      const frame = bench.frame(a, b)
      a.send(b, frame)
      if (isClosed) linkOf(a, b).close('enough')
      await a.transport.stop(AbortSignal.abort())
      assert.deepEqual(
        a.host.downs.flatMap(({ unsent }) => unsent),
        [frame],
      )
      bench.clock.advance(60_000)
      assert.deepEqual([a.host.downs.length, a.host.links.length], [2, 0])
    }
  })

  it('sends nothing before the law allows, nothing that cannot be written down, and then what has waited', () => {
    const bench = new LinkBench('law')
    const [allowed, charged] = [{ at: 0, isWritable: true }, [] as number[]]
    const account = {
      earliest: (now: number): number => Math.max(now, allowed.at),
      charge: (_now: number, us: number): boolean => {
        if (allowed.isWritable) charged.push(us)
        return allowed.isWritable
      },
    }
    const [a, b] = pair(bench, { account })
    allowed.at = bench.clock.monotonic() + 100_000
    a.send(b, bench.frame(a, b))
    const { length } = bench.air.log
    bench.clock.advance(99_000)
    assert.equal(bench.air.log.length, length)
    allowed.isWritable = false
    bench.clock.advance(20_000)
    assert.equal(bench.air.log.length, length)
    allowed.isWritable = true
    bench.clock.advance(10_000)
    assert.equal(messages(b).length, 1)
    assert.equal(charged.length, bench.air.log.length)
    assert.ok(Math.abs(charged.reduce((a, b) => a + b) / 1000 - bench.air.airtimeMs) < 1)
  })

  it('drops what has expired while it waited, counts it, and sends what has not', () => {
    const bench = new LinkBench('expiry')
    const allowed = { at: 0 }
    const account = { earliest: (now: number) => Math.max(now, allowed.at), charge: () => true }
    const [a, b] = pair(bench, { account })
    allowed.at = bench.clock.monotonic() + 60_000
    const frames = [10, 100_000, 20, 100_000].map((lifetime) => bench.frame(a, b, 16, 2, lifetime))
    for (const frame of frames) a.send(b, frame)
    bench.clock.advance(120_000)
    assert.deepEqual(
      messages(b).map(hexOf),
      [frames[1], frames[3]].map((frame) => hexOf(frame as Uint8Array)),
    )
    assert.equal(a.errors('expired_in_queue'), 2)
    assert.equal(a.transport.station.queuedBytes, 0)
  })

  it('is the same run for the same seed, and another for another', () => {
    const run = (seed: string): string => {
      const bench = new LinkBench(seed)
      const [a, b] = pair(bench)
      for (let n = 0; n < 10; n++) {
        a.send(b, bench.frame(a, b, 40 * n))
        b.send(a, bench.frame(b, a, 40 * n))
        bench.clock.advance(500)
      }
      bench.clock.advance(60_000)
      return bench.air.log.map(({ at, packet }) => `${at} ${hexOf(packet)}`).join('\n')
    }
    assert.equal(run('one'), run('one'))
    assert.notEqual(run('one'), run('two'))
  })
})
