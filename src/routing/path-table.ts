/**
 * Where frames for a destination go. One row for each origin whose announce has been accepted: the announce
 * itself, the link towards its origin and what the path costs. Rows are found by the address as it stands
 * in a received frame, with nothing allocated.
 *
 * Loops are excluded by Babel's feasibility condition (RFC 8966, section 2.4): for one and the same sequence
 * number a path is adopted only if the neighbour who offers it is nearer to the origin than this node has ever
 * said it is itself. So no neighbour's path can lead back through here.
 */
import { ADDRESS_BYTES, type Address } from '../identity/address.ts'
import { AddressIndex } from '../identity/address-index.ts'
import type { Random } from '../runtime/random.ts'
import { AnnounceView, relayedAnnounce } from '../wire/announce.ts'

/** What became of an offer. All but the first three are refusals. */
export type Learned = 'new' | 'fresher' | 'better' | 'stale' | 'worse' | 'table_full'

export interface Offer<L> {
  /** The origin's address, 16 bytes. */
  readonly origin: Uint8Array
  /** A checked and verified announce. The table keeps a copy. */
  readonly announce: AnnounceView
  readonly link: L
  /** Whether the link leads to the origin itself. */
  readonly direct: boolean
  /** Of the whole path as seen from here. */
  readonly hops: number
  readonly metric: number
  /** Monotonic, ms. */
  readonly expiresAt: number
}

/** A path as shown to people and programs. */
export interface PathInfo<L> {
  readonly destination: Address
  /** Undefined while the link it went over is down. */
  readonly link: L | undefined
  readonly hops: number
  /** 0.1 ms. */
  readonly metric: number
  readonly sequence: number
  readonly capabilities: number
  /** Monotonic, ms. */
  readonly learnedAt: number
  readonly expiresAt: number
}

// How many rows an eviction looks at. Eight random ones include one of the oldest third in 96 % of cases.
const EVICTION_SAMPLE = 8

/** What is needed when a path is learned or shown; what every frame needs stands in columns of its own. */
interface Row {
  /** As this node passes it on: its hops and metric are those from here. */
  readonly announce: AnnounceView
  readonly direct: boolean
  readonly hops: number
  readonly metric: number
  /** The best metric this node has had, and so may have told, for this sequence number. */
  readonly feasible: number
  readonly learnedAt: number
  readonly expiresAt: number
}

export class PathTable<L> {
  readonly capacity: number
  readonly #index: AddressIndex
  readonly #rows: (Row | undefined)[] = []
  /** Undefined for a row whose link is down, and for one that is free. */
  readonly #links: (L | undefined)[] = []
  /** Monotonic, ms. */
  readonly #usedAt: number[] = []
  readonly #random: Random

  constructor(capacity: number, random: Random) {
    this.capacity = capacity
    this.#random = random
    this.#index = new AddressIndex(capacity, random)
  }

  get size(): number {
    return this.#index.size
  }

  /** The row of the address at `offset` of `bytes`, or -1. */
  find(bytes: Uint8Array, offset: number): number {
    return this.#index.find(bytes, offset)
  }

  /** The link of a row, or undefined while it is down. Notes that the path is in use. */
  use(row: number, now: number): L | undefined {
    this.#usedAt[row] = now
    return this.#links[row]
  }

  announceOf(row: number): AnnounceView {
    return this.#at(row).announce
  }

  linkOf(row: number): L | undefined {
    return this.#links[row]
  }

  /** Whether an announce with this sequence number could still be of use, judged before its signature. */
  isStale(row: number, sequence: number): boolean {
    return sequence < this.#at(row).announce.sequence
  }

  /** @param now monotonic, ms. */
  learn(offer: Offer<L>, now: number): Learned {
    const known = this.#index.find(offer.origin, 0)
    if (known < 0) {
      if (this.size >= this.capacity && !this.#evictOne()) return 'table_full'
      const row = this.#index.insert(offer.origin, 0)
      this.#put(row, offer, offer.metric, now)
      this.#usedAt[row] = 0
      return 'new'
    }
    const entry = this.#at(known)
    const sequence = offer.announce.sequence
    const current = entry.announce.sequence
    if (sequence < current) return 'stale'
    const fresher = sequence > current
    if (!fresher) {
      // The announce carries the neighbour's metric, not yet ours.
      const feasible = offer.announce.metric < entry.feasible
      const wanted = this.#links[known] === undefined || offer.metric < entry.metric
      if (!feasible || !wanted) return 'worse'
    }
    this.#put(known, offer, fresher ? offer.metric : Math.min(entry.feasible, offer.metric), now)
    return fresher ? 'fresher' : 'better'
  }

  /** The link is gone: the destinations behind it stay known, but have no path until a new announce. */
  linkDown(link: L): void {
    for (let row = 0; row < this.#links.length; row++) {
      if (this.#links[row] === link) this.#links[row] = undefined
    }
  }

  /** Forgets the rows whose announce has run out. @returns how many. */
  expire(now: number): number {
    let count = 0
    for (let row = 0; row < this.#rows.length; row++) {
      const entry = this.#rows[row]
      if (entry === undefined || entry.expiresAt > now) continue
      this.#forget(row)
      count += 1
    }
    return count
  }

  has(row: number): boolean {
    return this.#rows[row] !== undefined
  }

  *rows(): Generator<number> {
    for (let row = 0; row < this.#rows.length; row++) {
      if (this.#rows[row] !== undefined) yield row
    }
  }

  info(row: number): PathInfo<L> {
    const { announce, hops, metric, learnedAt, expiresAt } = this.#at(row)
    return {
      destination: this.#index.addressAt(row),
      link: this.#links[row],
      hops,
      metric,
      sequence: announce.sequence,
      capabilities: announce.capabilities,
      learnedAt,
      expiresAt,
    }
  }

  #at(row: number): Row {
    return this.#rows[row] as Row
  }

  #put(row: number, offer: Offer<L>, feasible: number, now: number): void {
    const { announce, link, direct, hops, metric, expiresAt } = offer
    const relayed = new AnnounceView(relayedAnnounce(announce.frame, hops, metric))
    this.#rows[row] = { announce: relayed, direct, hops, metric, feasible, learnedAt: now, expiresAt }
    this.#links[row] = link
  }

  /** Makes room by the least recently used of a few random rows. Neighbours and dead links' rows differ. */
  #evictOne(): boolean {
    let victim = -1
    let victimRank = Number.POSITIVE_INFINITY
    for (let i = 0; i < EVICTION_SAMPLE; i++) {
      const row = this.#random.below(this.#rows.length)
      const entry = this.#rows[row]
      const link = this.#links[row]
      if (entry === undefined || (entry.direct && link !== undefined)) continue
      const rank = link === undefined ? -1 : (this.#usedAt[row] as number)
      if (rank < victimRank) {
        victim = row
        victimRank = rank
      }
    }
    if (victim >= 0) this.#forget(victim)
    return victim >= 0
  }

  #forget(row: number): void {
    this.#index.remove(this.#index.bytes, row * ADDRESS_BYTES)
    this.#rows[row] = undefined
    this.#links[row] = undefined
  }
}
