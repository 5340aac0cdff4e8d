/**
 * Randomness, as everything above `runtime/` sees it: the other half of the Clock + Random seam.
 * {@link systemRandom} is the operating system's generator and the only source for key material in
 * production; {@link seededRandom} gives tests and simulations the same sequence for the same seed.
 */
import { createHash, getRandomValues } from 'node:crypto'

export interface Random {
  /** `length` fresh bytes. */
  bytes(length: number): Uint8Array
  /** An integer in 0 .. 2^32 - 1. */
  uint32(): number
  /** A number in [0, 1). */
  float(): number
  /** An integer in 0 .. `limit` - 1, unbiased. `limit` is in 1 .. 2^32. */
  below(limit: number): number
  /**
   * A generator for one part of the program. With a seed, what one fork draws never shifts what another
   * sees, so adding a draw in one place does not change the run everywhere else.
   */
  fork(label: string): Random
}

abstract class WordRandom implements Random {
  abstract uint32(): number
  abstract fork(label: string): Random

  bytes(length: number): Uint8Array {
    const out = new Uint8Array(length)
    for (let i = 0; i < length; i += 4) {
      const word = this.uint32()
      for (let k = i; k < i + 4 && k < length; k++) out[k] = word >>> (8 * (k - i))
    }
    return out
  }

  float(): number {
    return this.uint32() / 2 ** 32
  }

  below(limit: number): number {
    // Reject the last, incomplete run of `limit` values, so that each result is equally likely.
    const usable = 2 ** 32 - (2 ** 32 % limit)
    let word = this.uint32()
    while (word >= usable) word = this.uint32()
    return word % limit
  }
}

class SystemRandom extends WordRandom {
  // One call into the system fills 256 draws: a call costs far more than the bytes do.
  readonly #pool = new Uint32Array(256)
  #next = 256

  uint32(): number {
    if (this.#next === this.#pool.length) {
      getRandomValues(this.#pool)
      this.#next = 0
    }
    const word = this.#pool[this.#next] as number
    this.#pool[this.#next] = 0 // a word may become key material: do not keep what was handed out
    this.#next += 1
    return word
  }

  fork(): Random {
    return this
  }
}

/** xoshiro128** (Blackman and Vigna, 2018), seeded with the SHA-256 of the seed's text. Not for keys. */
class SeededRandom extends WordRandom {
  readonly #seed: string
  readonly #state: Uint32Array

  constructor(seed: string) {
    super()
    this.#seed = seed
    const digest = createHash('sha256').update(seed).digest()
    this.#state = Uint32Array.from([0, 4, 8, 12], (offset) => digest.readUInt32LE(offset))
  }

  uint32(): number {
    const [a, b, c, d] = this.#state as unknown as [number, number, number, number]
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0
    this.#state[0] = a ^ d ^ b
    this.#state[1] = b ^ c ^ a
    this.#state[2] = c ^ a ^ (b << 9)
    this.#state[3] = rotateLeft(d ^ b, 11)
    return result
  }

  fork(label: string): Random {
    return new SeededRandom(`${this.#seed}/${label}`)
  }
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}

export const systemRandom: Random = new SystemRandom()

/** A repeatable generator. The same seed gives the same sequence on every machine and Node version. */
export function seededRandom(seed: string | number): Random {
  return new SeededRandom(String(seed))
}
