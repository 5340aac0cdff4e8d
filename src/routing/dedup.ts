/**
 * Which transmissions have been here before. Two generations of 64-bit fingerprints in open addressing:
 * when the younger is full it becomes the older, and the older is forgotten. So at least `capacity / 2` and
 * at most `capacity` of the latest transmissions are known, in a fixed piece of memory.
 *
 * A fingerprint is a hash seeded per node, so a peer cannot craft two transmissions that collide here; by
 * chance two of 2^17 remembered ones do with a probability below 2^-30.
 */
import type { Random } from '../runtime/random.ts'
import { IDENTITY_AT, IDENTITY_BYTES } from '../wire/envelope.ts'

export interface DedupOptions {
  /** Most transmissions to remember; rounded up to an even number. */
  readonly capacity: number
  /** Whether another attempt at the same message is another transmission. */
  readonly byAttempt: boolean
}

export class Dedup {
  /** Transmissions remembered at most. */
  readonly capacity: number
  readonly #perGeneration: number
  readonly #byAttempt: boolean
  readonly #mask: number
  readonly #seedA: number
  readonly #seedB: number
  /** Four words for each slot, the fingerprints of both generations: a lookup of a new one costs one cache line. */
  readonly #slots: Uint32Array
  /** Where in a slot the younger generation stands, 0 or 2. */
  #young: 0 | 2 = 0
  #youngSize = 0
  #oldSize = 0
  // The fingerprint computed last: two results without an object for each frame.
  #high = 0
  #low = 0

  constructor({ capacity, byAttempt }: DedupOptions, random: Random) {
    this.#byAttempt = byAttempt
    this.#perGeneration = Math.max(1, Math.ceil(capacity / 2))
    this.capacity = 2 * this.#perGeneration
    // At most half full, so that a probe ends after two steps or so.
    const slots = 2 ** Math.ceil(Math.log2(2 * this.#perGeneration))
    this.#mask = slots - 1
    this.#slots = new Uint32Array(4 * slots)
    this.#seedA = random.uint32()
    this.#seedB = random.uint32()
  }

  get size(): number {
    return this.#youngSize + this.#oldSize
  }

  /** Whether this envelope has been remembered. Changes nothing. */
  has(frame: Uint8Array): boolean {
    this.#fingerprint(frame)
    return this.#find(this.#young) < 0 || this.#find(2 - this.#young) < 0
  }

  /** Remembers it. Only for what has passed its signature check: else a forgery would block the original. */
  add(frame: Uint8Array): void {
    this.#fingerprint(frame)
    const free = this.#find(this.#young)
    if (free < 0) return
    this.#slots[free] = this.#high
    this.#slots[free + 1] = this.#low
    this.#youngSize += 1
    if (this.#youngSize === this.#perGeneration) this.#age()
  }

  /** The younger generation becomes the older, which is forgotten. */
  #age(): void {
    this.#young = this.#young === 0 ? 2 : 0
    for (let at: number = this.#young; at < this.#slots.length; at += 4) {
      this.#slots[at] = 0
      this.#slots[at + 1] = 0
    }
    this.#oldSize = this.#youngSize
    this.#youngSize = 0
  }

  /** Where the fingerprint belongs in the generation at this offset of its slots, or -1 where it stands already. */
  #find(generation: number): number {
    const slots = this.#slots
    let index = this.#low & this.#mask
    for (;;) {
      const at = 4 * index + generation
      const high = slots[at]
      const low = slots[at + 1]
      if (high === this.#high && low === this.#low) return -1
      if (high === 0 && low === 0) return at
      index = (index + 1) & this.#mask
    }
  }

  /** Mixes as MurmurHash3 does (Appleby, public domain), in two lanes with seeds of their own. */
  #fingerprint(frame: Uint8Array): void {
    let a = this.#seedA
    let b = this.#seedB
    for (let at = IDENTITY_AT; at < IDENTITY_AT + IDENTITY_BYTES; at += 4) {
      const word =
        ((frame[at] as number) << 24) |
        ((frame[at + 1] as number) << 16) |
        ((frame[at + 2] as number) << 8) |
        (frame[at + 3] as number)
      a = mix(a, word)
      b = mix(b, word ^ a)
    }
    const attempt = this.#byAttempt ? (frame[frame.length - 1] as number) : 0
    const last = ((frame[0] as number) << 8) | attempt
    this.#high = finish(mix(a, last))
    this.#low = finish(mix(b, last)) || 1 // a pair of zeros marks a free slot
  }
}

function mix(state: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51)
  k = (k << 15) | (k >>> 17)
  const h = state ^ Math.imul(k, 0x1b873593)
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0
}

function finish(state: number): number {
  let h = state ^ (state >>> 16)
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
