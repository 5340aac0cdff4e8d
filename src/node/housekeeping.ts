/**
 * What a node does by the clock: a quick round while messages are under way, and a slow one always. Nothing
 * ticks in an idle node but the slow round.
 */
import type { Clock, Timer } from '../runtime/clock.ts'

const QUICK_MS = 250
const SLOW_MS = 10_000

export interface HousekeepingOptions {
  readonly clock: Clock
  /** Retries and short waits. @returns whether another quick round is needed. */
  readonly quick: () => boolean
  /** Expiry of tables. */
  readonly slow: () => void
}

export class Housekeeping {
  readonly #options: HousekeepingOptions
  #quick: Timer | undefined
  #slow: Timer | undefined
  #running = false

  constructor(options: HousekeepingOptions) {
    this.#options = options
  }

  start(): void {
    this.#running = true
    this.#scheduleSlow()
  }

  /** Something is under way: see to it that the quick round runs. Cheap to call again. */
  stir(): void {
    if (!this.#running || this.#quick !== undefined) return
    this.#quick = this.#options.clock.setTimer(QUICK_MS, () => {
      this.#quick = undefined
      if (this.#options.quick()) this.stir()
    })
  }

  stop(): void {
    this.#running = false
    this.#quick?.cancel()
    this.#slow?.cancel()
    this.#quick = undefined
  }

  #scheduleSlow(): void {
    this.#slow = this.#options.clock.setTimer(SLOW_MS, () => {
      this.#options.slow()
      if (this.#running) this.#scheduleSlow()
    })
  }
}
