/**
 * Who sent when, over the last hour, to the millisecond: what a duty cycle means to a regulator. In no window
 * of that length, wherever it begins, may the time on air exceed the share.
 */

const HOUR_MS = 3_600_000

export class AirtimeLedger {
  readonly #windowMs: number
  readonly #budgetMs: number
  /** Of each transmission of the last hour, oldest first. */
  #starts: number[] = []
  #ends: number[] = []
  /** Those before it have left the window. */
  #head = 0
  #totalMs = 0

  /** @param share 0.01 for 1 % of the time; 1 for no limit. */
  constructor(share: number, windowMs = HOUR_MS) {
    this.#windowMs = windowMs
    this.#budgetMs = share * windowMs
  }

  /** No transmission may take longer than this, ms. */
  get budgetMs(): number {
    return this.#budgetMs
  }

  /** Time on air between `from` and now, ms. `from` is within the last hour. */
  since(from: number): number {
    let sum = 0
    for (let i = this.#ends.length - 1; i >= this.#head && (this.#ends[i] as number) > from; i--) {
      sum += (this.#ends[i] as number) - Math.max(from, this.#starts[i] as number)
    }
    return sum
  }

  /** The earliest time, from `now` on, at which a transmission of `lasts` ms may begin; never for infinity. */
  earliest(now: number, lasts: number): number {
    const room = this.#budgetMs - lasts
    if (room < 0) return Number.POSITIVE_INFINITY
    this.#forget(now - this.#windowMs)
    if (this.#totalMs <= room) return now
    // Time on air in a window is highest when a transmission ends: there only `room` of the past may be in it.
    let sum = 0
    for (let i = this.#ends.length - 1; i >= this.#head; i--) {
      const length = (this.#ends[i] as number) - (this.#starts[i] as number)
      if (sum + length > room) {
        const windowStart = (this.#ends[i] as number) - (room - sum)
        return Math.max(now, windowStart + this.#windowMs - lasts)
      }
      sum += length
    }
    return now
  }

  /** Notes a transmission; they come in order and do not overlap. */
  add(start: number, lasts: number): void {
    this.#starts.push(start)
    this.#ends.push(start + lasts)
    this.#totalMs += lasts
  }

  #forget(before: number): void {
    while (this.#head < this.#ends.length && (this.#ends[this.#head] as number) <= before) {
      this.#totalMs -= (this.#ends[this.#head] as number) - (this.#starts[this.#head] as number)
      this.#head += 1
    }
    if (this.#head < 1024 || this.#head * 2 < this.#ends.length) return
    this.#starts = this.#starts.slice(this.#head)
    this.#ends = this.#ends.slice(this.#head)
    this.#head = 0
  }
}
