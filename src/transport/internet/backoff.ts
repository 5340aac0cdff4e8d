/** How long to wait between attempts: doubling from one to the next, and never the same for two nodes. */
import type { Random } from '../../runtime/random.ts'

export const FIRST_DELAY_MS = 250
export const LONGEST_DELAY_MS = 30_000

export class Backoff {
  readonly #random: Random
  #ceilingMs = FIRST_DELAY_MS

  constructor(random: Random) {
    this.#random = random
  }

  /** The next wait, ms: between half the present ceiling and the whole of it. */
  next(): number {
    const ceilingMs = this.#ceilingMs
    this.#ceilingMs = Math.min(ceilingMs * 2, LONGEST_DELAY_MS)
    return ceilingMs * (0.5 + this.#random.float() / 2)
  }

  reset(): void {
    this.#ceilingMs = FIRST_DELAY_MS
  }
}
