/** Frames on their way: those that wait to be sent, and those that are on the wire. Entries come from a pool. */
import type { Priority } from '../wire/frame.ts'

interface Entry {
  /** When it arrives; while it waits to be sent, its place in the order it was accepted in. */
  at: number
  /** Undefined for the end of the link. */
  frame: Uint8Array | undefined
  next: Entry | undefined
}

/** The free entries of a whole network. */
export class EntryPool {
  #free: Entry | undefined

  take(at: number, frame: Uint8Array | undefined): Entry {
    const entry = this.#free
    if (entry === undefined) return { at, frame, next: undefined }
    this.#free = entry.next
    entry.at = at
    entry.frame = frame
    entry.next = undefined
    return entry
  }

  give(entry: Entry): void {
    entry.frame = undefined
    entry.next = this.#free
    this.#free = entry
  }
}

/** In the order of their `at`, those with the same one first come first served. */
export class FrameList {
  readonly #pool: EntryPool
  #first: Entry | undefined
  #last: Entry | undefined

  constructor(pool: EntryPool) {
    this.#pool = pool
  }

  get isEmpty(): boolean {
    return this.#first === undefined
  }

  /** The `at` of the first; infinite where there is none. */
  get firstAt(): number {
    return this.#first === undefined ? Number.POSITIVE_INFINITY : this.#first.at
  }

  add(at: number, frame: Uint8Array | undefined): void {
    const entry = this.#pool.take(at, frame)
    if (this.#last === undefined) {
      this.#first = entry
      this.#last = entry
    } else if (this.#last.at <= at) {
      this.#last.next = entry
      this.#last = entry
    } else this.#insert(entry)
  }

  /** Takes out the first, which there is. @returns its frame. */
  shift(): Uint8Array | undefined {
    const entry = this.#first as Entry
    const { frame } = entry
    this.#first = entry.next
    if (this.#first === undefined) this.#last = undefined
    this.#pool.give(entry)
    return frame
  }

  clear(): void {
    while (this.#first !== undefined) this.shift()
  }

  #insert(entry: Entry): void {
    let before: Entry | undefined
    let after = this.#first
    while (after !== undefined && after.at <= entry.at) {
      before = after
      after = after.next
    }
    entry.next = after
    if (before === undefined) this.#first = entry
    else before.next = entry
  }
}

/**
 * What waits for a link: the most urgent first, bounded in bytes. The same rules as the product's SendQueue,
 * with no memory of its own for a frame that leaves at the end of the tick.
 */
export class WaitingFrames {
  readonly #lanes: readonly [FrameList, FrameList, FrameList, FrameList]
  readonly #maxBytes: number
  #bytes = 0
  #accepted = 0
  #isCongested = false

  constructor(maxBytes: number, pool: EntryPool) {
    this.#maxBytes = maxBytes
    this.#lanes = [new FrameList(pool), new FrameList(pool), new FrameList(pool), new FrameList(pool)]
  }

  get bytes(): number {
    return this.#bytes
  }

  /** From half full, or a refusal, until {@link takeDrained} says otherwise. */
  get isCongested(): boolean {
    return this.#isCongested
  }

  push(frame: Uint8Array, priority: Priority): boolean {
    const bytes = this.#bytes + frame.length
    if (bytes * 2 >= this.#maxBytes) this.#isCongested = true
    if (bytes > this.#maxBytes) return false
    this.#bytes = bytes
    this.#lanes[priority].add(this.#accepted++, frame)
    return true
  }

  shift(): Uint8Array | undefined {
    for (const lane of this.#lanes) if (!lane.isEmpty) return this.#take(lane)
    return undefined
  }

  /** True once after a congestion, as soon as less than a quarter is left. */
  takeDrained(): boolean {
    if (!this.#isCongested || this.#bytes * 4 >= this.#maxBytes) return false
    this.#isCongested = false
    return true
  }

  /** Empties it. The frames come in the order they were accepted in, whatever their priority. */
  clear(): Uint8Array[] {
    const frames: Uint8Array[] = []
    while (this.#bytes > 0) {
      frames.push(this.#take(this.#lanes.reduce((a, b) => (b.firstAt < a.firstAt ? b : a))))
    }
    return frames
  }

  #take(lane: FrameList): Uint8Array {
    const frame = lane.shift() as Uint8Array
    this.#bytes -= frame.length
    return frame
  }
}
