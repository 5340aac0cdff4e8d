/**
 * The packets that wait in the modem, as the firmware keeps them. What does not fit is dropped without a word.
 * The bytes of a packet that was not taken stay in front of the next one, which they spoil: a host that overruns
 * the queue loses more than the packet that was too much.
 */

/** A packet of more than this is taken and never sent, bytes. */
export const MAX_PACKET_BYTES = 508

export interface PacketQueueCounters {
  /** Packets that were taken. */
  queued: number
  /** Packets dropped because there was no room. */
  overflows: number
  /** Packets dropped when their turn came: empty, too long, or spoilt to more than 508 bytes. */
  unsendable: number
}

export function newPacketQueueCounters(): PacketQueueCounters {
  return { queued: 0, overflows: 0, unsendable: 0 }
}

interface Entry {
  readonly length: number
  /** Absent when it is longer than what can be sent. */
  readonly packet: Uint8Array | undefined
}

export class PacketQueue {
  readonly counters: PacketQueueCounters
  readonly #maxBytes: number
  readonly #maxPackets: number
  readonly #current = new Uint8Array(MAX_PACKET_BYTES)
  /** Bytes since the last packet that was taken; only the first of them are kept. */
  #currentLength = 0
  #entries: Entry[] = []
  /** Bytes that came in since the last flush, whole packets or not. */
  #bytes = 0

  /** @param counters where to go on counting. */
  constructor(maxBytes: number, maxPackets: number, counters: PacketQueueCounters) {
    this.counters = counters
    this.#maxBytes = maxBytes
    this.#maxPackets = maxPackets
  }

  get packets(): number {
    return this.#entries.length
  }

  get bytes(): number {
    return this.#bytes
  }

  get isFull(): boolean {
    return this.#entries.length >= this.#maxPackets || this.#bytes >= this.#maxBytes
  }

  push(byte: number): void {
    if (this.isFull) return
    this.#bytes += 1
    if (this.#currentLength < MAX_PACKET_BYTES) this.#current[this.#currentLength] = byte
    this.#currentLength += 1
  }

  endPacket(): void {
    if (this.isFull) {
      this.counters.overflows += 1
      return
    }
    const length = this.#currentLength
    this.#currentLength = 0
    const isSendable = length > 0 && length <= MAX_PACKET_BYTES
    this.#entries.push({ length, packet: isSendable ? this.#current.slice(0, length) : undefined })
    this.counters.queued += 1
  }

  /** The next packet that can be sent; those before it that cannot are dropped. */
  shift(): Uint8Array | undefined {
    for (let entry = this.#entries.shift(); entry !== undefined; entry = this.#entries.shift()) {
      if (entry.packet !== undefined) return entry.packet
      this.counters.unsendable += 1
      this.release(entry.length)
    }
    return undefined
  }

  /** One packet has been sent, and others may wait: its room is free. */
  release(length: number): void {
    this.#bytes = Math.max(0, this.#bytes - length)
  }

  /** All packets have been sent: the firmware counts anew, from nothing. */
  releaseAll(): void {
    this.#bytes = 0
  }
}
