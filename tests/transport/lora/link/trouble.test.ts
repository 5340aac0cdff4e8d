/** What goes wrong on the air: restarts, unplugged modems, neighbours that go and come, strangers. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { seededRandom } from '../../../../src/runtime/random.ts'
import {
  BlockType,
  decodeBlocks,
  decodeHead,
  encodePacket,
} from '../../../../src/transport/lora/link/packet.ts'
import { checksum, keyedTag } from '../../../../src/transport/lora/link/tag.ts'
import { identityOf } from '../../../support/frames.ts'
import { type BenchNode, hexOf, LinkBench, lostSilently } from './bench.ts'

const HOUR_MS = 3_600_000
const ignore = (): void => undefined
const deaf = { up: ignore, down: ignore, received: ignore, room: ignore }
const networkKey = new Uint8Array(32).fill(9)
const keys = [{}, { networkKey }]

function pair(bench: LinkBench, options = {}): [BenchNode, BenchNode] {
  return bench.nodes(['alice', 'bob'], options) as [BenchNode, BenchNode]
}

function messages({ host }: BenchNode): string[] {
  return host.frames.filter((frame) => frame[0] === 0x12).map(hexOf)
}

describe('a node that was started anew', () => {
  for (const options of keys) {
    const how = 'networkKey' in options ? 'with a key' : 'without a key'

    for (const downMs of [5000, 600_000, 10 * HOUR_MS]) {
      it(`is understood, and understands, after ${downMs / 1000} s, ${how}`, async () => {
        const bench = new LinkBench(downMs)
        const [a, b] = pair(bench, options)
        for (const size of [16, 16, 500]) {
          a.send(b, bench.frame(a, b, size))
          b.send(a, bench.frame(b, a, size))
          bench.clock.advance(10_000)
        }
        await b.transport.stop(AbortSignal.abort())
        b.modem.stop()
        bench.clock.advance(downMs)
        a.announce() // an old announce would introduce nobody
        bench.clock.advance(5000)
        const anew = bench.node('bob', options)
        bench.meet([anew, a])
        assert.ok(a.to(anew) !== undefined && anew.to(a) !== undefined)
        const [before, sent] = [messages(a).length, [16, 500, 16, 700]]
        for (const size of sent) {
          assert.ok(a.send(anew, bench.frame(a, anew, size)))
          assert.ok(anew.send(a, bench.frame(anew, a, size)))
          bench.clock.advance(10_000)
        }
        bench.clock.advance(HOUR_MS)
        assert.equal(messages(anew).length, sent.length)
        assert.equal(messages(a).length, before + sent.length)
        assert.deepEqual(lostSilently(a, [b, anew]), [])
      })
    }
  }

  it('is sent whole again what it does not understand in short, be it one packet or several', () => {
    for (const size of [16, 600]) {
      const bench = new LinkBench(size)
      const [a, b] = pair(bench)
      for (let n = 0; n < 2; n++) {
        a.send(b, bench.frame(a, b, 16))
        bench.clock.advance(10_000)
      }
      b.modem.unplug(100) // it forgets its neighbours and their headers
      bench.clock.advance(200)
      bench.meet([a, b])
      a.send(b, bench.frame(a, b, size))
      bench.clock.advance(60_000)
      assert.equal(b.errors('unknown_context'), 1)
      assert.equal(messages(b).length, 3)
      assert.deepEqual(lostSilently(a, [b]), [])
    }
  })
})

describe('a neighbour', () => {
  it('that does not answer is given up in time, with all that was for it, and met again when it is back', () => {
    const bench = new LinkBench()
    const [a, b] = pair(bench)
    const frames = [16, 16, 800].map((size) => bench.frame(a, b, size))
    a.send(b, bench.frame(a, b, 16))
    bench.clock.advance(10_000)
    bench.air.isLost = () => true
    for (const frame of frames) assert.ok(a.send(b, frame))
    bench.clock.advance(300_000)
    assert.deepEqual(
      a.host.downs.map(({ reason, unsent }) => [reason, unsent.map(hexOf)]),
      [['does not answer', frames.map(hexOf)]],
    )
    assert.equal(a.transport.station.queuedBytes, 0)
    bench.air.isLost = () => false
    b.announce()
    bench.clock.advance(5000)
    assert.ok(a.send(b, bench.frame(a, b, 16)))
    bench.clock.advance(10_000)
    assert.equal(messages(b).length, 2)
  })

  it('that is heard but never hears is left alone for a while, even when it announces itself', () => {
    const bench = new LinkBench('deaf')
    const [a, b] = [bench.node('alice'), bench.node('bob')]
    bench.air.isLost = (from) => from === a.modem
    bench.meet([a, b])
    assert.ok(a.send(b, bench.frame(a, b)))
    bench.clock.advance(280_000)
    assert.equal(a.to(b), undefined)
    b.announce()
    bench.clock.advance(5000)
    assert.equal(a.to(b), undefined)
    bench.clock.advance(300_000)
    b.announce()
    bench.clock.advance(5000)
    assert.ok(a.to(b) !== undefined)
  })

  it('that the node has closed is gone at once, with what waited', () => {
    const bench = new LinkBench()
    const [a, b] = pair(bench)
    const frame = bench.frame(a, b)
    a.send(b, frame)
    a.to(b)?.close('enough')
    bench.clock.advance(1)
    assert.deepEqual(
      a.host.downs.map(({ reason, unsent }) => [reason, unsent.map(hexOf)]),
      [['enough', [hexOf(frame)]]],
    )
  })

  it('whose node takes nothing for a while is sent again what it could not keep', () => {
    const bench = new LinkBench()
    const [a, b] = pair(bench)
    b.to(a)?.pause()
    for (let n = 0; n < 30; n++) a.send(b, bench.frame(a, b, n % 10 === 9 ? 400 : 30))
    bench.clock.advance(20_000)
    assert.equal(messages(b).length, 0)
    assert.ok(b.errors('paused') > 0)
    b.to(a)?.resume()
    bench.clock.advance(120_000)
    assert.equal(new Set(messages(b)).size, 30)
    assert.deepEqual(lostSilently(a, [b]), [])
    assert.equal(a.transport.station.queuedBytes, 0)
  })
})

describe('three nodes', () => {
  it('carry what each has for each other, also where two do not hear each other', () => {
    for (const hidden of [false, true]) {
      const bench = new LinkBench(`three ${hidden}`)
      const nodes = bench.nodes(['alice', 'bob', 'carol']) as [BenchNode, BenchNode, BenchNode]
      const [a, , c] = nodes
      if (hidden) {
        bench.air.isLost = (from, to) =>
          (from === a.modem && to === c.modem) || (from === c.modem && to === a.modem)
      }
      let reachable = 0
      for (let n = 0; n < 12; n++) {
        for (const from of nodes) {
          for (const to of nodes) {
            if (from === to || (hidden && from !== nodes[1] && to !== nodes[1])) continue
            if (from.send(to, bench.frame(from, to, 40 * n))) reachable += 1
          }
        }
        bench.clock.advance(n % 4 === 0 ? 5000 : 0)
      }
      bench.clock.advance(HOUR_MS)
      assert.equal(reachable, hidden ? 48 : 72)
      assert.equal(
        nodes.reduce((sum, node) => sum + new Set(messages(node)).size, 0),
        reachable,
      )
      for (const node of nodes) assert.deepEqual(lostSilently(node, nodes), [])
    }
  })

  it('of which two go by one id come to go by two', () => {
    const bench = new LinkBench('clash')
    const [one, other] = namesakes()
    const watcher = bench.node('carol')
    const [a, b] = [bench.node(one), bench.node(other)]
    assert.equal(a.id, b.id)
    for (let n = 0; n < 4; n++) {
      bench.meet([a, b, watcher])
      bench.clock.advance(60_000)
    }
    assert.notEqual(a.id, b.id)
    for (const node of [a, b]) {
      assert.ok(watcher.send(node, bench.frame(watcher, node)))
      bench.clock.advance(10_000)
      assert.equal(messages(node).length, 1)
    }
  })
})

describe('a modem', () => {
  it('that is unplugged at any moment loses nothing silently', () => {
    const cut = fc.record({
      who: fc.nat(1),
      afterMs: fc.nat(9000),
      forMs: fc.integer({ min: 1, max: 30_000 }),
    })
    fc.assert(
      fc.property(
        fc.array(cut, { minLength: 1, maxLength: 6 }),
        fc.nat(),
        fc.boolean(),
        (cuts, seed, isKeyed) => {
          const random = seededRandom(`cut ${seed}`)
          const bench = new LinkBench(seed)
          const nodes = pair(bench, isKeyed ? { networkKey } : {})
          const [a, b] = nodes
          for (const { who, afterMs, forMs } of cuts) {
            for (let n = 0; n < 4; n++) {
              a.send(b, bench.frame(a, b, random.below(600)))
              b.send(a, bench.frame(b, a, random.below(600)))
            }
            bench.clock.advance(afterMs)
            const { modem } = nodes[who] as BenchNode
            if (modem.isUp) modem.unplug(forMs)
            bench.clock.advance(forMs + random.below(3000))
            for (const node of nodes) node.announce()
            bench.clock.advance(random.below(5000))
          }
          bench.clock.advance(2 * HOUR_MS)
          assert.deepEqual([lostSilently(a, [b]), lostSilently(b, [a])], [[], []])
          for (const { transport } of nodes) assert.equal(transport.station.queuedBytes, 0)
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('without a key', () => {
  it('whoever makes up senders is answered with few questions and gets no memory', () => {
    const bench = new LinkBench('strangers')
    const [a] = pair(bench)
    const forger = bench.air.modem('forger')
    forger.start(deaf)
    bench.clock.advance(1)
    const { length } = bench.air.log
    for (let n = 0; n < 600; n++) {
      const head = { keyed: false, more: false, urgent: false, sender: n * 97, isLong: false, counter: n }
      const packet = encodePacket(head, [{ type: BlockType.cast, flags: 0, content: new Uint8Array(1) }], 2)
      checksum.seal(packet, n)
      forger.send(packet)
      bench.clock.advance(1000)
    }
    const answers = bench.air.log.slice(length).filter(({ from }) => from === a.modem)
    assert.ok(answers.length <= 80, `${answers.length} packets in ten minutes`)
    assert.equal(a.errors('stranger'), 600)
    assert.equal(a.transport.station.roster.size, 1)
  })
})

describe('with a key', () => {
  it('outsiders change nothing: their packets are counted and neither answered nor remembered', () => {
    const bench = new LinkBench('outsiders')
    const [a, b] = pair(bench, { networkKey })
    const others = [bench.node('mallory'), bench.node('trudy', { networkKey: new Uint8Array(32).fill(8) })]
    const { length } = bench.air.log
    for (let n = 0; n < 5; n++) {
      bench.meet(others)
      a.send(b, bench.frame(a, b))
      bench.clock.advance(10_000)
    }
    assert.equal(messages(b).length, 5)
    assert.equal(bench.air.log.slice(length).filter(({ from }) => from === b.modem).length, 5)
    assert.equal(a.transport.station.roster.size, 1)
    assert.ok(a.errors('other_network') >= 5 && a.errors('bad_tag') >= 5)
  })

  it('what was recorded changes nothing, under whatever id and in whatever order it comes again', () => {
    const bench = new LinkBench('replay')
    const nodes = bench.nodes(['alice', 'bob', 'carol'], { networkKey }) as [BenchNode, BenchNode, BenchNode]
    const [a, b, c] = nodes
    for (const [from, to] of [
      [a, b],
      [b, a],
      [c, b],
    ] as const) {
      from.send(to, bench.frame(from, to, 300))
      bench.clock.advance(20_000)
    }
    c.to(b)?.close('away')
    c.to(a)?.close('away')
    for (const node of [a, b]) node.to(c)?.close('away')
    bench.clock.advance(10_000)
    const recorded = bench.air.log.map(({ packet }) => packet)
    const recorder = bench.air.modem('recorder')
    recorder.start(deaf)
    bench.clock.advance(1)
    const [before, ids] = [nodes.map(({ host }) => host.calls), nodes.map(({ id }) => id)]
    const { length } = bench.air.log
    const random = seededRandom('replay order')
    for (let n = 0; n < 3 * recorded.length; n++) {
      recorder.send(recorded[n < recorded.length ? n : random.below(recorded.length)] as Uint8Array)
      bench.clock.advance(2000)
    }
    assert.deepEqual(
      nodes.map(({ host }) => host.calls),
      before,
    )
    assert.deepEqual(
      nodes.map(({ id }) => id),
      ids,
    )
    assert.deepEqual([...new Set(bench.air.log.slice(length).map(({ from }) => from.port))], ['recorder'])
    a.send(b, bench.frame(a, b))
    bench.clock.advance(10_000)
    assert.equal(new Set(messages(b)).size, 3)
  })

  it('a changed byte anywhere makes a packet useless', () => {
    const bench = new LinkBench('changed')
    const [a, b] = pair(bench, { networkKey })
    bench.air.isLost = () => true
    a.send(b, bench.frame(a, b))
    bench.clock.advance(1500)
    const packet = bench.air.log.at(-1)?.packet as Uint8Array
    const calls = b.host.calls
    for (let bit = 0; bit < 8 * packet.length; bit++) {
      const changed = packet.slice()
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
      b.transport.received(changed, undefined)
    }
    assert.equal(b.host.calls, calls)
    b.transport.received(packet, undefined)
    assert.equal(b.host.calls, calls + 1)
  })

  it('newcomers are told whole counters with every announce and question', () => {
    const bench = new LinkBench('newcomer')
    pair(bench, { networkKey })
    for (const { packet } of bench.air.log) {
      const head = decodeHead(packet)
      assert.ok(head?.keyed)
      const blocks = decodeBlocks(packet, head, packet.length - keyedTag(networkKey).bytes) ?? []
      if (blocks.some(({ type }) => type >= BlockType.cast)) assert.ok(head.isLong)
    }
  })
})

function namesakes(): [string, string] {
  const seen = new Map<string, string>()
  for (let n = 0; ; n++) {
    const name = `namesake ${n}`
    const id = hexOf(identityOf(name).address.bytes.subarray(0, 2))
    const other = seen.get(id)
    if (other !== undefined) return [other, name]
    seen.set(id, name)
  }
}
