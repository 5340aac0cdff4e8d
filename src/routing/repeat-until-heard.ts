/**
 * A node's own announce on a broadcast link, where nothing says whether anybody got it: two that start in the
 * same second and cannot hear each other destroy each other's at the node between them. So it is repeated
 * until a neighbour is heard passing it on, a few times, each after a wait that is drawn and twice as long. Where
 * none has anybody to pass it on to, it is repeated as often as the losses call for.
 */
import type { Random } from '../runtime/random.ts'

/** Longer than a neighbour waits before it relays (rebroadcast.ts), in units of the time a frame takes. */
const FIRST_WAIT_SLOTS = 20
/** The last one goes out after some 300 to 600 slots; then the next regular announce is soon enough. */
const MAX_REPEATS = 4

export class RepeatUntilHeard {
  readonly #random: Random
  #left = 0
  #waitMs = 0
  #dueAt = Number.POSITIVE_INFINITY

  constructor(random: Random) {
    this.#random = random
  }

  /** When {@link due} next says yes, monotonic ms. */
  get nextDue(): number {
    return this.#dueAt
  }

  /**
   * A new announce of this node goes out.
   *
   * @param slotMs how long it takes to leave the link and to be heard.
   * @param repeats how often it is to go out again if it is not heard.
   */
  sent(now: number, slotMs: number, repeats = MAX_REPEATS): void {
    this.#left = Math.min(repeats, MAX_REPEATS)
    this.#waitMs = FIRST_WAIT_SLOTS * slotMs
    this.#dueAt = Number.POSITIVE_INFINITY
    if (this.#left > 0) this.#schedule(now)
  }

  /** A neighbour has been heard passing it on. */
  heard(): void {
    this.#dueAt = Number.POSITIVE_INFINITY
  }

  /** Whether it goes out again now; if so the next time is drawn. */
  due(now: number): boolean {
    if (now < this.#dueAt) return false
    this.#left -= 1
    this.#waitMs *= 2
    this.#dueAt = Number.POSITIVE_INFINITY
    if (this.#left > 0) this.#schedule(now)
    return true
  }

  #schedule(now: number): void {
    this.#dueAt = now + this.#waitMs * (1 + this.#random.float())
  }
}
