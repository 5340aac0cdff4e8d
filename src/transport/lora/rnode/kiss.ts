/**
 * The framing on the line to an RNode, for both of its ends. A frame is C0, a command byte, its arguments and
 * C0; one C0 may end a frame and begin the next. In the arguments C0 stands as DB DC and DB as DB DD; the
 * command byte stands as it is.
 */

const FEND = 0xc0
const FESC = 0xdb
const ESCAPED_FEND = 0xdc
const ESCAPED_FESC = 0xdd

/** The longest arguments that a decoder keeps unless it is told otherwise, bytes: a packet is shorter. */
export const MAX_ARGUMENT_BYTES = 512

/** One frame as it goes over the line. Frames may follow each other directly. */
export function encodeKiss(command: number, args: ArrayLike<number>): Uint8Array {
  let escapes = 0
  for (let i = 0; i < args.length; i++) if (args[i] === FEND || args[i] === FESC) escapes += 1
  const frame = new Uint8Array(3 + args.length + escapes)
  frame[0] = FEND
  frame[1] = command
  let at = 2
  for (let i = 0; i < args.length; i++) {
    const byte = args[i] as number
    if (byte === FEND || byte === FESC) {
      frame[at++] = FESC
      frame[at++] = byte === FEND ? ESCAPED_FEND : ESCAPED_FESC
    } else {
      frame[at++] = byte
    }
  }
  frame[at] = FEND
  return frame
}

/** What a decoder did not deliver. Plain numbers that never go down. */
export interface KissCounters {
  /** Bytes before the first C0, or after a frame that was given up: the text of a boot, for instance. */
  garbageBytes: number
  /** Frames with an escape that is none, or that ended within one. */
  malformed: number
  /** Frames with longer arguments than the decoder keeps. */
  oversized: number
  /** Frames that `reset` gave up. */
  droppedPartial: number
}

type State = 'outside' | 'start' | 'arguments' | 'escape'

/** Takes bytes in pieces of any size and calls back for each whole frame. Empty frames are passed over. */
export class KissDecoder {
  readonly counters: KissCounters = { garbageBytes: 0, malformed: 0, oversized: 0, droppedPartial: 0 }
  readonly #onFrame: (command: number, args: Uint8Array) => void
  readonly #args: Uint8Array
  #state: State = 'outside'
  #command = 0
  #length = 0

  /**
   * @param onFrame gets a view of the decoder's own memory: copy what outlives the call. It may call `reset`.
   * @param maxArgumentBytes a frame with longer arguments is passed over.
   */
  constructor(
    onFrame: (command: number, args: Uint8Array) => void,
    maxArgumentBytes: number = MAX_ARGUMENT_BYTES,
  ) {
    this.#onFrame = onFrame
    this.#args = new Uint8Array(maxArgumentBytes)
  }

  /** The command of the frame that has begun and not ended; undefined between frames. */
  get partialCommand(): number | undefined {
    return this.#state === 'arguments' || this.#state === 'escape' ? this.#command : undefined
  }

  /** The arguments so far of the frame that has begun and not ended, as a view. */
  get partialArguments(): Uint8Array {
    return this.#args.subarray(0, this.partialCommand === undefined ? 0 : this.#length)
  }

  push(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) this.#take(bytes[i] as number)
  }

  /** Gives up the frame that has begun. What follows up to the next C0 is garbage. */
  reset(): void {
    if (this.partialCommand !== undefined) this.counters.droppedPartial += 1
    this.#state = 'outside'
  }

  #take(byte: number): void {
    if (byte === FEND) {
      this.#end()
      return
    }
    switch (this.#state) {
      case 'outside':
        this.counters.garbageBytes += 1
        return
      case 'start':
        this.#command = byte
        this.#length = 0
        this.#state = 'arguments'
        return
      case 'arguments':
        if (byte === FESC) this.#state = 'escape'
        else this.#append(byte)
        return
      case 'escape':
        this.#state = 'arguments'
        if (byte === ESCAPED_FEND) this.#append(FEND)
        else if (byte === ESCAPED_FESC) this.#append(FESC)
        else this.#giveUp('malformed')
        return
    }
  }

  #append(byte: number): void {
    if (this.#length === this.#args.length) this.#giveUp('oversized')
    else this.#args[this.#length++] = byte
  }

  #giveUp(why: 'malformed' | 'oversized'): void {
    this.counters[why] += 1
    this.#state = 'outside'
  }

  #end(): void {
    const state = this.#state
    // Before the call, so that a `reset` within it holds.
    this.#state = 'start'
    if (state === 'arguments') this.#onFrame(this.#command, this.#args.subarray(0, this.#length))
    else if (state === 'escape') this.counters.malformed += 1
  }
}
