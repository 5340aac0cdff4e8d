/** The frames that have left and of which the neighbour has not said that it has them, in their order. */

export interface WindowLimits {
  readonly bytes: number
  readonly frames: number
}

export class Unacknowledged {
  readonly #limits: WindowLimits
  /** The frames of each write: what is done here is done once for a write, not once for a frame. */
  #writes: (readonly Uint8Array[])[] = []
  /** How many frames of the first write are acknowledged. */
  #head = 0
  #length = 0
  #bytes = 0
  #unaskedBytes = 0
  #unaskedFrames = 0
  /** How many were acknowledged since the start, modulo 2^32. */
  #acknowledged = 0

  constructor(limits: WindowLimits) {
    this.#limits = limits
  }

  get bytes(): number {
    return this.#bytes
  }

  get length(): number {
    return this.#length
  }

  /** Nothing more may leave before something is acknowledged. One write fits always. */
  get isFull(): boolean {
    return this.#bytes >= this.#limits.bytes || this.#length >= this.#limits.frames
  }

  /** It is time to ask: since the last question a quarter of the window was used. */
  get isFilling(): boolean {
    return this.#unaskedBytes * 4 >= this.#limits.bytes || this.#unaskedFrames * 4 >= this.#limits.frames
  }

  /** What has left so far is asked about. */
  asked(): void {
    this.#unaskedBytes = 0
    this.#unaskedFrames = 0
  }

  /** Frames have left in one write. @param bytes what they have together */
  add(frames: readonly Uint8Array[], bytes: number): void {
    this.#writes.push(frames)
    this.#length += frames.length
    this.#bytes += bytes
    this.#unaskedBytes += bytes
    this.#unaskedFrames += frames.length
  }

  /**
   * @param received how many frames the neighbour has had since the start, modulo 2^32.
   * @returns how many of them are new, or -1 where it claims more than were sent.
   */
  acknowledge(received: number): number {
    const count = (received - this.#acknowledged) >>> 0
    if (count > this.#length) return -1
    this.#acknowledged = received
    this.#length -= count
    let whole = 0
    let left = count
    while (left > 0) {
      const write = this.#writes[whole] as readonly Uint8Array[]
      const end = Math.min(write.length, this.#head + left)
      for (let index = this.#head; index < end; index++) this.#bytes -= (write[index] as Uint8Array).length
      left -= end - this.#head
      this.#head = end
      if (end < write.length) break
      whole += 1
      this.#head = 0
    }
    if (whole > 0) this.#writes = this.#writes.slice(whole)
    return count
  }

  /** Empties it. The frames come in the order they left in. */
  clear(): Uint8Array[] {
    const frames = this.#writes.flat().slice(this.#head)
    this.#writes = []
    this.#head = 0
    this.#length = 0
    this.#bytes = 0
    return frames
  }
}
