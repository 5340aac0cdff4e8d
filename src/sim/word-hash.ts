/**
 * A fast 64-bit hash in two lanes that mix as MurmurHash3 does (Appleby, public domain). For fingerprints in
 * simulations, where nobody tries to find collisions; not for anything a peer could profit from.
 */
export class WordHash {
  #a = 0
  #b = 0

  reset(): void {
    this.#a = 0x9747b28c
    this.#b = 0x2f0b4f1d
  }

  word(word: number): void {
    let a = Math.imul(word, 0xcc9e2d51)
    a = Math.imul((a << 15) | (a >>> 17), 0x1b873593) ^ this.#a
    this.#a = (Math.imul((a << 13) | (a >>> 19), 5) + 0xe6546b64) | 0
    let b = Math.imul(word ^ this.#a, 0x85ebca6b)
    b = Math.imul((b << 16) | (b >>> 16), 0xc2b2ae35) ^ this.#b
    this.#b = (Math.imul((b << 13) | (b >>> 19), 5) + 0x561ccd1b) | 0
  }

  bytes(bytes: Uint8Array): void {
    const { length } = bytes
    const whole = length & ~3
    for (let at = 0; at < whole; at += 4) {
      this.word(
        ((bytes[at] as number) << 24) |
          ((bytes[at + 1] as number) << 16) |
          ((bytes[at + 2] as number) << 8) |
          (bytes[at + 3] as number),
      )
    }
    let last = length
    for (let at = whole; at < length; at++) last = (last << 8) | (bytes[at] as number)
    this.word(last)
  }

  /** 32 bits, signed; each call gives further ones. */
  next(): number {
    this.word(0x5bd1e995)
    return this.#a ^ this.#b
  }

  /** 16 hexadecimal digits for what has been hashed so far. */
  toString(): string {
    return [this.#a, this.#b].map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('')
  }
}
