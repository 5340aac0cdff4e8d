/** How much of the time the channel was in use of late, as far as this node sends or hears it. */

/** The use counts half after this, ms. */
const HALF_LIFE_MS = 10_000

export class AirUse {
  #ms = 0
  #at = 0

  add(now: number, airtimeMs: number): void {
    this.#fade(now)
    this.#ms += airtimeMs
  }

  /** 0 to about 1. */
  share(now: number): number {
    this.#fade(now)
    // What fades by half in the half-life comes to so much where the channel is never free.
    return (this.#ms * Math.LN2) / HALF_LIFE_MS
  }

  #fade(now: number): void {
    this.#ms *= 0.5 ** ((now - this.#at) / HALF_LIFE_MS)
    this.#at = now
  }
}
