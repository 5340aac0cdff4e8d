/**
 * How long the fragments to a neighbour are. Long ones cost fewer preambles; where noise destroys packets in
 * proportion to their length, short ones get through. Collisions do not care about length. Which of the two it is
 * shows only when it is tried: the loss of each size is measured, and one that has not been used of late is given
 * the benefit of the doubt, as if every byte had the same chance.
 */

/** The longest fragment is divided by these. */
export const SIZE_DIVISORS = [1, 2, 4] as const
/** The share of a size follows some eight of its fragments. */
const WEIGHT = 1 / 8
/** What was measured longer ago than this says nothing any more, ms. */
const FRESH_MS = 600_000

interface Measured {
  loss: number
  at: number
}

export class FragmentSize {
  readonly #measured: (Measured | undefined)[] = []

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
    this.#measured[step] = { loss: before + WEIGHT * ((isLost ? 1 : 0) - before), at: now }
  }

  #lossOf(step: number, now: number): number {
    const own = this.#measured[step]
    if (own !== undefined && now - own.at < FRESH_MS) return own.loss
    // From the nearest size that was: of bytes that arrive each by itself, half as many arrive as the root.
    for (let distance = 1; distance < SIZE_DIVISORS.length; distance++) {
      for (const other of [step - distance, step + distance]) {
        const measured = this.#measured[other]
        if (measured === undefined || now - measured.at >= FRESH_MS) continue
        const ratio = (SIZE_DIVISORS[other] as number) / (SIZE_DIVISORS[step] as number)
        return 1 - (1 - measured.loss) ** ratio
      }
    }
    return 0
  }
}

/** The longest fragment of the size with this number, bytes. */
export function sizeOf(longest: number, step: number): number {
  return Math.floor(longest / (SIZE_DIVISORS[step] as number))
}
