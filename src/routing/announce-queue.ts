/**
 * Announces on their way out over one link. They leave nearest first, under a budget: on a constrained link
 * 2 % of its bit rate, on others what a neighbour takes in. A row of the path table waits at most once, so
 * what leaves is always the newest that is known of an origin; a row that is gone by then is not sent.
 */
import { TokenBucket } from '../runtime/token-bucket.ts'
import type { LinkProfile } from './metric.ts'

/** A link below this is constrained: it carries announces under a budget, and hears of no far nodes unasked. */
export const CONSTRAINED_BITS_PER_S = 64_000
const BUDGET_SHARE = 0.02
/** A constrained link may begin with this much: four announces of 120 bytes, its own and those of a few around. */
const CONSTRAINED_BURST_BYTES = 480
/** Below what a neighbour takes in from one link by default: 1,000 a second, 2,000 at once. */
const ANNOUNCES_PER_S = 800
const ANNOUNCES_BURST = 1600
/** On a fast link so many leave together, lest the queue be put in order for each one. */
const PORTION = 64
/** Rows waiting on one constrained link. It would take it hours to send more. */
export const MAX_WAITING_CONSTRAINED = 256

export function isConstrained(profile: LinkProfile): boolean {
  return profile.bitsPerSecond < CONSTRAINED_BITS_PER_S
}

/** What the queue must know of the path table. */
export interface QueuedPaths {
  hopsOf(row: number): number
  frameOf(row: number): Uint8Array
}

export class AnnounceQueue {
  readonly isConstrained: boolean
  readonly #bucket: TokenBucket
  readonly #rows = new Set<number>()
  /** Rows that the neighbour has asked for: they go first, and however far they are. */
  readonly #asked = new Set<number>()
  #own: Uint8Array | undefined
  #due = Number.POSITIVE_INFINITY
  /** Before this the budget has nothing left. */
  #blockedUntil = 0

  constructor(profile: LinkProfile, now: number) {
    this.isConstrained = isConstrained(profile)
    this.#bucket = this.isConstrained
      ? new TokenBucket((profile.bitsPerSecond / 8) * BUDGET_SHARE, CONSTRAINED_BURST_BYTES, now)
      : new TokenBucket(ANNOUNCES_PER_S, ANNOUNCES_BURST, now)
  }

  get waiting(): number {
    return this.#rows.size + this.#asked.size + (this.#own === undefined ? 0 : 1)
  }

  /** When {@link take} next has something. */
  get nextDue(): number {
    return this.#due
  }

  /** The node's own announce; a newer one takes the place of one that waits. */
  addOwn(frame: Uint8Array, now: number): void {
    this.#own = frame
    this.#wake(now)
  }

  add(row: number, now: number): void {
    if (this.#asked.has(row)) return
    this.#rows.add(row)
    this.#wake(now)
  }

  /** It need not be told any more, unless it was asked for. */
  recall(row: number): void {
    this.#rows.delete(row)
  }

  addAsked(row: number, now: number): void {
    this.#rows.delete(row)
    this.#asked.add(row)
    this.#wake(now)
  }

  /** Whether a frame of this length, such as a path request, fits the budget; if so it is counted. */
  admits(bytes: number, now: number): boolean {
    return !this.isConstrained || this.#bucket.take(bytes, now)
  }

  /**
   * @param mayTell whether the neighbour may hear of a row still; one of which it may not is dropped.
   * @returns the frames that leave now.
   */
  take(now: number, paths: QueuedPaths, mayTell: (row: number) => boolean): Uint8Array[] {
    if (now < this.#due) return []
    const frames: Uint8Array[] = []
    this.#due = Number.POSITIVE_INFINITY
    if (this.#own !== undefined) {
      if (!this.#afford(this.isConstrained ? this.#own.length : 1, now)) return frames
      frames.push(this.#own)
      this.#own = undefined
    }
    for (const rows of [this.#asked, this.#rows]) {
      for (const row of rows) if (!mayTell(row)) rows.delete(row)
      for (const row of this.#nearestFirst(rows, paths)) {
        if (!this.isConstrained && !this.#afford(1, now)) return frames
        const frame = paths.frameOf(row)
        if (this.isConstrained && !this.#afford(frame.length, now)) return frames
        rows.delete(row)
        frames.push(frame)
      }
    }
    return frames
  }

  #wake(now: number): void {
    this.#due = Math.min(this.#due, Math.max(now, this.#blockedUntil))
  }

  /** Takes the price of a frame, bytes or 1, out of the budget, or notes when it may be asked again. */
  #afford(price: number, now: number): boolean {
    if (this.#bucket.take(price, now)) return true
    const portion = this.isConstrained ? price : Math.min(PORTION, this.waiting)
    this.#blockedUntil = now + Math.max(1, this.#bucket.msUntil(portion, now))
    this.#due = this.#blockedUntil
    return false
  }

  #nearestFirst(rows: Set<number>, paths: QueuedPaths): number[] {
    const sorted = [...rows].sort((a, b) => paths.hopsOf(a) - paths.hopsOf(b))
    if (this.isConstrained) for (const row of sorted.splice(MAX_WAITING_CONSTRAINED)) rows.delete(row)
    return sorted
  }
}
