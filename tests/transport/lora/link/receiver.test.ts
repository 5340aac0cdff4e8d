/** Hostile packets: what the receiver makes of them, and what it must never do. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { defaultProvider } from '../../../../src/crypto/provider/select.ts'
import { VirtualClock } from '../../../../src/sim/clock.ts'
import type { Neighbour } from '../../../../src/transport/lora/link/neighbour.ts'
import {
  type Ack,
  type Block,
  BlockType,
  decodeHead,
  EVERYBODY,
  encodeAck,
  encodeData,
  encodeFragment,
  encodePacket,
  MAX_PACKET_BYTES,
} from '../../../../src/transport/lora/link/packet.ts'
import { Receiver, type ReceiverHost } from '../../../../src/transport/lora/link/receiver.ts'
import { Roster, shortId } from '../../../../src/transport/lora/link/roster.ts'
import { checksum, keyedTag, type Tagger } from '../../../../src/transport/lora/link/tag.ts'
import { announceBy, identityOf, messageBy } from '../../../support/frames.ts'
import { hexOf, LinkBench } from './bench.ts'

const crypto = defaultProvider()
const [alice, bob, carol] = ['alice', 'bob', 'carol'].map(identityOf) as [Who, Who, Who]
type Who = ReturnType<typeof identityOf>
const idOf = ({ address }: Who): number => shortId(address, 0, crypto)
const networkKey = new Uint8Array(32).fill(3)

/** A receiver of alice's that writes down what it is told. */
class Ear implements ReceiverHost {
  readonly roster = new Roster(alice.address, crypto)
  readonly log: string[] = []
  readonly acks: Ack[] = []
  takes = true
  #counter = 1000
  readonly #tagger: Tagger
  readonly #receiver: Receiver

  constructor(tagger: Tagger = checksum) {
    this.#tagger = tagger
    this.#receiver = new Receiver(this.roster, tagger, new VirtualClock(), this)
  }

  /** @returns what came of it, a line each. */
  hear(packet: Uint8Array): string[] {
    this.log.length = 0
    this.#receiver.receive(packet)
    return [...this.log]
  }

  sent(counter: number): void {
    this.#receiver.sent(counter)
  }

  /** Hears a good packet of bob's. */
  from(
    blocks: readonly Block[],
    { sender = idOf(bob), counter = ++this.#counter, isLong = false } = {},
  ): string[] {
    return this.hear(packetOf(this.#tagger, blocks, sender, counter, isLong))
  }

  meetBob(): Neighbour {
    assert.deepEqual(this.from([castOf(announceBy(bob))], { isLong: true }), ['met', 'heard', 'frame 11'])
    return this.roster.of(idOf(bob)) as Neighbour
  }

  frame(_neighbour: Neighbour, frame: Uint8Array): boolean {
    this.log.push(`frame ${hexOf(frame.subarray(0, 1))}`)
    return this.takes
  }
  met(): void {
    this.log.push('met')
  }
  acknowledged(_neighbour: Neighbour, ack: Ack): void {
    this.acks.push(ack)
    this.log.push('acknowledged')
  }
  polled(): void {
    this.log.push('polled')
  }
  stranger(id: number): void {
    this.log.push(`stranger ${id}`)
  }
  askedWho(): void {
    this.log.push('asked who')
  }
  clash(id: number): void {
    this.log.push(`clash ${id}`)
  }
  heard(): void {
    this.log.push('heard')
  }
  refused(reason: string): void {
    this.log.push(reason)
  }
}

function packetOf(
  tagger: Tagger,
  blocks: readonly Block[],
  sender: number,
  counter: number,
  isLong = false,
): Uint8Array {
  const head = { keyed: tagger.keyed, more: false, urgent: false, sender, isLong, counter }
  const packet = encodePacket(head, blocks, tagger.bytes)
  tagger.seal(packet, counter)
  return packet
}

function castOf(frame: Uint8Array): Block {
  return { type: BlockType.cast, flags: 0, content: frame }
}

function idsOf(type: number, ...ids: number[]): Block {
  return { type, flags: 0, content: Uint8Array.from(ids.flatMap((id) => [id >> 8, id & 0xff])) }
}

const message = messageBy(bob, alice, { body: new Uint8Array(4) })
const toAlice = (item: Uint8Array, poll = false): Block => encodeData(idOf(alice), item, poll)

describe('packets of a neighbour', () => {
  it('are taken once, and in whatever order they come', () => {
    const ear = new Ear()
    ear.meetBob()
    const packet = packetOf(checksum, [toAlice(message, true)], idOf(bob), 1010)
    assert.deepEqual(ear.hear(packet), ['heard', 'frame 12', 'polled'])
    assert.deepEqual(ear.hear(packet), ['replayed'])
    assert.deepEqual(ear.from([toAlice(message)], { counter: 1005 }), ['heard', 'frame 12'])
    assert.deepEqual(ear.from([toAlice(message)], { counter: 1005 }), ['replayed'])
  })

  it('count as used only if all in them that was for this node was taken, and if anything was', () => {
    const ear = new Ear()
    const neighbour = ear.meetBob()
    const isUsed = (blocks: readonly Block[]): boolean => {
      ear.from(blocks)
      return ((neighbour.window.usedSince(Number.NEGATIVE_INFINITY)[0] as number) & 1) === 1
    }
    const unknown = toAlice(Uint8Array.of(0x85, 1, 0, 0, 0))
    const toOther = encodeData(idOf(carol), message, false)
    assert.equal(isUsed([toAlice(message)]), true)
    assert.equal(isUsed([toAlice(message), unknown]), false)
    assert.equal(isUsed([unknown, toAlice(message)]), false)
    assert.equal(isUsed([toOther, toAlice(message)]), true)
    assert.equal(
      isUsed([toOther]),
      false,
      'one that goes by another id now has not got what was for the old one',
    )
    ear.takes = false
    assert.equal(isUsed([toAlice(message)]), false)
  })

  it('that are for others are heard, not taken', () => {
    const ear = new Ear()
    ear.meetBob()
    const blocks = [
      encodeData(idOf(carol), message, true),
      encodeAck({ to: 7, newest: 1, used: [1, 0], done: [] }),
    ]
    assert.deepEqual(ear.from(blocks), ['heard'])
  })

  it('are taken without a key also when it counts from elsewhere, as after a restart', () => {
    const ear = new Ear()
    ear.meetBob()
    assert.deepEqual(ear.from([toAlice(message)], { counter: 5, isLong: true }), ['heard', 'frame 12'])
    assert.deepEqual(ear.from([toAlice(message)], { counter: 4_000_000, isLong: true }), [
      'heard',
      'frame 12',
    ])
  })

  it('tell whom it asks for, and what it has heard', () => {
    const ear = new Ear()
    ear.meetBob()
    assert.deepEqual(ear.from([idsOf(BlockType.who, 5, idOf(alice), idOf(alice))]), [
      'heard',
      'asked who',
      'asked who',
    ])
    assert.deepEqual(ear.from([idsOf(BlockType.clash, 5)]), ['heard'])
    assert.deepEqual(ear.from([idsOf(BlockType.clash, idOf(alice))]), ['heard', `clash ${idOf(alice)}`])
    const ack = { to: idOf(alice), newest: 9, used: [5, 0] as const, done: [3] }
    assert.deepEqual(ear.from([encodeAck(ack)]), ['heard', 'acknowledged'])
    assert.deepEqual(ear.acks, [ack])
  })

  it('with blocks that are malformed, or of a kind not known, are refused in these alone', () => {
    const ear = new Ear()
    ear.meetBob()
    const short: Block = { type: BlockType.ack, flags: 8, content: idsOf(0, idOf(alice)).content }
    const useless = encodeFragment(
      { to: idOf(alice), id: 1, count: 0, index: 0, pad: 0, payload: new Uint8Array(20) },
      false,
    )
    const future: Block = { type: 7, flags: 15, content: new Uint8Array(9) }
    assert.deepEqual(ear.from([short, useless, future, toAlice(message)]), [
      'heard',
      'malformed',
      'malformed',
      'frame 12',
    ])
  })
})

describe('packets of others', () => {
  it('that nobody has introduced tell that somebody is there, and may ask', () => {
    const ear = new Ear()
    assert.deepEqual(ear.from([toAlice(message)]), [`stranger ${idOf(bob)}`, 'stranger'])
    assert.deepEqual(ear.from([idsOf(BlockType.who, idOf(alice))]), [
      'asked who',
      `stranger ${idOf(bob)}`,
      'stranger',
    ])
  })

  it("that go by this node's id make it ask, and take another only when somebody else proves it", () => {
    const ear = new Ear()
    const own = idOf(alice)
    assert.deepEqual(ear.from([toAlice(message)], { sender: own }), [`stranger ${own}`, 'own_id'])
    assert.deepEqual(ear.from([castOf(announceBy(alice))], { sender: own }), [`stranger ${own}`, 'own_id'])
  })

  it('introduce somebody by an announce in several packets too', () => {
    const ear = new Ear()
    const parts = announceInParts(announceBy(bob, { data: new Uint8Array(128) }))
    const lines = parts.map((block) => ear.from([block]))
    assert.deepEqual(lines[0], [`stranger ${idOf(bob)}`, 'stranger'])
    assert.ok(lines[1]?.includes('met'))
  })

  it('of another kind are refused by name', () => {
    const ear = new Ear()
    const keyed = new Ear(keyedTag(networkKey))
    const good = packetOf(checksum, [], idOf(bob), 1)
    assert.deepEqual(ear.hear(new Uint8Array(0)), ['foreign'])
    assert.deepEqual(ear.hear(new Uint8Array(MAX_PACKET_BYTES + 1).fill(0x10)), ['foreign'])
    assert.deepEqual(ear.hear(good.subarray(0, 6)), ['malformed'])
    assert.deepEqual(keyed.hear(good), ['other_network'])
    assert.deepEqual(ear.hear(packetOf(keyedTag(networkKey), [], 1, 1)), ['other_network'])
    assert.deepEqual(keyed.hear(packetOf(keyedTag(new Uint8Array(32)), [], 1, 1, true)), ['bad_tag'])
    assert.deepEqual(keyed.hear(packetOf(keyedTag(networkKey), [], 1, 1)), ['stranger 1', 'stranger'])
    good[3] = (good[3] as number) ^ 1
    assert.deepEqual(ear.hear(good), ['bad_tag'])
  })
})

describe('a keyed network', () => {
  it('takes nothing twice, be it of neighbours or of strangers, and nothing that this node has sent', () => {
    const ear = new Ear(keyedTag(networkKey))
    ear.meetBob()
    const options = { sender: 77, counter: 50, isLong: true }
    assert.deepEqual(ear.from([idsOf(BlockType.who, idOf(alice))], options), [
      'asked who',
      'stranger 77',
      'stranger',
    ])
    assert.deepEqual(ear.from([idsOf(BlockType.who, idOf(alice))], options), ['replayed'])
    assert.deepEqual(ear.from([], { ...options, counter: 51, isLong: false }), ['stranger 77', 'stranger'])
    assert.deepEqual(ear.from([toAlice(message)], { counter: 5, isLong: true }), ['replayed'])
    ear.sent(3000)
    assert.deepEqual(ear.from([], { sender: idOf(alice), counter: 2500, isLong: true }), ['replayed'])
  })

  it('does not take a neighbour that is gone back by what it has sent before', () => {
    const ear = new Ear(keyedTag(networkKey))
    const neighbour = ear.meetBob()
    ear.roster.remove(neighbour, false, 0)
    assert.deepEqual(ear.from([castOf(announceBy(bob))], { counter: 1001, isLong: true }), ['replayed'])
    assert.deepEqual(ear.from([castOf(announceBy(bob))], { counter: 1002, isLong: true })[0], 'met')
  })
})

describe('packets that somebody has tampered with', () => {
  it('never make it throw, and never cost more than bounded memory', () => {
    const bench = new LinkBench('fuzz')
    const [a, b] = bench.nodes(['alice', 'bob'])
    assert.ok(a !== undefined && b !== undefined)
    for (const size of [10, 300, 10, 700]) {
      a.send(b, bench.frame(a, b, size))
      b.send(a, bench.frame(b, a, size))
      bench.clock.advance(10_000)
    }
    const real = bench.air.log.map(({ packet }) => packet)
    const change = fc.record({ at: fc.nat(253), value: fc.nat(255) })
    const hostile = fc.record({
      which: fc.nat(real.length - 1),
      changes: fc.array(change, { maxLength: 4 }),
      cut: fc.option(fc.nat(254), { nil: undefined }),
      ahead: fc.nat(300),
      isSealed: fc.boolean(),
    })
    let refused = 0
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 40, size: 'max' }), (list) => {
        const ear = new Ear()
        ear.meetBob()
        list.forEach(({ which, changes, cut, ahead, isSealed }, n) => {
          const packet = (real[which] as Uint8Array).slice(0, cut)
          for (const { at, value } of changes) if (at < packet.length) packet[at] = value
          const head = decodeHead(packet)
          if (isSealed && head !== undefined && packet.length >= 7) {
            const counter = 2000 + 10 * n + ahead
            packet[3] = counter >> 8
            packet[4] = counter & 0xff
            checksum.seal(packet, counter)
          }
          const lines = ear.hear(packet)
          refused += lines.filter((line) => /^[a-z_]+$/.test(line) && line !== 'heard').length
          assert.ok(lines.length > 0, 'neither taken nor counted')
          assert.ok(ear.roster.size <= 64)
        })
      }),
      { numRuns: 200 },
    )
    assert.ok(refused > 500)
  })

  it('of any bytes at all are taken or counted', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 260 }), fc.boolean(), fc.boolean(), (bytes, isBob, isKeyed) => {
        const tagger = isKeyed ? keyedTag(networkKey) : checksum
        const ear = new Ear(tagger)
        ear.meetBob()
        if (bytes.length >= 12) {
          bytes[0] = 0x10 | (isKeyed ? 1 : 0) | ((bytes[0] as number) & 0x0a)
          if (isBob) bytes.set(idsOf(0, idOf(bob)).content, 1)
          bytes.set([4, 0], 3)
          tagger.seal(bytes, 0x400)
        }
        assert.ok(ear.hear(bytes).length > 0)
      }),
      { numRuns: 500 },
    )
  })
})

function announceInParts(frame: Uint8Array): Block[] {
  // As a sender cuts it: see fragments.test.ts for the cutting itself.
  const whole = new Uint8Array(frame.length + 2)
  whole.set(frame)
  checksum.seal(whole, 0)
  const size = Math.ceil(whole.length / 2)
  const pad = 2 * size - whole.length
  return [0, 1].map((index) =>
    encodeFragment(
      {
        to: EVERYBODY,
        id: 1,
        count: 2,
        index,
        pad,
        payload: whole.subarray(index * size, (index + 1) * size),
      },
      false,
    ),
  )
}
