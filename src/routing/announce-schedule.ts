/**
 * When announces go out: the node's own, on a timer and when a link comes up, and those of others that it
 * passes on, each after a little jitter: so neighbours who heard the same announce do not all speak at once,
 * a better path found meanwhile goes out in its place, and who turns out to know it needs not be told.
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

/** Relayed announces leave on a beat of this, ms: several at a time, rather than a timer for each. */
const BEAT_MS = 4
/** Links that come up within this time share one announce, ms. */
const GATHER_MS = 50
/** While links keep changing, announces become rarer: the spacing doubles up to this, ms. */
const LONGEST_SPACING_MS = 8000
/** After this long without a change the shortest spacing holds again, ms. */
const CALM_MS = 60_000

/** An announce that waits to be passed on. */
export interface Relayed<L> {
  readonly row: number
  /** Links whose neighbours have shown that they know it, and are as near to its origin. */
  readonly known: readonly L[]
}

interface Waiting<L> {
  readonly due: number
  readonly known: L[]
}

/** All times are monotonic ms. */
export class AnnounceSchedule<L> {
  readonly #times: AnnounceTimes
  readonly #random: Random
  #ownDue = Number.POSITIVE_INFINITY
  #ownLast = Number.NEGATIVE_INFINITY
  #triggeredLast = Number.NEGATIVE_INFINITY
  #spacingMs: number
  /** Row of the path table -> when its announce goes out. One entry for an origin, however often it improves. */
  readonly #relayed = new Map<number, Waiting<L>>()
  #relayedDue = Number.POSITIVE_INFINITY

  constructor(times: AnnounceTimes, random: Random) {
    this.#times = times
    this.#random = random
    this.#spacingMs = times.minSpacingMs
  }

  /** When {@link takeOwn} or {@link takeRelayed} next has something. */
  get nextDue(): number {
    return Math.min(this.#ownDue, this.#relayedDue)
  }

  get waiting(): number {
    return this.#relayed.size
  }

  /** Something changed that others should hear soon. */
  triggerOwn(now: number): void {
    this.#spacingMs = now - this.#triggeredLast > CALM_MS ? this.#times.minSpacingMs : this.#spacingMs
    this.#triggeredLast = now
    this.#ownDue = Math.min(this.#ownDue, Math.max(now + GATHER_MS, this.#ownLast + this.#spacingMs))
  }

  /** Whether a fresh announce may be made now, out of turn, for one who has asked. */
  mayAnswer(now: number): boolean {
    return now >= this.#ownLast + this.#times.minSpacingMs
  }

  /** Whether the node's own announce is due; if so the next one is scheduled. */
  takeOwn(now: number): boolean {
    if (now < this.#ownDue) return false
    const isTriggered = now < this.#ownLast + 0.9 * this.#times.intervalMs
    if (isTriggered) this.#spacingMs = Math.min(2 * this.#spacingMs, LONGEST_SPACING_MS)
    this.made(now)
    this.#ownDue = now + this.#times.intervalMs * (0.9 + 0.2 * this.#random.float())
    return true
  }

  /** An announce of this node's own has been made. */
  made(now: number): void {
    this.#ownLast = now
  }

  relay(row: number, now: number): void {
    const waiting = this.#relayed.get(row)
    if (waiting !== undefined) {
      // The path is another one now, so what neighbours knew before no longer counts.
      waiting.known.length = 0
      return
    }
    const due = Math.ceil((now + this.#times.jitterMs * this.#random.float()) / BEAT_MS) * BEAT_MS
    this.#relayed.set(row, { due, known: [] })
    this.#relayedDue = Math.min(this.#relayedDue, due)
  }

  /** The neighbour on `link` has the announce that waits, and is no farther from its origin than this node. */
  isKnown(row: number, link: L): void {
    this.#relayed.get(row)?.known.push(link)
  }

  forget(row: number): void {
    this.#relayed.delete(row)
  }

  /** Those whose announce is due. */
  takeRelayed(now: number): Relayed<L>[] {
    if (now < this.#relayedDue) return []
    const taken: Relayed<L>[] = []
    this.#relayedDue = Number.POSITIVE_INFINITY
    for (const [row, { due, known }] of this.#relayed) {
      if (due <= now) {
        taken.push({ row, known })
        this.#relayed.delete(row)
      } else if (due < this.#relayedDue) {
        this.#relayedDue = due
      }
    }
    return taken
  }
}
