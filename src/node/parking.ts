/**
 * Envelopes whose source is not known yet. An announce and the first message behind it often arrive within
 * milliseconds of each other, by different ways; so a message that is ahead waits a moment for the key.
 */
import type { Address } from '../identity/address.ts'
import { SOURCE_AT } from '../wire/envelope.ts'

const PARKING_FRAMES = 256
const PARKING_BYTES = 1024 * 1024
const PARKING_MS = 2000

interface Parked<L> {
  readonly frame: Uint8Array
  readonly from: L
  /** Monotonic, ms. */
  readonly until: number
}

export class Parking<L> {
  // Oldest first.
  #parked: Parked<L>[] = []
  #bytes = 0

  get size(): number {
    return this.#parked.length
  }

  /** @returns false where there is no room: then the frame is refused at once. */
  park(frame: Uint8Array, from: L, now: number): boolean {
    if (this.#parked.length >= PARKING_FRAMES || this.#bytes + frame.length > PARKING_BYTES) return false
    this.#bytes += frame.length
    this.#parked.push({ frame: Uint8Array.from(frame), from, until: now + PARKING_MS })
    return true
  }

  /** Takes out the envelopes of a source that has just become known. */
  take(source: Address): readonly Parked<L>[] {
    if (this.#parked.length === 0) return []
    return this.#remove((parked) => source.isAt(parked.frame, SOURCE_AT))
  }

  /** Takes out what has waited long enough. @returns how many. */
  expire(now: number): number {
    return this.#remove((parked) => parked.until <= now).length
  }

  #remove(which: (parked: Parked<L>) => boolean): Parked<L>[] {
    const taken = this.#parked.filter(which)
    if (taken.length > 0) this.#parked = this.#parked.filter((parked) => !which(parked))
    for (const { frame } of taken) this.#bytes -= frame.length
    return taken
  }
}
