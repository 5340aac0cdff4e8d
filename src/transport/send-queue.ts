/** The frames that wait for a link: first in, first out within a priority, bounded in bytes over all of them. */
import type { Priority } from '../wire/frame.ts'

/** What a link queues unless it is told otherwise, bytes. */
export const DEFAULT_QUEUE_BYTES = 4 * 1024 * 1024

/** One priority's frames, with the number each was accepted under. */
class Lane {
  frames: Uint8Array[] = []
  numbers: number[] = []
  #head = 0

  get isEmpty(): boolean {
    return this.#head === this.frames.length
  }

  get first(): Uint8Array {
    return this.frames[this.#head] as Uint8Array
  }

  /** The number of the oldest frame; infinite when there is none. */
  get firstNumber(): number {
    return this.numbers[this.#head] ?? Number.POSITIVE_INFINITY
  }

  push(frame: Uint8Array, number: number): void {
    this.frames.push(frame)
    this.numbers.push(number)
  }

  shift(): Uint8Array {
    const frame = this.first
    this.#head += 1
    if (this.isEmpty) {
      this.frames = []
      this.numbers = []
      this.#head = 0
    } else if (this.#head >= 256 && this.#head * 2 >= this.frames.length) {
      // Shift the array rarely and by a lot: a queue that never empties must not grow for ever.
      this.frames.splice(0, this.#head)
      this.numbers.splice(0, this.#head)
      this.#head = 0
    }
    return frame
  }
}

export class SendQueue {
  readonly #lanes: readonly [Lane, Lane, Lane, Lane] = [new Lane(), new Lane(), new Lane(), new Lane()]
  readonly #maxBytes: number
  #bytes = 0
  #accepted = 0
  #isCongested = false

  /** @param maxBytes the bound; at least the longest frame. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  get isEmpty(): boolean {
    return this.#bytes === 0
  }

  /** Takes a frame, which is not empty, or returns false where there is no room for it. */
  push(frame: Uint8Array, priority: Priority): boolean {
    if (this.#bytes + frame.length > this.#maxBytes) {
      this.#isCongested = true
      return false
    }
    this.#lanes[priority].push(frame, this.#accepted++)
    this.#bytes += frame.length
    if (this.#bytes * 2 >= this.#maxBytes) this.#isCongested = true
    return true
  }

  /** The frame that goes next, still in the queue. */
  peek(): Uint8Array | undefined {
    return this.#nextLane()?.first
  }

  shift(): Uint8Array | undefined {
    const frame = this.#nextLane()?.shift()
    if (frame !== undefined) this.#bytes -= frame.length
    return frame
  }

  /** True from half full, or a refusal, until {@link takeDrained} says otherwise. */
  get isCongested(): boolean {
    return this.#isCongested
  }

  /** True once after a congestion, as soon as less than a quarter is left: the moment to say `drained`. */
  takeDrained(): boolean {
    if (!this.#isCongested || this.#bytes * 4 >= this.#maxBytes) return false
    this.#isCongested = false
    return true
  }

  /** Empties the queue. The frames come in the order they were accepted in, whatever their priority. */
  clear(): Uint8Array[] {
    const frames: Uint8Array[] = []
    while (this.#bytes > 0) {
      const oldest = this.#lanes.reduce((a, b) => (b.firstNumber < a.firstNumber ? b : a))
      const frame = oldest.shift()
      this.#bytes -= frame.length
      frames.push(frame)
    }
    return frames
  }

  #nextLane(): Lane | undefined {
    const [control, receipt, text, bulk] = this.#lanes
    if (!control.isEmpty) return control
    if (!receipt.isEmpty) return receipt
    if (!text.isEmpty) return text
    return bulk.isEmpty ? undefined : bulk
  }
}
