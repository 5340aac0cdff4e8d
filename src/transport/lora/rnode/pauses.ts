/** How long to wait before a modem is tried again: doubling, until it has been in use for a while. */

const FIRST_MS = 500
const LONGEST_MS = 5000
/** A port without a modem is looked at more often: it costs nothing, and somebody may be waiting. */
const LONGEST_WHILE_ABSENT_MS = 1000
/** A modem that was in use for less has not recovered. */
const STABLE_MS = 10_000

/** `absent`: nobody answers. `odd`: somebody does, but not as it should. `useless`: it will not do soon. */
export type Failure = 'absent' | 'odd' | 'useless'

export class Pauses {
  #nextMs = FIRST_MS

  next(failure: Failure): number {
    const pauseMs = this.#nextMs
    this.#nextMs = Math.min(pauseMs * 2, LONGEST_MS)
    if (failure === 'useless') return LONGEST_MS
    return failure === 'absent' ? Math.min(pauseMs, LONGEST_WHILE_ABSENT_MS) : pauseMs
  }

  /** @returns whether it was in use long enough to be tried anew at once. */
  wasUp(forMs: number): boolean {
    const isStable = forMs >= STABLE_MS
    if (isStable) this.#nextMs = FIRST_MS
    return isStable
  }
}
