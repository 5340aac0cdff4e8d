/**
 * Back-pressure through a relay: while the link a frame went out on is congested, the link it came in on is
 * not read, so the sender feels it. No pause lasts longer than {@link LONGEST_PAUSE_MS}: two relays that
 * wait for each other would otherwise wait for ever.
 */
import type { Clock, Timer } from '../runtime/clock.ts'
import type { Link } from '../transport/transport.ts'

export const LONGEST_PAUSE_MS = 1000

export class BackPressure {
  readonly #clock: Clock
  /** Paused link -> the congested link it waits for. */
  readonly #paused = new Map<Link, { readonly behind: Link; readonly timer: Timer }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get paused(): number {
    return this.#paused.size
  }

  hold(from: Link, behind: Link): void {
    if (from === behind || this.#paused.has(from)) return
    from.pause()
    const timer = this.#clock.setTimer(LONGEST_PAUSE_MS, () => this.#release(from))
    this.#paused.set(from, { behind, timer })
  }

  /** `link` has room again, or is gone: whoever waited for it goes on. */
  drained(link: Link): void {
    for (const [from, { behind }] of this.#paused) {
      if (behind === link) this.#release(from)
    }
  }

  /** `link` itself is gone. */
  forget(link: Link): void {
    this.#paused.get(link)?.timer.cancel()
    this.#paused.delete(link)
    this.drained(link)
  }

  #release(from: Link): void {
    this.#paused.get(from)?.timer.cancel()
    if (this.#paused.delete(from)) from.resume()
  }
}
