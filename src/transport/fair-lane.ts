/**
 * Frames of one priority, shared fairly among the sources they come from: deficit round robin (Shreedhar and
 * Varghese, 1995) over a fixed number of shares, to which sources are hashed (stochastic fairness queueing,
 * McKenney, 1990). So a source that floods a link delays itself, and memory does not grow with the sources.
 */
import { SOURCE_AT } from '../wire/envelope.ts'
import { FrameKind, kindOf } from '../wire/frame.ts'

/** A power of two. Two sources share a share by chance one time in so many. */
export const SHARES = 64

/** What a share may send each time its turn comes, bytes: a few texts. A longer frame waits some turns. */
const QUANTUM_BYTES = 2048

/** A source has 16 bytes of address. */
const SOURCE_BYTES = 16

/** One share's frames, first in, first out, with the number each was accepted under. */
class Share {
  index = 0
  frames: Uint8Array[] = []
  numbers: number[] = []
  head = 0
  bytes = 0
  /** What it may still send in this turn. */
  credit = 0

  shift(): Uint8Array {
    const frame = this.frames[this.head] as Uint8Array
    this.head += 1
    this.bytes -= frame.length
    if (this.head === this.frames.length) {
      this.frames = []
      this.numbers = []
      this.head = 0
    } else if (this.head >= 256 && this.head * 2 >= this.frames.length) {
      // Shift the array rarely and by a lot: a queue that never empties must not grow for ever.
      this.frames.splice(0, this.head)
      this.numbers.splice(0, this.head)
      this.head = 0
    }
    return frame
  }
}

export interface Numbered {
  readonly frame: Uint8Array
  readonly number: number
}

export class FairLane {
  /** By index, those that hold something. */
  readonly #shares: (Share | undefined)[] = []
  /** Those that hold something, in the order of their turns; the first one's turn it is. */
  #turns: Share[] = []
  /** One that was used and is empty: most queues never hold frames of two sources at once. */
  #spare: Share | undefined

  get isEmpty(): boolean {
    return this.#turns.length === 0
  }

  /** What waits in a share, bytes. */
  bytesOf(index: number): number {
    return this.#shares[index]?.bytes ?? 0
  }

  push(index: number, frame: Uint8Array, number: number): void {
    let share = this.#shares[index]
    if (share === undefined) {
      share = this.#spare ?? new Share()
      this.#spare = undefined
      share.index = index
      share.credit = QUANTUM_BYTES
      this.#shares[index] = share
      this.#turns.push(share)
    }
    share.frames.push(frame)
    share.numbers.push(number)
    share.bytes += frame.length
  }

  /** The frame that goes next, still in the lane. */
  peek(): Uint8Array | undefined {
    const share = this.#turn()
    return share?.frames[share.head]
  }

  shift(): Uint8Array | undefined {
    const share = this.#turn()
    if (share === undefined) return undefined
    const frame = share.shift()
    // Whoever is alone takes nothing from anybody.
    if (this.#turns.length > 1) share.credit -= frame.length
    if (share.bytes === 0) {
      this.#turns.shift()
      this.#shares[share.index] = undefined
      this.#spare = share
    }
    return frame
  }

  /** Empties the lane, in no particular order. */
  clear(): Numbered[] {
    const all = this.#turns.flatMap(({ frames, numbers, head }) =>
      frames.slice(head).map((frame, n) => ({ frame, number: numbers[head + n] as number })),
    )
    for (const { index } of this.#turns) this.#shares[index] = undefined
    this.#turns = []
    return all
  }

  /** Whose turn it is, with credit for its next frame. */
  #turn(): Share | undefined {
    const turns = this.#turns
    if (turns.length < 2) return turns[0]
    for (;;) {
      const share = turns[0] as Share
      if (share.credit >= (share.frames[share.head] as Uint8Array).length) return share
      share.credit += QUANTUM_BYTES
      turns.shift()
      turns.push(share)
    }
  }
}

/**
 * The share of a frame: that of its source. Frames that are no envelopes, such as announces, have one of
 * their own together.
 */
export function shareOf(frame: Uint8Array, salt: number): number {
  if (frame.length < SOURCE_AT + SOURCE_BYTES) return 0
  const kind = kindOf(frame)
  if (kind !== FrameKind.message && kind !== FrameKind.report && kind !== FrameKind.trace) return 0
  let hash = salt
  for (let at = SOURCE_AT; at < SOURCE_AT + SOURCE_BYTES; at += 4) {
    const word =
      ((frame[at] as number) << 24) |
      ((frame[at + 1] as number) << 16) |
      ((frame[at + 2] as number) << 8) |
      (frame[at + 3] as number)
    hash = Math.imul(hash ^ word, 0x9e3779b1)
    hash ^= hash >>> 15
  }
  return 1 + ((hash >>> 8) & (SHARES - 1))
}
