/** Which frames a simulated link loses, and when it is clogged. */
import type { Random } from '../runtime/random.ts'
import type { Clog, DirectionModel } from './link-model.ts'

/** Draws for one direction. What a model does not ask for is not drawn. */
export class LinkChance {
  /** Made when first needed: most links of a large mesh lose nothing. */
  readonly #makeRandom: () => Random
  #made: Random | undefined
  #isBad = false
  #clogEndsAt = 0
  /** Infinite until the first clog has been drawn. */
  #clogStartsAt = Number.POSITIVE_INFINITY
  #clog: Clog | undefined

  constructor(makeRandom: () => Random) {
    this.#makeRandom = makeRandom
  }

  happens(probability: number): boolean {
    return probability > 0 && this.#random.float() < probability
  }

  /** Evenly from 0 to `ms`. */
  delay(ms: number): number {
    return ms > 0 ? this.#random.float() * ms : 0
  }

  loses({ loss }: Pick<DirectionModel, 'loss'>): boolean {
    if (typeof loss === 'number') return this.happens(loss)
    const isLost = this.happens(this.#isBad ? loss.badLoss : loss.goodLoss)
    if (this.happens(this.#isBad ? loss.toGood : loss.toBad)) this.#isBad = !this.#isBad
    return isLost
  }

  /** When the clog that holds now ends; a time not after `now` where none does. */
  cloggedUntil(clog: Clog, now: number): number {
    if (clog !== this.#clog) {
      this.#clog = clog
      this.#drawClog(clog, now)
    }
    while (this.#clogEndsAt <= now) this.#drawClog(clog, this.#clogEndsAt)
    return this.#clogStartsAt <= now ? this.#clogEndsAt : 0
  }

  get #random(): Random {
    this.#made ??= this.#makeRandom()
    return this.#made
  }

  #drawClog({ everyMs, forMs }: Clog, after: number): void {
    this.#clogStartsAt = after - everyMs * Math.log(1 - this.#random.float())
    this.#clogEndsAt = this.#clogStartsAt + forMs
  }
}
