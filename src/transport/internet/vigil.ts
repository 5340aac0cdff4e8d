/**
 * Which links may be dead, long before it is certain: their neighbour has missed a sign of life, or does not
 * answer a question that was asked because something has changed. Such a link carries on, while another
 * connection to the same neighbour is tried. Whichever is heard first stays.
 */
import type { Clock, Timer } from '../../runtime/clock.ts'
import { MISSED_SIGN_MS, NO_ANSWER_MS, VIGIL_MS } from './limits.ts'
import type { StreamLink } from './stream-link.ts'

export interface VigilOptions {
  readonly links: () => readonly StreamLink[]
  readonly clock: Clock
  readonly caller: Caller
}

export interface Caller {
  /** Called every {@link VIGIL_MS} for each link that is in doubt. */
  doubt(link: StreamLink): void
  /** Called once when such a link is heard again. */
  relief(link: StreamLink): void
}

export class Vigil {
  readonly #options: VigilOptions
  #timer: Timer | undefined
  #doubted: ReadonlySet<StreamLink> = new Set()
  /** When all links were asked last. */
  #askedAt = Number.NEGATIVE_INFINITY

  constructor(options: VigilOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer = this.#options.clock.setTimer(VIGIL_MS, () => {
      this.#look()
      this.start()
    })
  }

  stop(): void {
    this.#timer?.cancel()
  }

  /** Asks all neighbours whether they are there, and gives them {@link NO_ANSWER_MS} to be heard. */
  ask(): void {
    this.#askedAt = this.#options.clock.monotonic()
    for (const link of this.#options.links()) link.ask()
  }

  #look(): void {
    const { links, caller } = this.#options
    const doubted = new Set(links().filter((link) => this.doubts(link)))
    const relieved = [...this.#doubted].filter((link) => !doubted.has(link))
    this.#doubted = doubted
    for (const link of relieved) caller.relief(link)
    for (const link of doubted) caller.doubt(link)
  }

  doubts(link: StreamLink): boolean {
    const { heardAt } = link
    if (link.isClosed) return false
    const now = this.#options.clock.monotonic()
    const roundTripMs = 2 * link.latencyMs
    if (now - heardAt >= MISSED_SIGN_MS + roundTripMs) return true
    return heardAt < this.#askedAt && now - this.#askedAt >= NO_ANSWER_MS + roundTripMs
  }
}
