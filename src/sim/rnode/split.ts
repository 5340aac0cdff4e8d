/**
 * Packets and LoRa frames. A frame begins with a byte of which the high half is drawn for each packet and bit 0
 * says that the packet comes in two frames. Nothing says which half a frame is, and a half waits for ever.
 */
import { MAX_LORA_BYTES } from '../../transport/lora/airtime.ts'
import { MAX_PACKET_BYTES } from './packet-queue.ts'

const SPLIT_FLAG = 0x01
const HEADER_BYTES = 1
const PAYLOAD_BYTES = MAX_LORA_BYTES - HEADER_BYTES

/**
 * The frames of a packet of 1 to 508 bytes. The second frame of one of exactly 508 is full, upon which the
 * firmware sends a third one that is nothing but its header.
 *
 * @param draw 0 to 255: its high half goes into each header
 */
export function framesOf(packet: Uint8Array, draw: number): Uint8Array[] {
  const isSplit = packet.length > PAYLOAD_BYTES
  const header = (draw & 0xf0) | (isSplit ? SPLIT_FLAG : 0)
  if (!isSplit) return [frameOf(header, packet)]
  const frames = [frameOf(header, packet.subarray(0, PAYLOAD_BYTES))]
  for (let at = PAYLOAD_BYTES; at < packet.length; at += PAYLOAD_BYTES) {
    frames.push(frameOf(header, packet.subarray(at, at + PAYLOAD_BYTES)))
  }
  if (packet.length % PAYLOAD_BYTES === 0) frames.push(frameOf(header, new Uint8Array(0)))
  return frames
}

function frameOf(header: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(HEADER_BYTES + payload.length)
  frame[0] = header
  frame.set(payload, HEADER_BYTES)
  return frame
}

/** The receiving end: puts halves together, also those that do not belong together. */
export class Reassembly {
  readonly #buffer = new Uint8Array(MAX_PACKET_BYTES)
  #length = 0
  /** The high half of the header of the frame that waits for its other half. */
  #pending: number | undefined

  /** @returns the packet, when this frame completes one. */
  take(frame: Uint8Array): Uint8Array | undefined {
    const header = frame[0] as number
    const nibble = header >> 4
    if ((header & SPLIT_FLAG) === 0) {
      this.#pending = undefined
      this.#length = 0
    } else if (this.#pending !== nibble) {
      this.#pending = nibble
      this.#length = 0
      this.#append(frame)
      return undefined
    }
    this.#append(frame)
    this.#pending = undefined
    const packet = this.#buffer.slice(0, this.#length)
    this.#length = 0
    return packet
  }

  #append(frame: Uint8Array): void {
    const payload = frame.subarray(HEADER_BYTES, HEADER_BYTES + MAX_PACKET_BYTES - this.#length)
    this.#buffer.set(payload, this.#length)
    this.#length += payload.length
  }
}
