/**
 * What a packet ends in. Without a network key: two bytes that tell packets of this protocol from others and
 * from halves of two packets that a modem has glued together. With one: four bytes that only holders of the
 * key can make, over the packet and all of its counter, so that old packets are of no use to anybody.
 */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { writeU16, writeU32 } from '../../../wire/bytes.ts'

export interface Tagger {
  readonly keyed: boolean
  readonly bytes: number
  /** Writes the tag into the last {@link bytes} of the packet. */
  seal(packet: Uint8Array, counter: number): void
  /** Whether the packet ends in the right one, for this 32-bit counter. */
  check(packet: Uint8Array, counter: number): boolean
}

const CHECK_BYTES = 2
const TAG_BYTES = 4

/** CRC-16/IBM-3740 (polynomial 0x1021, start 0xffff): finds every burst of up to 16 bits. */
export function crc16(bytes: Uint8Array, start = 0xffff): number {
  let crc = start
  for (const byte of bytes) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++)
      crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff
  }
  return crc
}

export const checksum: Tagger = {
  keyed: false,
  bytes: CHECK_BYTES,
  seal(packet) {
    writeU16(packet, packet.length - CHECK_BYTES, crc16(packet.subarray(0, -CHECK_BYTES)))
  },
  check(packet) {
    const { length } = packet
    const crc = crc16(packet.subarray(0, -CHECK_BYTES))
    return packet[length - 2] === crc >>> 8 && packet[length - 1] === (crc & 0xff)
  },
}

/** @param networkKey at least 16 bytes, the same in all nodes of the network. */
export function keyedTag(networkKey: Uint8Array): Tagger {
  const key = new Uint8Array(hkdfSync('sha256', networkKey, new Uint8Array(0), 'hopwire lora link 1', 32))
  const high = new Uint8Array(4)
  const tagOf = (packet: Uint8Array, counter: number): Uint8Array => {
    writeU32(high, 0, counter)
    const hmac = createHmac('sha256', key).update(high).update(packet.subarray(0, -TAG_BYTES))
    return hmac.digest().subarray(0, TAG_BYTES)
  }
  return {
    keyed: true,
    bytes: TAG_BYTES,
    seal(packet, counter) {
      packet.set(tagOf(packet, counter), packet.length - TAG_BYTES)
    },
    check(packet, counter) {
      return timingSafeEqual(tagOf(packet, counter), packet.subarray(-TAG_BYTES))
    },
  }
}
