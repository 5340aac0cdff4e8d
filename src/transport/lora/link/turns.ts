/**
 * Taking turns when several nodes have much to send. A modem waits for a quiet channel and then for some slots
 * that it draws, which is enough where little is sent. Where much is, two that draw the same number destroy each
 * other's whole run. So each packet says whether more waits behind it, and those that say so go round: after
 * one has finished, the next by id goes at once, and the others give it the time to begin.
 */

/** Somebody that has not been heard for this long has no turn any more, ms. */
const FORGET_MS = 60_000
const MAX_REMEMBERED = 64
/** There are so many ids. */
const ROUND = 2 ** 16

export class Turns {
  readonly #ownId: () => number
  readonly #accessMs: () => number
  /** Who has more to send, and when it was heard last. */
  readonly #waiting = new Map<number, number>()
  #lastSpeaker: number | undefined
  #quietSince = Number.NEGATIVE_INFINITY

  /** @param accessMs the longest that a modem waits before it speaks on a quiet channel, ms. */
  constructor(ownId: () => number, accessMs: () => number) {
    this.#ownId = ownId
    this.#accessMs = accessMs
  }

  /** How many others have more to send. */
  get waiting(): number {
    return this.#waiting.size
  }

  heard(sender: number, more: boolean, now: number): void {
    this.#waiting.delete(sender)
    if (more) this.#waiting.set(sender, now)
    for (const [oldest, at] of this.#waiting) {
      if (this.#waiting.size <= MAX_REMEMBERED && now - at < FORGET_MS) break
      this.#waiting.delete(oldest)
    }
    this.#lastSpeaker = sender
    this.#quietSince = now
  }

  /** This node has finished a run of its own. */
  ended(now: number): void {
    this.#lastSpeaker = this.#ownId()
    this.#quietSince = now
  }

  /** From when on this node may begin with what is not urgent, monotonic ms. */
  mayStart(now: number): number {
    for (const [id, at] of this.#waiting) if (now - at >= FORGET_MS) this.#waiting.delete(id)
    const last = this.#lastSpeaker
    // With two, the modems do it by themselves: the one that has waited goes first.
    if (last === undefined || this.#waiting.size < 2) return now
    // How many come between the last speaker and this node, going round by id.
    const distance = (id: number): number => (id - last + ROUND - 1) % ROUND
    const own = distance(this.#ownId())
    const before = [...this.#waiting.keys()].filter((id) => distance(id) < own).length
    return this.#quietSince + before * this.#accessMs()
  }
}
