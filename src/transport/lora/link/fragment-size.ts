/**
 * How long the fragments to a neighbour are. Long ones cost fewer preambles; where noise destroys packets in
 * proportion to their length, short ones get through. Collisions do not care about length. Which of the two it is
 * shows only when it is tried: the loss of each size is measured, and those that are not in use are given the benefit
 * of the doubt: they may have come to be as good as the one in use would be if every byte had the same chance.
 */

/** The longest fragment is divided by these. */
export const SIZE_DIVISORS = [1, 2, 4] as const
/** The share of a size follows some eight of its fragments. */
const WEIGHT = 1 / 8
/** What was measured longer ago than this says nothing any more, ms. */
const FRESH_MS = 3_600_000

interface Measured {
  loss: number
  at: number
}

export class FragmentSize {
  readonly #measured: (Measured | undefined)[] = []
  /** The size that was observed last. */
  #latest = 0

  /**
   * The number of the size that brings most bytes across in the time on the air that it takes.
   *
   * @param airtimeMs of a packet with a fragment of so many bytes.
   */
  choose(longest: number, airtimeMs: (bytes: number) => number, now: number): number {
    const rate = (step: number): number => {
      const bytes = sizeOf(longest, step)
      return (bytes * (1 - this.#lossOf(step, now))) / airtimeMs(bytes)
    }
    return SIZE_DIVISORS.keys().reduce((best, step) => (rate(step) > rate(best) ? step : best), 0)
  }

  /** A fragment of the size with this number has arrived or not. */
  observe(step: number, isLost: boolean, now: number): void {
    const before = this.#lossOf(step, now)
    this.#latest = step
    this.#measured[step] = { loss: before + WEIGHT * ((isLost ? 1 : 0) - before), at: now }
  }

  #lossOf(step: number, now: number): number {
    const own = this.#freshOf(step, now)
    const latest = this.#freshOf(this.#latest, now)
    if (latest === undefined || step === this.#latest) return own ?? 0
    // Of bytes that arrive each by itself: of a fragment half as long the root of what arrives of the whole.
    const ratio = (SIZE_DIVISORS[this.#latest] as number) / (SIZE_DIVISORS[step] as number)
    return Math.min(own ?? 1, 1 - (1 - latest) ** ratio)
  }

  #freshOf(step: number, now: number): number | undefined {
    const measured = this.#measured[step]
    return measured !== undefined && now - measured.at < FRESH_MS ? measured.loss : undefined
  }
}

/** The longest fragment of the size with this number, bytes. */
export function sizeOf(longest: number, step: number): number {
  return Math.floor(longest / (SIZE_DIVISORS[step] as number))
}
