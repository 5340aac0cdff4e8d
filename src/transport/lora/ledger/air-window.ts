/**
 * Time on air over the last hour, whole microseconds: what a duty cycle means to a regulator. In no window of
 * that length, wherever it begins, is one transmitter on the air for longer than its budget.
 *
 * A transmission begins at its instant or up to `slackUs` later, while the radio waits for a quiet moment;
 * nobody knows when. So it is asked for as if it began at once, and remembered as if it had begun as late as it
 * may. Transmissions follow each other: one that is charged while others wait in the radio begins, at the
 * earliest, when those can have ended.
 */

export const HOUR_US = 3_600_000_000

/** One that has been charged. */
export interface Transmission {
  /** The first instant at which it can have begun. */
  readonly at: number
  readonly us: number
}

/** How far ahead of the clock may be charged what waits in the radio, microseconds. */
export const MAX_LEAD_US = 60_000_000
/** More than an RNode can send in an hour of 10 % at SF 7 and 125 kHz. */
const MAX_TRANSMISSIONS = 16_384

export class AirWindow {
  readonly budgetUs: number
  readonly slackUs: number
  readonly #windowUs: number
  #at: number[] = []
  #us: number[] = []
  /** Those before it have left the window. */
  #head = 0
  #totalUs = 0

  /** @param budgetUs the most that may be on the air within a window; the window itself for no limit. */
  constructor({
    budgetUs,
    slackUs = 0,
    windowUs = HOUR_US,
  }: {
    budgetUs: number
    slackUs?: number
    windowUs?: number
  }) {
    this.budgetUs = budgetUs
    this.slackUs = slackUs
    this.#windowUs = windowUs
  }

  /** Time on air within the last hour, microseconds. */
  used(now: number): number {
    this.#forget(now)
    let used = this.#totalUs
    // Only the oldest can have left in part.
    const oldest = this.#us[this.#head]
    if (oldest === undefined) return used
    const latestStart = this.#latestEnd(this.#head) - oldest
    used -= Math.max(0, now - this.#windowUs - latestStart)
    return used
  }

  left(now: number): number {
    return Math.max(0, this.budgetUs - this.used(now))
  }

  /** The first instant at which a transmission that is charged now can begin. */
  start(now: number): number {
    const last = this.#at.length - 1
    return last < this.#head ? now : Math.max(now, this.#atIndex(last) + this.#usIndex(last))
  }

  /** The earliest instant, from `now` on, at which `us` more may be charged; infinity for never. */
  earliest(now: number, us: number): number {
    if (us > this.budgetUs) return Number.POSITIVE_INFINITY
    this.#forget(now)
    const start = this.start(now)
    const lawful = this.#lawfulStart(us)
    return lawful <= start ? Math.max(now, start - MAX_LEAD_US) : lawful
  }

  /** Notes a transmission that begins at `at`, as {@link start} told, or up to the slack later. */
  add(at: number, us: number): void {
    this.#at.push(at)
    this.#us.push(us)
    this.#totalUs += us
    if (this.#at.length - this.#head > MAX_TRANSMISSIONS) this.#joinPairs()
  }

  /** Those that still count, oldest first. */
  transmissions(now: number): readonly Transmission[] {
    this.#forget(now)
    return this.#at.slice(this.#head).map((at, index) => ({ at, us: this.#usIndex(this.#head + index) }))
  }

  get size(): number {
    return this.#at.length - this.#head
  }

  /** When `us` may begin. A window holds most when it ends with a transmission: then there is little room in it. */
  #lawfulStart(us: number): number {
    const room = this.budgetUs - us
    if (this.budgetUs >= this.#windowUs || this.#totalUs <= room) return Number.NEGATIVE_INFINITY
    let sum = 0
    for (let index = this.#at.length - 1; index >= this.#head; index--) {
      const length = this.#usIndex(index)
      if (sum + length > room) return this.#latestEnd(index) - (room - sum) + this.#windowUs - us
      sum += length
    }
    return Number.NEGATIVE_INFINITY
  }

  #atIndex(index: number): number {
    return this.#at[index] as number
  }

  #usIndex(index: number): number {
    return this.#us[index] as number
  }

  #latestEnd(index: number): number {
    return this.#atIndex(index) + this.#usIndex(index) + this.slackUs
  }

  #forget(now: number): void {
    while (this.#head < this.#at.length && this.#latestEnd(this.#head) <= now - this.#windowUs) {
      this.#totalUs -= this.#usIndex(this.#head)
      this.#head += 1
    }
    if (this.#head < 1024 || this.#head * 2 < this.#at.length) return
    this.#at = this.#at.slice(this.#head)
    this.#us = this.#us.slice(this.#head)
    this.#head = 0
  }

  /** Makes one of each two, as if the first had begun right before the second: it counts for longer, never shorter. */
  #joinPairs(): void {
    const pairs = this.transmissions(Number.NEGATIVE_INFINITY)
    this.#at = []
    this.#us = []
    this.#head = 0
    this.#totalUs = 0
    for (let index = 0; index < pairs.length; index += 2) {
      const first = pairs[index] as Transmission
      const second = pairs[index + 1]
      // More than all of the window is no more than that.
      const us = Math.min(first.us + (second?.us ?? 0), this.#windowUs)
      const last = second ?? first
      this.#at.push(last.at + last.us - us)
      this.#us.push(us)
      this.#totalUs += us
    }
  }
}
