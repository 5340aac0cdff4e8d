/**
 * What is on the air between nodes: one packet, one LoRa frame, several blocks in it (docs/specs/lora-link.md).
 * Pure functions over bytes; nothing here knows a neighbour or a time.
 */
import { readU16, readU32, writeU16, writeU32 } from '../../../wire/bytes.ts'

/** The longest packet: with the modem's own header byte it fills one LoRa frame, so none is ever split. */
export const MAX_PACKET_BYTES = 254
/** Version and flags, sender, counter; two more where the counter is sent whole. */
const HEAD_BYTES = 5
const LONG_HEAD_BYTES = 7
/** Stands for everybody in place of a neighbour's id. */
export const EVERYBODY = 0xffff

const VERSION = 1
const KEYED = 0x01
const MORE = 0x02
const LONG = 0x04
const URGENT = 0x08

export const BlockType = { ack: 0, data: 1, fragment: 2, cast: 3, who: 4, clash: 5, hears: 6 } as const
export type BlockType = (typeof BlockType)[keyof typeof BlockType]

const LAST = 0x10
/** On data and fragments: an acknowledgement is wanted now. */
export const POLL = 0x01

/** One block, with its content where it stands in the packet. */
export interface Block {
  readonly type: number
  /** The four low bits of its first byte. */
  readonly flags: number
  readonly content: Uint8Array
}

export interface PacketHead {
  /** Whether it ends in a keyed tag. */
  readonly keyed: boolean
  /** Whether the sender has more to send that waits for the channel alone. */
  readonly more: boolean
  /** Whether people wait for what is in it: then bulk keeps its runs short for a while. */
  readonly urgent: boolean
  readonly sender: number
  /** Whether the counter has all of its 32 bits, or the low 16. */
  readonly isLong: boolean
  /** The sender's count of packets. */
  readonly counter: number
}

export function headBytes({ isLong }: Pick<PacketHead, 'isLong'>): number {
  return isLong ? LONG_HEAD_BYTES : HEAD_BYTES
}

/** The first byte of a block, and the length of all but the last. */
export function blockOverhead(isLast: boolean): number {
  return isLast ? 1 : 2
}

/**
 * Writes head and blocks; the tag is the caller's to add.
 *
 * @param room bytes left free behind the blocks, for the tag.
 */
export function encodePacket(head: PacketHead, blocks: readonly Block[], room: number): Uint8Array {
  const bytes = headBytes(head)
  let length = bytes + room
  for (const [i, { content }] of blocks.entries()) {
    length += blockOverhead(i === blocks.length - 1) + content.length
  }
  const packet = new Uint8Array(length)
  packet[0] =
    (VERSION << 4) |
    (head.keyed ? KEYED : 0) |
    (head.more ? MORE : 0) |
    (head.isLong ? LONG : 0) |
    (head.urgent ? URGENT : 0)
  writeU16(packet, 1, head.sender)
  if (head.isLong) writeU32(packet, 3, head.counter)
  else writeU16(packet, 3, head.counter)
  let at = bytes
  for (const [i, { type, flags, content }] of blocks.entries()) {
    const isLast = i === blocks.length - 1
    packet[at++] = (type << 5) | (isLast ? LAST : 0) | flags
    if (!isLast) packet[at++] = content.length
    packet.set(content, at)
    at += content.length
  }
  return packet
}

/** Reads the head, or undefined where this is no packet of this version. */
export function decodeHead(packet: Uint8Array): PacketHead | undefined {
  if (packet.length < HEAD_BYTES || packet.length > MAX_PACKET_BYTES) return undefined
  const first = packet[0] as number
  if (first >>> 4 !== VERSION) return undefined
  const sender = readU16(packet, 1)
  const isLong = (first & LONG) !== 0
  if (sender === EVERYBODY || packet.length < headBytes({ isLong })) return undefined
  return {
    keyed: (first & KEYED) !== 0,
    more: (first & MORE) !== 0,
    urgent: (first & URGENT) !== 0,
    sender,
    isLong,
    counter: isLong ? readU32(packet, 3) : readU16(packet, 3),
  }
}

/**
 * Reads the blocks between the head and `end`, where the tag begins. They share memory with the packet.
 *
 * @returns undefined where the lengths do not add up: nothing of the packet is to be used then.
 */
export function decodeBlocks(packet: Uint8Array, head: PacketHead, end: number): Block[] | undefined {
  const blocks: Block[] = []
  let at = headBytes(head)
  if (at > end) return undefined
  while (at < end) {
    const first = packet[at++] as number
    let length = end - at
    if ((first & LAST) === 0) {
      if (at >= end) return undefined
      length = packet[at++] as number
    }
    if (at + length > end) return undefined
    blocks.push({ type: first >>> 5, flags: first & 0x0f, content: packet.subarray(at, at + length) })
    at += length
  }
  return blocks
}

const ACK_FIXED_BYTES = 4
/** Packets before the newest that an acknowledgement can speak of. */
export const ACK_WINDOW = 64
/** Done datagrams that one acknowledgement names at most: more than can be under way at once. */
export const MAX_DONE = 32

export interface Ack {
  readonly to: number
  /** The newest counter received from that neighbour, whether or not it was of use. */
  readonly newest: number
  /** Which packets were received and used: bit i is `newest - i`. Low and high 32 bits. */
  readonly used: readonly [low: number, high: number]
  /** Datagrams that are whole. */
  readonly done: readonly number[]
}

export function encodeAck({ to, newest, used: [low, high], done }: Ack): Block {
  const map = new Uint8Array(ACK_WINDOW / 8)
  for (let i = 0; i < 4; i++) {
    map[i] = low >>> (8 * i)
    map[4 + i] = high >>> (8 * i)
  }
  let mapBytes = map.length
  while (mapBytes > 0 && map[mapBytes - 1] === 0) mapBytes--
  const content = new Uint8Array(ACK_FIXED_BYTES + mapBytes + done.length)
  writeU16(content, 0, to)
  writeU16(content, 2, newest)
  content.set(map.subarray(0, mapBytes), ACK_FIXED_BYTES)
  content.set(done, ACK_FIXED_BYTES + mapBytes)
  return { type: BlockType.ack, flags: mapBytes, content }
}

export function decodeAck({ flags, content }: Block): Ack | undefined {
  const doneCount = content.length - ACK_FIXED_BYTES - flags
  if (flags > ACK_WINDOW / 8 || doneCount < 0 || doneCount > MAX_DONE) return undefined
  const used: [number, number] = [0, 0]
  for (let i = 0; i < flags; i++) {
    const bits = (content[ACK_FIXED_BYTES + i] as number) << (8 * (i & 3))
    if (i < 4) used[0] = (used[0] | bits) >>> 0
    else used[1] = (used[1] | bits) >>> 0
  }
  const done = [...content.subarray(ACK_FIXED_BYTES + flags)]
  return { to: readU16(content, 0), newest: readU16(content, 2), used, done }
}

/** Whether an acknowledgement says that a packet was used: undefined where it is too old or too new for it. */
export function isUsed({ newest, used: [low, high] }: Ack, counter: number): boolean | undefined {
  const behind = (newest - counter) & 0xffff
  if (behind >= ACK_WINDOW) return undefined
  return ((behind < 32 ? low >>> behind : high >>> (behind - 32)) & 1) === 1
}

/** The content of WHO, CLASH and HEARS. */
export function encodeIds(ids: readonly number[]): Uint8Array {
  const content = new Uint8Array(2 * ids.length)
  for (const [i, id] of ids.entries()) writeU16(content, 2 * i, id)
  return content
}

/** An odd byte at the end is passed over. */
export function decodeIds(content: Uint8Array): number[] {
  const ids: number[] = []
  for (let at = 0; at + 1 < content.length; at += 2) ids.push(readU16(content, at))
  return ids
}

export const DATA_FIXED_BYTES = 2

export function encodeData(to: number, item: Uint8Array, poll: boolean): Block {
  const content = new Uint8Array(DATA_FIXED_BYTES + item.length)
  writeU16(content, 0, to)
  content.set(item, DATA_FIXED_BYTES)
  return { type: BlockType.data, flags: poll ? POLL : 0, content }
}

export const FRAGMENT_FIXED_BYTES = 6

export interface Fragment {
  readonly to: number
  /** Of the datagram, given out in turn by its sender. */
  readonly id: number
  /** How many fragments hold the datagram itself, 1 to 64. */
  readonly count: number
  /** From 0; those from `count` on are parity. */
  readonly index: number
  /** Bytes at the end of the last data fragment that are not the datagram's and are not sent. */
  readonly pad: number
  readonly payload: Uint8Array
}

export function encodeFragment(fragment: Fragment, poll: boolean): Block {
  const { to, id, count, index, pad, payload } = fragment
  const content = new Uint8Array(FRAGMENT_FIXED_BYTES + payload.length)
  writeU16(content, 0, to)
  content[2] = id
  content[3] = count
  content[4] = index
  content[5] = pad
  content.set(payload, FRAGMENT_FIXED_BYTES)
  return { type: BlockType.fragment, flags: poll ? POLL : 0, content }
}

export function decodeFragment({ content }: Block): Fragment | undefined {
  if (content.length <= FRAGMENT_FIXED_BYTES) return undefined
  const [count, index, pad] = [content[3], content[4], content[5]] as unknown as [number, number, number]
  return {
    to: readU16(content, 0),
    id: content[2] as number,
    count,
    index,
    pad,
    payload: content.subarray(FRAGMENT_FIXED_BYTES),
  }
}
