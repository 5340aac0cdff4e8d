/**
 * The bytes of many announces, without an object for each. An announce lies in a chain of chunks of one size,
 * so whatever lengths come and go, a freed chunk fits the next announce and memory stays at its peak use.
 */
import { readU32, writeU32 } from '../wire/bytes.ts'

/** Of two lines of the processor's cache, so that a bare announce of 113 bytes takes two chunks. */
const CHUNK_BYTES = 64
/** The last four bytes of a chunk say where the announce goes on, or, under the flag, how much of it is here. */
const LINK_AT = CHUNK_BYTES - 4
const LAST = 0x80000000
const NONE = 0xffffffff
/** A slab of 64 KiB. The first grows up to it by doubling, since most tables are small. */
const SLAB_SHIFT = 10
const SLAB_CHUNKS = 1 << SLAB_SHIFT
const FIRST_CHUNKS = 16

export class AnnounceArena {
  readonly #slabs: Uint8Array[] = []
  #free = NONE
  /** Chunks that have been given out at least once. */
  #chunkEnd = 0
  #chunks = 0

  /** Memory taken, bytes. */
  get bytes(): number {
    return this.#chunks * CHUNK_BYTES
  }

  /** Copies a frame of at least one byte. @returns the handle to find it by. */
  put(frame: Uint8Array): number {
    const first = this.#take()
    let chunk = first
    for (let from = 0; ; ) {
      const left = frame.length - from
      const length = Math.min(left, LINK_AT)
      const slab = this.#slabOf(chunk)
      const at = offsetOf(chunk)
      for (let i = 0; i < length; i++) slab[at + i] = frame[from + i] as number
      if (length === left) {
        writeU32(slab, at + LINK_AT, LAST + length)
        return first
      }
      from += length
      // Taking one may grow the slab into a new array.
      const next = this.#take()
      writeU32(this.#slabOf(chunk), at + LINK_AT, next)
      chunk = next
    }
  }

  /** A copy of the frame. */
  copy(handle: number): Uint8Array {
    const frame = new Uint8Array(this.#lengthOf(handle))
    let chunk = handle
    for (let to = 0; to < frame.length; to += LINK_AT) {
      const slab = this.#slabOf(chunk)
      const at = offsetOf(chunk)
      const length = Math.min(LINK_AT, frame.length - to)
      for (let i = 0; i < length; i++) frame[to + i] = slab[at + i] as number
      chunk = readU32(slab, at + LINK_AT)
    }
    return frame
  }

  /** The frame's first 60 bytes where they lie: to be read at once, and neither kept nor changed. */
  head(handle: number): Uint8Array {
    const at = offsetOf(handle)
    return this.#slabOf(handle).subarray(at, at + LINK_AT)
  }

  /** Gives the frame's room back. The handle may be given out again. */
  free(handle: number): void {
    let chunk = handle
    for (;;) {
      const slab = this.#slabOf(chunk)
      const at = offsetOf(chunk) + LINK_AT
      const next = readU32(slab, at)
      writeU32(slab, at, this.#free)
      this.#free = chunk
      if (next >= LAST) return
      chunk = next
    }
  }

  #lengthOf(handle: number): number {
    let length = 0
    for (let chunk = handle; ; length += LINK_AT) {
      const next = readU32(this.#slabOf(chunk), offsetOf(chunk) + LINK_AT)
      if (next >= LAST) return length + (next - LAST)
      chunk = next
    }
  }

  #take(): number {
    const freed = this.#free
    if (freed !== NONE) {
      this.#free = readU32(this.#slabOf(freed), offsetOf(freed) + LINK_AT)
      return freed
    }
    if (this.#chunkEnd === this.#chunks) this.#grow()
    return this.#chunkEnd++
  }

  #grow(): void {
    const first = this.#slabs[0]
    if (this.#chunks >= SLAB_CHUNKS) {
      this.#slabs.push(new Uint8Array(SLAB_CHUNKS * CHUNK_BYTES))
      this.#chunks += SLAB_CHUNKS
      return
    }
    this.#chunks = Math.max(2 * this.#chunks, FIRST_CHUNKS)
    const larger = new Uint8Array(this.#chunks * CHUNK_BYTES)
    if (first !== undefined) larger.set(first)
    this.#slabs[0] = larger
  }

  #slabOf(chunk: number): Uint8Array {
    return this.#slabs[chunk >>> SLAB_SHIFT] as Uint8Array
  }
}

function offsetOf(chunk: number): number {
  return (chunk & (SLAB_CHUNKS - 1)) * CHUNK_BYTES
}
