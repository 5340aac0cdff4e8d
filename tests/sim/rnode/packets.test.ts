/** What becomes of packets between the line and the air: the queue, the halves, and their putting together. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { newPacketQueueCounters, PacketQueue } from '../../../src/sim/rnode/packet-queue.ts'
import { framesOf, Reassembly } from '../../../src/sim/rnode/split.ts'
import { hex, packetOf, RNodeBench } from './bench.ts'

function queueOf(bytes: number, packets: number): PacketQueue {
  return new PacketQueue(bytes, packets, newPacketQueueCounters())
}

function put(queue: PacketQueue, packet: Uint8Array): void {
  for (const byte of packet) queue.push(byte)
  queue.endPacket()
}

describe('the queue of a modem', () => {
  it('holds so many bytes and drops what does not fit without a word', () => {
    const queue = queueOf(6144, 200)
    for (let n = 0; n < 13; n++) put(queue, packetOf(500, n))
    assert.deepEqual([queue.packets, queue.bytes, queue.isFull], [12, 6144, true])
    assert.deepEqual(queue.counters, { queued: 12, overflows: 1, unsendable: 0 })
  })

  it('holds so many packets', () => {
    const queue = queueOf(5120, 24)
    for (let n = 0; n < 30; n++) put(queue, packetOf(10, n))
    assert.deepEqual([queue.packets, queue.counters.overflows], [24, 6])
  })

  it('puts the bytes of a packet that it did not take in front of the next one', () => {
    const queue = queueOf(100, 10)
    put(queue, packetOf(60, 1))
    put(queue, packetOf(60, 2))
    assert.deepEqual(queue.shift(), packetOf(60, 1))
    queue.releaseAll()
    put(queue, packetOf(30, 3))
    assert.deepEqual(queue.shift(), Uint8Array.from([...packetOf(60, 2).subarray(0, 40), ...packetOf(30, 3)]))
  })

  it('takes packets of no and of more than 508 bytes, and drops them when their turn comes', () => {
    const queue = queueOf(6144, 200)
    for (const length of [0, 509, 508, 2000, 1]) put(queue, packetOf(length, 9))
    assert.equal(queue.packets, 5)
    assert.deepEqual([queue.shift()?.length, queue.shift()?.length, queue.shift()], [508, 1, undefined])
    assert.equal(queue.counters.unsendable, 3)
  })

  for (const [platform, packets, bytes] of [
    ['esp32', 200, 6144],
    ['nrf52', 200, 6144],
    ['avr', 24, 5120],
  ] as const) {
    it(`is that of the board: ${platform}`, () => {
      const small = new RNodeBench().host('a', { platform, resetsOnOpen: false })
      for (let n = 0; n < packets - 1; n++) small.send(packetOf(2, n))
      assert.equal(small.ask('c00f00c0'), 'c00f01c0')
      small.send(packetOf(2))
      assert.equal(small.ask('c00f00c0'), 'c00f00c0', `${packets} packets`)
      const large = new RNodeBench().host('a', { platform, resetsOnOpen: false })
      for (let left = bytes - 1; left > 0; left -= 500) large.send(packetOf(Math.min(500, left)))
      assert.equal(large.ask('c00f00c0'), 'c00f01c0')
      large.send(packetOf(1))
      assert.equal(large.ask('c00f00c0'), 'c00f00c0', `${bytes} bytes`)
      assert.equal(large.modem.queueCounters.overflows, 1, 'the packet that fills it is lost')
      assert.deepEqual(
        large.frames.filter(({ command }) => command === 0x90),
        [],
        'it says nothing of it',
      )
    })
  }

  it('waits while the radio is off, and leaves when it goes on', () => {
    const bench = new RNodeBench()
    const [a, b] = [bench.host('a'), bench.radio('b')]
    a.send(packetOf(20, 1))
    bench.clock.advance(5000)
    assert.equal(b.packets.length, 0)
    a.ask('c00133be27a0c0c0020001e848c0c0030ec0c00408c0c00601c0', 2000)
    assert.equal(b.packets.length, 1)
  })
})

describe('the frames of a packet', () => {
  it('are one up to 254 bytes and two beyond, each with the same header', () => {
    assert.deepEqual(framesOf(hex('0102'), 0xab), [hex('a00102')])
    assert.deepEqual(
      framesOf(packetOf(254), 0xff).map((frame) => [frame.length, frame[0]]),
      [[255, 0xf0]],
    )
    assert.deepEqual(
      framesOf(packetOf(255), 0x37).map((frame) => [frame.length, frame[0]]),
      [
        [255, 0x31],
        [2, 0x31],
      ],
    )
    assert.deepEqual(
      framesOf(packetOf(507), 0x37).map((frame) => frame.length),
      [255, 254],
    )
  })

  it('are three of a packet of 508 bytes, the last one empty', () => {
    assert.deepEqual(
      framesOf(packetOf(508), 0x50).map((frame) => [frame.length, frame[0]]),
      [
        [255, 0x51],
        [255, 0x51],
        [1, 0x51],
      ],
    )
  })

  it('come to the packet again, whatever its length and header', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 508 }), fc.nat(255), (packet, draw) => {
        const reassembly = new Reassembly()
        const out = framesOf(packet, draw).flatMap((frame) => reassembly.take(frame) ?? [])
        assert.deepEqual(out, [packet])
      }),
    )
  })
})

describe('putting halves together', () => {
  /** The rules in the words of the facts: `undefined` for no pending half. */
  function model(frames: readonly Uint8Array[]): Uint8Array[] {
    const out: Uint8Array[] = []
    let pending: { nibble: number; data: number[] } | undefined
    for (const frame of frames) {
      const [header = 0, ...data] = frame
      const nibble = header >> 4
      if (header % 2 === 0) {
        pending = undefined
        out.push(Uint8Array.from(data))
      } else if (pending?.nibble === nibble) {
        out.push(Uint8Array.from([...pending.data, ...data]))
        pending = undefined
      } else {
        pending = { nibble, data }
      }
    }
    return out
  }

  it('follows the rules for any frames in any order', () => {
    const frame = fc
      .tuple(fc.constantFrom(0x00, 0x01, 0x11, 0x10, 0x21, 0xf1), fc.uint8Array({ maxLength: 20 }))
      .map(([header, data]) => Uint8Array.from([header, ...data]))
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 30 }), (frames) => {
        const reassembly = new Reassembly()
        assert.deepEqual(
          frames.flatMap((each) => reassembly.take(each) ?? []),
          model(frames),
        )
      }),
    )
  })

  it('glues halves of two packets whose headers happen to be alike, however long ago the first one was', () => {
    const [first, second] = [framesOf(packetOf(300, 1), 0x70), framesOf(packetOf(400, 2), 0x70)]
    const reassembly = new Reassembly()
    assert.equal(reassembly.take(first[0] as Uint8Array), undefined)
    const glued = reassembly.take(second[0] as Uint8Array)
    assert.equal(glued?.length, 508)
    assert.equal(glued?.[0], 1)
    assert.equal(glued?.[254], 2)
  })

  it('keeps the empty third frame of 508 bytes as a first half, which spoils a later packet', () => {
    const reassembly = new Reassembly()
    for (const frame of framesOf(packetOf(508), 0x20)) reassembly.take(frame)
    const [half] = framesOf(packetOf(300, 5), 0x20)
    assert.equal(reassembly.take(half as Uint8Array)?.length, 254)
  })

  it('happens on the air too: a lost second half, and a later packet that is glued to the first', () => {
    for (let seed = 0; seed < 200; seed++) {
      const bench = new RNodeBench({}, `glue ${seed}`)
      const [a, b] = [bench.radio('a'), bench.radio('b')]
      a.send(packetOf(300, 1))
      while (!a.modem.status.isSending) bench.clock.advance(1)
      bench.air.setPath('a', 'b', undefined)
      bench.clock.advance(2000)
      bench.air.setPath('a', 'b', {})
      const nibble = bench.air.log[0]?.frame[0]
      a.send(packetOf(300, 2))
      bench.clock.advance(3000)
      if (nibble !== bench.air.log[2]?.frame[0]) {
        assert.deepEqual(b.packets[0]?.bytes, packetOf(300, 2))
        continue
      }
      assert.deepEqual([b.packets[0]?.bytes[0], b.packets[0]?.bytes.length], [1, 508])
      return
    }
    assert.fail('no two headers were alike in 200 runs')
  })
})
