/**
 * Storm control: how many new origins one link may bring. A link cannot be forged, unlike all that an
 * announce claims, so whoever floods the mesh with made-up nodes uses up the share of its own link and
 * nothing else. It begins with enough for two meshes of a thousand nodes to merge at once.
 *
 * A link that has spent its share is in a storm: nothing new is taken from it until a quarter of the share
 * is back, so that it does not flicker. What is known already, what this node has asked for and the neighbour
 * itself are let through all the time.
 */
import { TokenBucket } from '../runtime/token-bucket.ts'
import { isConstrained } from './announce-queue.ts'
import type { LinkProfile } from './metric.ts'

interface Share {
  readonly rate: number
  readonly burst: number
}

const FAST: Share = { rate: 2, burst: 1024 }
const CONSTRAINED: Share = { rate: 0.2, burst: 64 }

export class StormControl {
  readonly #bucket: TokenBucket
  readonly #reopenAt: number
  #isStorm = false

  constructor(profile: LinkProfile, now: number) {
    const { rate, burst } = isConstrained(profile) ? CONSTRAINED : FAST
    this.#bucket = new TokenBucket(rate, burst, now)
    this.#reopenAt = burst / 4
  }

  get isStorm(): boolean {
    return this.#isStorm
  }

  /** Whether one more new origin may come over this link; if so it is counted. */
  admit(now: number): boolean {
    if (this.#isStorm && !this.#bucket.has(this.#reopenAt, now)) return false
    this.#isStorm = !this.#bucket.take(1, now)
    return !this.#isStorm
  }
}
