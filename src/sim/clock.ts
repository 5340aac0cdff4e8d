/** A clock that stands still until it is told to go on: tests and simulations run on it. */
import { type Clock, LONGEST_TIMER_MS, type Timer } from '../runtime/clock.ts'

interface Entry {
  readonly at: number
  readonly order: number
  task: (() => void) | undefined
}

export class VirtualClock implements Clock {
  #elapsed = 0
  #start: number
  #order = 0
  /** A binary heap: the earliest entry first, and among equals the one that was set first. */
  readonly #heap: Entry[] = []

  /** @param startMs wall-clock time at the start, ms since the Unix epoch; 2026-01-01 unless given. */
  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#start = startMs
  }

  now(): number {
    return Math.floor(this.#start + this.#elapsed)
  }

  monotonic(): number {
    return this.#elapsed
  }

  /** Nothing happens before this time, by `monotonic`; undefined where nothing is set. */
  get nextAt(): number | undefined {
    return this.#heap[0]?.at
  }

  setTimer(delayMs: number, task: () => void): Timer {
    const delay = Math.min(Math.max(0, delayMs), LONGEST_TIMER_MS)
    const entry: Entry = { at: this.#elapsed + delay, order: this.#order++, task }
    this.#push(entry)
    return {
      cancel: () => {
        entry.task = undefined
      },
    }
  }

  defer(task: () => void): void {
    this.setTimer(0, task)
  }

  /** Sets the wall clock forward or back, as an administrator or NTP would. Timers do not notice. */
  stepWallClock(byMs: number): void {
    this.#start += byMs
  }

  /** Runs everything that is due within the next `ms`, in order, and leaves the clock there. */
  advance(ms: number): void {
    const until = this.#elapsed + ms
    while (this.#runNext(until)) {
      // each entry may set further ones
    }
    this.#elapsed = until
  }

  /** The same, and after each entry lets pending promise callbacks run: for code that awaits. */
  async advanceAsync(ms: number): Promise<void> {
    const until = this.#elapsed + ms
    await settle()
    while (this.#runNext(until)) await settle()
    this.#elapsed = until
    await settle()
  }

  #runNext(until: number): boolean {
    const next = this.#heap[0]
    if (next === undefined || next.at > until) return false
    this.#pop()
    this.#elapsed = next.at
    next.task?.()
    return true
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    let index = heap.length
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent] as Entry
      if (!before(entry, above)) break
      heap[index] = above
      index = parent
    }
    heap[index] = entry
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop() as Entry
    if (heap.length === 0) return
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1] as Entry, heap[child] as Entry)) child += 1
      if (!before(heap[child] as Entry, last)) break
      heap[index] = heap[child] as Entry
      index = child
    }
    heap[index] = last
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

/** A turn of the real event loop: every promise callback that can run has run. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
