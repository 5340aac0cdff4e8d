/**
 * A token bucket: holds up to `burst` tokens, gains `ratePerS` a second, and starts full. Whatever window of
 * t seconds one looks at, no more than `burst + ratePerS * t` tokens were taken in it.
 *
 * It does not add up a fill level, where every step would round a little: it keeps when it was last full and
 * what was taken since. So nothing drifts and no rate is too small to count, while fewer than 2^53 tokens are
 * taken between two moments at which it is full (nine million gigabytes).
 */
import { MeshError } from './errors.ts'

export class TokenBucket {
  readonly #ratePerS: number
  readonly #burst: number
  #fullAtMs: number
  #takenSince = 0
  #nowMs: number

  /**
   * @param ratePerS tokens a second, over 0; fractions are allowed.
   * @param burst over 0. A larger amount than this can never be taken.
   * @param nowMs from a monotonic clock, as in all calls.
   */
  constructor(ratePerS: number, burst: number, nowMs: number) {
    if (!(ratePerS > 0 && burst > 0 && Number.isFinite(ratePerS) && Number.isFinite(burst))) {
      throw new MeshError('ERR_USAGE', `a token bucket needs a rate and burst over 0: ${ratePerS}, ${burst}`)
    }
    this.#ratePerS = ratePerS
    this.#burst = burst
    this.#fullAtMs = nowMs
    this.#nowMs = nowMs
  }

  /** Takes `amount` tokens, all or none. A time before an earlier call's counts as that one. */
  take(amount: number, nowMs: number): boolean {
    if (!this.has(amount, nowMs)) return false
    this.#takenSince += amount
    return true
  }

  /** Whether {@link take} would succeed now. */
  has(amount: number, nowMs: number): boolean {
    if (nowMs > this.#nowMs) this.#nowMs = nowMs
    const gained = ((this.#nowMs - this.#fullAtMs) * this.#ratePerS) / 1000
    if (gained >= this.#takenSince) {
      this.#fullAtMs = this.#nowMs
      this.#takenSince = 0
      return amount <= this.#burst
    }
    return amount <= this.#burst - this.#takenSince + gained
  }

  /** Takes `amount` in any case; where there are fewer the bucket is in debt, and has none until that is paid. */
  force(amount: number, nowMs: number): void {
    this.has(0, nowMs)
    this.#takenSince += amount
  }

  /** How long until {@link take} would succeed, ms; infinite for more than the bucket holds. */
  msUntil(amount: number, nowMs: number): number {
    if (this.has(amount, nowMs)) return 0
    if (amount > this.#burst) return Number.POSITIVE_INFINITY
    const gained = ((this.#nowMs - this.#fullAtMs) * this.#ratePerS) / 1000
    const missing = amount - (this.#burst - this.#takenSince + gained)
    return (missing * 1000) / this.#ratePerS
  }
}
