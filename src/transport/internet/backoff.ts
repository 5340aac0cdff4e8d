/** How long to wait between attempts: doubling from one to the next, and never the same for two nodes. */
import type { Random } from '../../runtime/random.ts'

export const FIRST_DELAY_MS = 250
export const LONGEST_DELAY_MS = 30_000

/** A peer that is not there may be restarting: for half a minute no wait is longer than this. */
export const EAGER_DELAY_MS = 1000
export const EAGER_WAITS = 40

export class Backoff {
  readonly #random: Random
  #ceilingMs = FIRST_DELAY_MS
  #eagerLeft = EAGER_WAITS

  constructor(random: Random) {
    this.#random = random
  }

  /** Whether a peer that is not there is looked for every second. */
  get isEager(): boolean {
    return this.#eagerLeft > 0
  }

  /**
   * The next wait, ms: between half the present ceiling and the whole of it.
   *
   * @param isAbsent whether nobody has answered. Whoever refuses, or loses the link again, is left more and more
   *   time from the start.
   */
  next(isAbsent: boolean): number {
    const ceilingMs = this.#ceilingMs
    const isEager = isAbsent && ceilingMs >= EAGER_DELAY_MS && this.#eagerLeft > 0
    if (isEager) this.#eagerLeft -= 1
    else this.#ceilingMs = Math.min(ceilingMs * 2, LONGEST_DELAY_MS)
    const longest = isEager ? EAGER_DELAY_MS : ceilingMs
    return longest * (0.5 + this.#random.float() / 2)
  }

  reset(): void {
    this.#ceilingMs = FIRST_DELAY_MS
    this.#eagerLeft = EAGER_WAITS
  }
}
