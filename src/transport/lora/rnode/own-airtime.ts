/**
 * How much a modem has sent, from the shares of time that it reports. It sums up what it sent in bins of 7.5 s,
 * and reports the last two of them over 15 s: when a bin begins, what was in the one before the last is gone.
 * Where reports leave it open, the least growth is told, and the rest once it has become certain.
 */

const WINDOW_MS = 15_000
const HOUR_MS = 3_600_000
/** Reports are in hundredths of a per cent, cut off: of 15 s such a step is 1.5 ms, of an hour 360 ms. */
const RESOLUTION_MS = 3.5
const LONG_STEP_MS = HOUR_MS / 10_000
/** Reports come about a second apart. */
const REPORT_MS = 2000

export class OwnAirtime {
  #previousBinMs = 0
  #binMs = 0
  /** When it has last grown. */
  #grewAt: number
  /** The sum of the last hour at some time, and what has been told since; undefined before the first report. */
  #longMs: number | undefined
  #lastLongMs = 0
  #toldMs = 0

  /** From when the radio is switched on: then the modem counts from nothing. */
  constructor(nowMs: number) {
    this.#grewAt = nowMs
  }

  /**
   * Takes the shares of the last 15 s and of the last hour that the modem reports.
   *
   * @returns by how much more it has sent since the report before, ms.
   */
  report(shortShare: number, longShare: number, nowMs: number): number {
    const shortMs = this.#shortGrowth(shortShare * WINDOW_MS, nowMs)
    const grownMs = shortMs + this.#missed(shortMs, longShare * HOUR_MS)
    if (grownMs > 0) this.#grewAt = nowMs
    return grownMs
  }

  #shortGrowth(sumMs: number, nowMs: number): number {
    const knownMs = this.#previousBinMs + this.#binMs
    if (sumMs >= knownMs + RESOLUTION_MS) {
      this.#binMs = sumMs - this.#previousBinMs
      return sumMs - knownMs
    }
    if (sumMs > RESOLUTION_MS && nowMs - this.#grewAt > WINDOW_MS + REPORT_MS) {
      // All that was known of has left the window, so this came when as much left it.
      this.#previousBinMs = 0
      this.#binMs = sumMs
      return sumMs
    }
    if (sumMs > knownMs - RESOLUTION_MS) return 0
    // A bin has begun, and what was in the last one is all that is left of before.
    const grownMs = sumMs - this.#binMs
    const isGrowth = grownMs >= RESOLUTION_MS
    this.#previousBinMs = isGrowth ? this.#binMs : sumMs
    this.#binMs = isGrowth ? grownMs : 0
    return isGrowth ? grownMs : 0
  }

  /** What the hour has grown by beyond all that was told. It loses only what is an hour old. */
  #missed(shortMs: number, longMs: number): number {
    this.#toldMs += shortMs
    if (this.#longMs === undefined || longMs < this.#lastLongMs) {
      this.#longMs = longMs
      this.#toldMs = 0
    }
    this.#lastLongMs = longMs
    const missedMs = Math.max(0, longMs - this.#longMs - LONG_STEP_MS - this.#toldMs)
    this.#toldMs += missedMs
    // Most likely it came after the bin had begun, and must not be told again when the next one does.
    const movedMs = Math.min(missedMs, this.#previousBinMs)
    this.#previousBinMs -= movedMs
    this.#binMs += movedMs
    return missedMs
  }
}
