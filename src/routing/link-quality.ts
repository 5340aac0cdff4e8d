/**
 * What a link costs, smoothed: the metric of every path over it hangs on this, so a passing wobble of the
 * measurement must not move paths about. The cost in force changes only when the smoothed one has left it by
 * a quarter; so between two values closer than that nothing flaps.
 */
import { linkCost, type RouterLink } from './metric.ts'

/** How often links are looked at, ms. */
export const SAMPLE_MS = 5000
const WEIGHT = 0.25
const HYSTERESIS = 0.25

export class LinkQuality {
  /** In units of 0.1 ms. */
  #cost: number
  #smoothed: number

  constructor(link: RouterLink) {
    this.#cost = linkCost(link)
    this.#smoothed = this.#cost
  }

  get cost(): number {
    return this.#cost
  }

  /** Looks at the link again. @returns whether the cost in force has changed. */
  sample(link: RouterLink): boolean {
    this.#smoothed += WEIGHT * (linkCost(link) - this.#smoothed)
    if (Math.abs(this.#smoothed - this.#cost) <= HYSTERESIS * this.#cost + 1) return false
    this.#cost = Math.max(1, Math.round(this.#smoothed))
    return true
  }
}
