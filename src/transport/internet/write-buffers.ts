/** Memory that writes are put together in. Fresh memory of 64 KiB for each costs more than filling it. */

/** Holds every write there is: WRITE_BYTES of frames, or the longest frame behind an ACK. */
const BUFFER_BYTES = 66_048

/** Below this a write has memory of its own: it is cheap, and what is held back does not tie up a whole buffer. */
const SMALL_BYTES = 4096

export class WriteBuffers {
  #free: ArrayBufferLike | undefined

  /** Memory for one write of so many bytes, with anything in it. */
  take(length: number): Buffer {
    if (length < SMALL_BYTES || length > BUFFER_BYTES) return Buffer.allocUnsafe(length)
    const buffer = this.#free ?? Buffer.allocUnsafeSlow(BUFFER_BYTES).buffer
    this.#free = undefined
    return Buffer.from(buffer, 0, length)
  }

  /** Nobody else holds this write any more. */
  giveBack({ buffer }: Buffer): void {
    if (buffer.byteLength === BUFFER_BYTES) this.#free = buffer
  }
}
