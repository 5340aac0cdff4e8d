/**
 * The frames that wait for a link, bounded in bytes over all of them: the most urgent priority first, and
 * within one the sources take turns.
 */
import type { Priority } from '../wire/frame.ts'
import { FairLane, shareOf } from './fair-lane.ts'

/** What a link queues unless it is told otherwise, bytes. */
export const DEFAULT_QUEUE_BYTES = 4 * 1024 * 1024

/** One source may have this many times as much waiting as there is room left: four fifths when it is alone. */
const SOURCE_SHARE = 4

export class SendQueue {
  readonly #lanes: readonly [FairLane, FairLane, FairLane, FairLane]
  readonly #maxBytes: number
  readonly #salt: number
  #bytes = 0
  #accepted = 0
  #isCongested = false

  /**
   * @param maxBytes the bound; at least the longest frame.
   * @param salt any 32 bits that a neighbour cannot guess: so it cannot choose whose share it uses.
   */
  constructor(maxBytes: number, salt = 0) {
    this.#maxBytes = maxBytes
    this.#salt = salt
    this.#lanes = [new FairLane(), new FairLane(), new FairLane(), new FairLane()]
  }

  get bytes(): number {
    return this.#bytes
  }

  get isEmpty(): boolean {
    return this.#bytes === 0
  }

  /**
   * Takes a frame, which is not empty, or returns false where there is no room for it. A source that fills
   * the queue is refused before the others are; one that has nothing waiting may use all that is left.
   */
  push(frame: Uint8Array, priority: Priority): boolean {
    const lane = this.#lanes[priority]
    const share = shareOf(frame, this.#salt)
    const left = this.#maxBytes - this.#bytes - frame.length
    const own = lane.bytesOf(share)
    if (left < 0 || (own > 0 && own + frame.length > SOURCE_SHARE * left)) {
      this.#isCongested = true
      return false
    }
    lane.push(share, frame, this.#accepted++)
    this.#bytes += frame.length
    if (this.#bytes * 2 >= this.#maxBytes) this.#isCongested = true
    return true
  }

  /** The frame that goes next, still in the queue. */
  peek(): Uint8Array | undefined {
    return this.#nextLane()?.peek()
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
    this.#bytes = 0
    return this.#lanes
      .flatMap((lane) => lane.clear())
      .sort((a, b) => a.number - b.number)
      .map(({ frame }) => frame)
  }

  #nextLane(): FairLane | undefined {
    const [control, receipt, text, bulk] = this.#lanes
    if (!control.isEmpty) return control
    if (!receipt.isEmpty) return receipt
    if (!text.isEmpty) return text
    return bulk.isEmpty ? undefined : bulk
  }
}
