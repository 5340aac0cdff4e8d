/** Datagrams that do not fit into one packet: cut into equal fragments, with parity where the link loses some. */

import { readU16, writeU16 } from '../../../wire/bytes.ts'
import { MAX_COUNT, parity, recover } from './erasure.ts'
import { ACK_WINDOW, type Fragment, MAX_DONE } from './packet.ts'
import { crc16 } from './tag.ts'

/** The checksum, behind it. */
const CHECK_BYTES = 2
/** Datagrams of one neighbour that are received at the same time; the oldest gives way to a further one. */
export const MAX_PARTIAL = 16
/** A fragment shorter than this is not worth its packet, so no honest sender makes one but the last. */
const MIN_SIZE = 16

/** What fragments of this size hold at most, bytes. */
export function maxDatagramBytes(fragmentBytes: number): number {
  return MAX_COUNT * fragmentBytes - CHECK_BYTES
}

/** A datagram that is being sent. */
export class OutgoingDatagram {
  readonly id: number
  readonly to: number
  /** The number of its fragments' size: see fragment-size.ts. */
  readonly sizeStep: number
  readonly #data: readonly Uint8Array[]
  readonly #pad: number

  /**
   * @param bytes the item that stands for `frame`.
   * @param fragmentBytes the longest fragment; the datagram must not be longer than 64 of them.
   */
  constructor(
    { to, id, sizeStep = 0 }: { readonly to: number; readonly id: number; readonly sizeStep?: number },
    frame: Uint8Array,
    bytes: Uint8Array,
    fragmentBytes: number,
  ) {
    this.to = to
    this.id = id
    this.sizeStep = sizeStep
    const whole = new Uint8Array(bytes.length + CHECK_BYTES)
    whole.set(bytes)
    writeU16(whole, bytes.length, crc16(frame))
    const count = Math.ceil(whole.length / fragmentBytes)
    const size = Math.ceil(whole.length / count)
    this.#data = Array.from({ length: count }, (_, i) => whole.subarray(i * size, (i + 1) * size))
    this.#pad = count * size - whole.length
  }

  /** Fragments that hold the datagram itself; further ones are parity. */
  get count(): number {
    return this.#data.length
  }

  fragment(index: number): Fragment {
    const payload = this.#data[index] ?? parity(this.#data, index)
    return { to: this.to, id: this.id, count: this.count, index, pad: this.#pad, payload }
  }
}

interface Partial {
  readonly count: number
  readonly size: number
  readonly pad: number
  readonly received: Map<number, Uint8Array>
}

/** A datagram that became whole, and the counter of the packet that its sender is to know it by. */
export interface Done {
  readonly id: number
  at: number
}

/** What a fragment has led to. `useless`: it is malformed, or does not fit the others of its datagram. */
export type Progress = 'kept' | 'useless' | Whole

/** All that was sent of a frame, and the checksum of that frame. */
export interface Whole {
  readonly item: Uint8Array
  readonly check: number
}

/** Datagrams of one neighbour that are being received. */
export class Reassembly {
  /** By id, the one begun last at the end. */
  readonly #partial = new Map<number, Partial>()
  #done: Done[] = []

  /** Those that became whole last, newest last. */
  get done(): readonly Done[] {
    return this.#done
  }

  /** @param at the counter of the packet it came in. */
  add({ id, count, index, pad, payload }: Fragment, at: number): Progress {
    if (count < 1 || count > MAX_COUNT || pad >= count) return 'useless'
    const size = payload.length + (index === count - 1 ? pad : 0)
    if (size < MIN_SIZE || count * size - pad < CHECK_BYTES) return 'useless'
    let partial = this.#partial.get(id)
    const isSame = partial?.count === count && partial.size === size && partial.pad === pad
    // A sender that was started anew counts its packets from elsewhere, and its datagrams from anywhere.
    const known = this.#done.find((done) => done.id === id && at - done.at < ACK_WINDOW)
    if (partial === undefined && known !== undefined) {
      // Its sender does not know yet: that is to be said again.
      known.at = at
      return 'kept'
    }
    if (partial === undefined || !isSame) {
      // The sender has come round to this number again, or begun anew.
      partial = { count, size, pad, received: new Map() }
      this.#begin(id, partial)
    }
    const whole = new Uint8Array(size)
    whole.set(payload)
    partial.received.set(index, whole)
    if (partial.received.size < count) return 'kept'
    this.#partial.delete(id)
    return this.#finish(id, partial, at)
  }

  /** The datagram that became whole last could not be used after all: its sender is to begin anew. */
  undo(): void {
    this.#done.pop()
  }

  #begin(id: number, partial: Partial): void {
    this.#done = this.#done.filter((done) => done.id !== id)
    this.#partial.delete(id)
    for (const oldest of this.#partial.keys()) {
      if (this.#partial.size < MAX_PARTIAL) break
      this.#partial.delete(oldest)
    }
    this.#partial.set(id, partial)
  }

  #finish(id: number, { count, size, pad, received }: Partial, at: number): Progress {
    const data = recover(received, count, size)
    if (data === undefined) return 'kept'
    const whole = Buffer.concat(data).subarray(0, count * size - pad)
    const end = whole.length - CHECK_BYTES
    this.#done = [...this.#done.slice(1 - MAX_DONE), { id, at }]
    return { item: Uint8Array.from(whole.subarray(0, end)), check: readU16(whole, end) }
  }
}
