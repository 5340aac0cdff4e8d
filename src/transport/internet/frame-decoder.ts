/**
 * Cuts a byte stream into frames: an unsigned 32-bit big-endian length, then as many bytes
 * (docs/specs/link.md). Pure: chunks in, frames out.
 */

export const LENGTH_BYTES = 4

/** Why a stream cannot be read on: a length over the limit, or of zero. */
export type DecodeFault = 'oversized' | 'malformed'

export class FrameDecoder {
  readonly #maxFrameBytes: number
  readonly #chunks: Uint8Array[] = []
  /** How far the first chunk has been read. */
  #offset = 0
  #length = 0
  #lengthBytes = 0
  /** A frame that spans chunks, while it is being put together. */
  #partial: Uint8Array | undefined
  #filled = 0
  #fault: DecodeFault | undefined

  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes
  }

  /** Set for good when a length was wrong: what follows cannot be told apart from noise. */
  get fault(): DecodeFault | undefined {
    return this.#fault
  }

  /** Keeps `chunk` until its bytes have been read: the decoder's own memory is one frame at most. */
  feed(chunk: Uint8Array): void {
    if (chunk.length > 0 && this.#fault === undefined) this.#chunks.push(chunk)
  }

  /**
   * The next whole frame, or undefined until more is fed. A frame within one chunk is a view into it; one
   * that spans chunks is a copy.
   */
  next(): Uint8Array | undefined {
    for (;;) {
      const chunk = this.#chunks[0]
      if (chunk === undefined) return undefined
      const frame = this.#read(chunk)
      if (this.#fault !== undefined) this.#chunks.length = 0
      else if (this.#offset === chunk.length) this.#advance()
      if (frame !== undefined) return frame
    }
  }

  #read(chunk: Uint8Array): Uint8Array | undefined {
    if (this.#partial !== undefined) return this.#fill(this.#partial, chunk)
    if (!this.#readLength(chunk)) return undefined
    const length = this.#length
    if (length === 0) this.#fault = 'malformed'
    else if (length > this.#maxFrameBytes) this.#fault = 'oversized'
    if (this.#fault !== undefined) return undefined
    const start = this.#offset
    if (start + length <= chunk.length) {
      this.#offset = start + length
      return new Uint8Array(chunk.buffer, chunk.byteOffset + start, length)
    }
    // All of it is filled before anybody sees it.
    this.#partial = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer)
    this.#filled = 0
    return this.#fill(this.#partial, chunk)
  }

  /** @returns whether it is whole */
  #readLength(chunk: Uint8Array): boolean {
    const at = this.#offset
    if (this.#lengthBytes === 0 && at + LENGTH_BYTES <= chunk.length) {
      const low =
        ((chunk[at + 1] as number) << 16) | ((chunk[at + 2] as number) << 8) | (chunk[at + 3] as number)
      this.#length = (chunk[at] as number) * 2 ** 24 + low
      this.#offset = at + LENGTH_BYTES
      return true
    }
    if (this.#lengthBytes === 0) this.#length = 0
    while (this.#lengthBytes < LENGTH_BYTES) {
      if (this.#offset === chunk.length) return false
      this.#length = this.#length * 256 + (chunk[this.#offset++] as number)
      this.#lengthBytes += 1
    }
    this.#lengthBytes = 0
    return true
  }

  #fill(partial: Uint8Array, chunk: Uint8Array): Uint8Array | undefined {
    const part = chunk.subarray(this.#offset, this.#offset + partial.length - this.#filled)
    partial.set(part, this.#filled)
    this.#filled += part.length
    this.#offset += part.length
    if (this.#filled < partial.length) return undefined
    this.#partial = undefined
    return partial
  }

  #advance(): void {
    this.#chunks.shift()
    this.#offset = 0
  }
}
