/** The frames that have left and of which the neighbour has not said that it has them, in their order. */

export interface WindowLimits {
  readonly bytes: number
  readonly frames: number
}

export class Unacknowledged {
  readonly #limits: WindowLimits
  #frames: Uint8Array[] = []
  #head = 0
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
    return this.#frames.length - this.#head
  }

  /** Nothing more may leave before something is acknowledged. One frame fits always. */
  get isFull(): boolean {
    return this.#bytes >= this.#limits.bytes || this.length >= this.#limits.frames
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

  add(frame: Uint8Array): void {
    this.#frames.push(frame)
    this.#bytes += frame.length
    this.#unaskedBytes += frame.length
    this.#unaskedFrames += 1
  }

  /**
   * @param received how many frames the neighbour has had since the start, modulo 2^32.
   * @returns how many of them are new, or -1 where it claims more than were sent.
   */
  acknowledge(received: number): number {
    const count = (received - this.#acknowledged) >>> 0
    if (count > this.length) return -1
    const end = this.#head + count
    for (let index = this.#head; index < end; index++) {
      this.#bytes -= (this.#frames[index] as Uint8Array).length
    }
    this.#acknowledged = received
    this.#head = end
    if (end === this.#frames.length) this.#frames = []
    else if (end * 2 >= this.#frames.length) this.#frames = this.#frames.slice(end)
    else return count
    this.#head = 0
    return count
  }

  /** Empties it. The frames come in the order they left in. */
  clear(): Uint8Array[] {
    const frames = this.#frames.slice(this.#head)
    this.#frames = []
    this.#head = 0
    this.#bytes = 0
    return frames
  }
}
