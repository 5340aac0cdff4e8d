import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  ACK_WINDOW,
  type Ack,
  type Block,
  BlockType,
  decodeAck,
  decodeBlocks,
  decodeFragment,
  decodeHead,
  EVERYBODY,
  encodeAck,
  encodeData,
  encodeFragment,
  encodePacket,
  type Fragment,
  headBytes,
  isUsed,
  MAX_DONE,
  MAX_PACKET_BYTES,
  type PacketHead,
} from '../../../../src/transport/lora/link/packet.ts'
import { uint8, uint16, uint32 } from '../../../wire/arbitraries.ts'

const id = fc.integer({ min: 0, max: EVERYBODY - 1 })

const head: fc.Arbitrary<PacketHead> = fc
  .record({
    keyed: fc.boolean(),
    more: fc.boolean(),
    urgent: fc.boolean(),
    sender: id,
    isLong: fc.boolean(),
    counter: uint32,
  })
  .map((fields) => ({ ...fields, counter: fields.isLong ? fields.counter : fields.counter & 0xffff }))

const block: fc.Arbitrary<Block> = fc.record({
  type: fc.integer({ min: 0, max: 7 }),
  flags: fc.integer({ min: 0, max: 15 }),
  content: fc.uint8Array({ maxLength: 40 }),
})

const ack: fc.Arbitrary<Ack> = fc
  .record({
    to: id,
    newest: uint16,
    used: fc.tuple(uint32, uint32),
    done: fc.array(uint8, { maxLength: MAX_DONE }),
  })
  .map((fields) => ({ ...fields }))

const fragment: fc.Arbitrary<Fragment> = fc
  .record({
    to: uint16,
    id: uint8,
    count: uint8,
    index: uint8,
    pad: uint8,
    payload: fc.uint8Array({ minLength: 1, maxLength: 200 }),
  })
  .map((fields) => ({ ...fields }))

describe('packets', () => {
  it('come out as they went in, head and blocks, and leave room for the tag', () => {
    fc.assert(
      fc.property(head, fc.array(block, { maxLength: 5 }), fc.nat(8), (fields, blocks, room) => {
        const packet = encodePacket(fields, blocks, room)
        assert.deepEqual(decodeHead(packet), fields)
        const read = decodeBlocks(packet, fields, packet.length - room)
        assert.deepEqual(read?.map(plain), blocks.map(plain))
      }),
    )
  })

  it('are made of a head of 5 or 7 bytes, and of blocks that cost 2 bytes each and the last one 1', () => {
    const fields = { keyed: false, more: false, urgent: false, sender: 1, isLong: false, counter: 2 }
    const blocks = [3, 4].map((length) => ({ type: 1, flags: 0, content: new Uint8Array(length) }))
    assert.equal(encodePacket(fields, [], 0).length, 5)
    assert.equal(encodePacket({ ...fields, isLong: true }, [], 0).length, 7)
    assert.equal(encodePacket(fields, blocks, 2).length, 5 + 2 + 3 + 1 + 4 + 2)
  })

  it('of any bytes are read or refused, and never read beyond their end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(8), (bytes, room) => {
        if (room > 0) bytes[0] = 0x10 | ((bytes[0] ?? 0) & 0x0f)
        const fields = decodeHead(bytes)
        if (fields === undefined) return
        assert.ok(bytes.length <= MAX_PACKET_BYTES && fields.sender !== EVERYBODY)
        const blocks = decodeBlocks(bytes, fields, bytes.length - room)
        for (const one of blocks ?? []) {
          assert.ok(one.content.byteOffset + one.content.length <= bytes.length - room)
          decodeAck(one)
          decodeFragment(one)
        }
      }),
    )
  })

  it('of another version, of everybody, too short or too long are none', () => {
    const fields = { keyed: false, more: true, urgent: false, sender: 0x1234, isLong: true, counter: 7 }
    const packet = encodePacket(fields, [], 0)
    assert.ok(decodeHead(packet) !== undefined)
    for (const first of [0x06, 0x26, 0xf6]) {
      const other = packet.slice()
      other[0] = first
      assert.equal(decodeHead(other), undefined)
    }
    assert.equal(decodeHead(packet.subarray(0, 6)), undefined)
    assert.equal(decodeHead(encodePacket({ ...fields, sender: EVERYBODY }, [], 0)), undefined)
    assert.equal(decodeHead(encodePacket(fields, [], MAX_PACKET_BYTES - 7))?.counter, 7)
    assert.equal(decodeHead(encodePacket(fields, [], MAX_PACKET_BYTES - 6)), undefined)
  })

  it('whose lengths do not add up have no blocks at all', () => {
    const fields = { keyed: false, more: false, urgent: false, sender: 1, isLong: false, counter: 2 }
    const packet = encodePacket(fields, [{ type: 1, flags: 0, content: new Uint8Array(4) }], 0)
    packet[headBytes(fields)] = 1 << 5 // no longer the last one: the next byte is its length
    packet[headBytes(fields) + 1] = 4
    assert.equal(decodeBlocks(packet, fields, packet.length), undefined)
    packet[headBytes(fields) + 1] = 3
    assert.deepEqual(decodeBlocks(packet, fields, packet.length)?.length, 1)
    assert.equal(decodeBlocks(packet, fields, headBytes(fields) - 1), undefined)
    assert.equal(decodeBlocks(packet, fields, headBytes(fields) + 1), undefined)
  })
})

describe('acknowledgements', () => {
  it('come out as they went in', () => {
    fc.assert(fc.property(ack, (fields) => assert.deepEqual(decodeAck(encodeAck(fields)), fields)))
  })

  it('say of each of the last 64 packets whether it was used, and of others nothing', () => {
    fc.assert(
      fc.property(ack, fc.integer({ min: -100, max: 200 }), (fields, behind) => {
        const bits = BigInt(fields.used[0]) | (BigInt(fields.used[1]) << 32n)
        const counter = (fields.newest - behind) & 0xffff
        const expected =
          behind < 0 || behind >= ACK_WINDOW ? undefined : ((bits >> BigInt(behind)) & 1n) === 1n
        assert.equal(isUsed(fields, counter), expected)
      }),
    )
  })

  it('leave out the zeros at the end of the map', () => {
    const length = (low: number, high: number): number =>
      encodeAck({ to: 1, newest: 2, used: [low, high], done: [] }).content.length
    assert.deepEqual(
      [length(0, 0), length(1, 0), length(0x100, 0), length(0, 1), length(0, 2 ** 31)],
      [4, 5, 6, 9, 12],
    )
  })

  it('that claim a longer map than they have, or too many datagrams, are none', () => {
    const content = (length: number): Block => ({
      type: BlockType.ack,
      flags: 0,
      content: new Uint8Array(length),
    })
    assert.ok(decodeAck(content(4 + MAX_DONE)) !== undefined)
    assert.equal(decodeAck(content(4 + MAX_DONE + 1)), undefined)
    assert.equal(decodeAck(content(3)), undefined)
    assert.equal(decodeAck({ ...content(8), flags: 5 }), undefined)
    assert.equal(decodeAck({ ...content(20), flags: 9 }), undefined)
  })
})

describe('data and fragments', () => {
  it('come out as they went in', () => {
    fc.assert(
      fc.property(fragment, fc.boolean(), (fields, poll) => {
        const written = encodeFragment(fields, poll)
        assert.deepEqual(decodeFragment(written), fields)
        assert.equal(written.flags, poll ? 1 : 0)
      }),
    )
    const data = encodeData(0xabcd, Uint8Array.of(1, 2), true)
    assert.deepEqual([...data.content], [0xab, 0xcd, 1, 2])
    assert.equal(decodeFragment({ type: 2, flags: 0, content: new Uint8Array(6) }), undefined)
  })
})

function plain({ type, flags, content }: Block): unknown {
  return [type, flags, [...content]]
}
