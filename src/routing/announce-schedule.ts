/**
 * When announces go out: the node's own, on a timer and when a link comes up, and those of others that it
 * passes on, each after a little jitter so that neighbours who heard the same announce do not all speak at
 * once, and so that a better path found meanwhile goes out in its place.
 */
import type { Random } from '../runtime/random.ts'

export interface AnnounceTimes {
  /** Between the node's own announces, ms; each time is drawn within ± 10 %. */
  readonly intervalMs: number
  /** Least time between two of them, however many links come up, ms. */
  readonly minSpacingMs: number
  /** The longest a relayed announce waits, ms. */
  readonly jitterMs: number
}

export const DEFAULT_SPACING_MS = 1000
export const DEFAULT_JITTER_MS = 100

/** All times are monotonic ms. */
export class AnnounceSchedule {
  readonly #times: AnnounceTimes
  readonly #random: Random
  #ownDue = 0
  #ownLast = Number.NEGATIVE_INFINITY
  /** Row of the path table -> when its announce goes out. One entry for an origin, however often it improves. */
  readonly #relayed = new Map<number, number>()
  #relayedDue = Number.POSITIVE_INFINITY

  constructor(times: AnnounceTimes, random: Random) {
    this.#times = times
    this.#random = random
  }

  /** When {@link takeOwn} or {@link takeRelayed} next has something. */
  get nextDue(): number {
    return Math.min(this.#ownDue, this.#relayedDue)
  }

  /** When the node's own next announce is due. */
  get ownDue(): number {
    return this.#ownDue
  }

  get waiting(): number {
    return this.#relayed.size
  }

  /** Something changed that others should hear soon. */
  triggerOwn(now: number): void {
    this.#ownDue = Math.min(this.#ownDue, Math.max(now, this.#ownLast + this.#times.minSpacingMs))
  }

  /** Whether the node's own announce is due; if so the next one is scheduled. */
  takeOwn(now: number): boolean {
    if (now < this.#ownDue) return false
    this.#ownLast = now
    this.#ownDue = now + this.#times.intervalMs * (0.9 + 0.2 * this.#random.float())
    return true
  }

  relay(row: number, now: number): void {
    if (this.#relayed.has(row)) return
    const due = now + this.#times.jitterMs * this.#random.float()
    this.#relayed.set(row, due)
    this.#relayedDue = Math.min(this.#relayedDue, due)
  }

  /** Rows whose announce is due. */
  takeRelayed(now: number): number[] {
    if (now < this.#relayedDue) return []
    const rows: number[] = []
    this.#relayedDue = Number.POSITIVE_INFINITY
    for (const [row, due] of this.#relayed) {
      if (due <= now) {
        rows.push(row)
        this.#relayed.delete(row)
      } else if (due < this.#relayedDue) {
        this.#relayedDue = due
      }
    }
    return rows
  }
}
