/** A keyed hash of an address. Peers choose their addresses; without the key they cannot choose collisions. */

/**
 * HalfSipHash-1-3 (Aumasson and Bernstein) of the 16 bytes at `offset`, under a key of two 32-bit words.
 * Allocates nothing.
 *
 * @returns a signed 32-bit integer
 */
export function hashAddress(bytes: Uint8Array, offset: number, key0: number, key1: number): number {
  let v0 = key0 | 0
  let v1 = key1 | 0
  let v2 = key0 ^ 0x6c796765
  let v3 = key1 ^ 0x74656462
  // Four words of input, one of its length, and the three rounds that finish.
  for (let round = 0; round < 8; round++) {
    const word = round < 4 ? wordAt(bytes, offset + 4 * round) : round === 4 ? LENGTH_WORD : 0
    if (round === 5) v2 ^= 0xff
    v3 ^= word
    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)
    v0 ^= word
  }
  return v1 ^ v3
}

/** The last word of the padded input: 16, the length, in its top byte. */
const LENGTH_WORD = 16 << 24

function wordAt(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8)
  return low | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)
}
