/**
 * Where frames for a destination go. One row for each origin whose announce has been accepted: the announce
 * itself, the path in use and up to three alternates (path-choice.ts says which). Rows are found by the
 * address as it stands in a received frame, with nothing allocated; all of it lies in typed arrays.
 */
import { ADDRESS_BYTES, Address } from '../identity/address.ts'
import { AddressIndex } from '../identity/address-index.ts'
import { MeshError } from '../runtime/errors.ts'
import type { Random } from '../runtime/random.ts'
import { AnnounceView, relayedAnnounce } from '../wire/announce.ts'
import { AnnounceArena } from './announce-arena.ts'
import { type Candidate, grown } from './candidates.ts'
import { NO_LINK } from './link-numbers.ts'
import type { Learned, Offer, PathInfo } from './path.ts'
import { PathChoice } from './path-choice.ts'

export { MAX_ALTERNATES } from './candidates.ts'
export type { AlternateInfo, Learned, Offer, PathInfo, PathReason } from './path.ts'

export interface PathTableOptions {
  /** The most destinations. */
  readonly capacity: number
  /** The most links that paths can go over at a time; 65,535, unless less is asked for. */
  readonly maxLinks?: number
}

const FIRST_ROWS = 64
const MAX_LINKS = 65_535
const MAX_HOPS_KEPT = 255
// How many rows an eviction looks at. Eight random ones include one of the oldest third in 96 % of cases.
const EVICTION_SAMPLE = 8
/** Times of use are kept in tenths of a second, which 32 bits hold for 13 years; 0 is never. */
const USE_TICK_MS = 100
/** A path used within the last minute is not given up for a newcomer. */
const IN_USE_TICKS = 600

export class PathTable<L> {
  readonly capacity: number
  readonly #random: Random
  readonly #index: AddressIndex
  readonly #arena = new AnnounceArena()
  readonly #choice: PathChoice<L>
  #usedAt: Uint32Array
  /** The announce's handle + 1; 0 for a row that is free. */
  #announces: Uint32Array
  #learnedAt: Float64Array
  #expiresAt: Float64Array

  /** @throws MeshError ERR_USAGE for a capacity or a number of links out of range. */
  constructor({ capacity, maxLinks = MAX_LINKS }: PathTableOptions, random: Random) {
    if (!Number.isInteger(maxLinks) || maxLinks < 1 || maxLinks > MAX_LINKS) {
      throw new MeshError('ERR_USAGE', `a path table numbers 1 to ${MAX_LINKS} links, not ${maxLinks}`)
    }
    this.capacity = capacity
    this.#random = random
    this.#index = new AddressIndex(capacity, random)
    const rows = Math.min(capacity, FIRST_ROWS)
    this.#choice = new PathChoice(rows, maxLinks)
    this.#usedAt = new Uint32Array(rows)
    this.#announces = new Uint32Array(rows)
    this.#learnedAt = new Float64Array(rows)
    this.#expiresAt = new Float64Array(rows)
  }

  get size(): number {
    return this.#index.size
  }

  /** Memory of index and columns, without the announces. */
  get bytes(): number {
    const columns = [this.#usedAt, this.#announces, this.#learnedAt, this.#expiresAt]
    return columns.reduce((sum, { byteLength }) => sum + byteLength, this.#index.memory + this.#choice.bytes)
  }

  /** Memory of the announces, bytes. */
  get announceBytes(): number {
    return this.#arena.bytes
  }

  /** The row of the address at `offset` of `bytes`, or -1. */
  find(bytes: Uint8Array, offset: number): number {
    return this.#index.find(bytes, offset)
  }

  has(row: number): boolean {
    return (this.#announces[row] ?? 0) !== 0
  }

  *rows(): Generator<number> {
    for (let row = 0; row < this.#index.rowEnd; row++) if (this.has(row)) yield row
  }

  /** The link of the path in use, or undefined where there is none. Notes the use. `now`: monotonic, ms. */
  use(row: number, now: number): L | undefined {
    this.#usedAt[row] = ticksAt(now)
    return this.#choice.linkOf(row)
  }

  /** The same for what has been sent before in vain: any of the links that lead there without a loop. */
  useAny(row: number, number: number, now: number): L | undefined {
    this.#usedAt[row] = ticksAt(now)
    return this.#choice.anyLinkOf(row, number)
  }

  linkOf(row: number): L | undefined {
    return this.#choice.linkOf(row)
  }

  /** A copy of the announce, with hops and metric as from here. */
  announceOf(row: number): AnnounceView {
    return new AnnounceView(this.frameOf(row))
  }

  /** A copy of the announce to pass on: this node's hops, and its metric rounded up to a minifloat. */
  frameOf(row: number): Uint8Array {
    return relayedAnnounce(this.#arena.copy(this.#handle(row)), this.hopsOf(row), this.metricOf(row))
  }

  /** A copy of the origin's public key. */
  keyAt(row: number): Uint8Array {
    return this.#head(row).publicKey.slice()
  }

  sequenceOf(row: number): number {
    return this.#head(row).sequence
  }

  capabilitiesOf(row: number): number {
    return this.#head(row).capabilities
  }

  /** Of the path in use or, where there is none, of the last one; 0.1 ms. */
  metricOf(row: number): number {
    return this.#choice.metricOf(row)
  }

  hopsOf(row: number): number {
    return this.#choice.hopsOf(row)
  }

  /** The feasible distance: who tells less for the present sequence number has no path through here. */
  feasibleOf(row: number): number {
    return this.#choice.feasibleOf(row)
  }

  learnedAt(row: number): number {
    return this.#learnedAt[row] as number
  }

  expiresAt(row: number): number {
    return this.#expiresAt[row] as number
  }

  /** When the path was last used, to a tenth of a second; 0 if never. Monotonic, ms. */
  usedAt(row: number): number {
    return Math.max(0, (this.#usedAt[row] as number) - 1) * USE_TICK_MS
  }

  /** Whether an announce with this sequence number can no longer be of use, judged before its signature. */
  isStale(row: number, sequence: number): boolean {
    return sequence < this.sequenceOf(row)
  }

  /** @param now monotonic, ms. */
  learn(offer: Offer<L>, now: number): Learned {
    if (offer.expiresAt <= now) return 'stale'
    const row = this.#index.find(offer.origin, 0)
    const { sequence } = offer.announce
    const newerBy = row < 0 ? 1 : sequence - this.sequenceOf(row)
    if (newerBy < 0) return 'stale'
    const candidate = this.#candidateOf(offer)
    if (candidate.link === NO_LINK) return 'table_full'
    if (newerBy === 0) return this.#learnAgain(row, offer, candidate, now)
    if (!this.#choice.isWithinReach(candidate)) return 'worse'
    if (row >= 0) {
      this.#arena.free(this.#handle(row))
      this.#begin(row, offer, candidate, now)
      return 'fresher'
    }
    if (this.size >= this.capacity && !this.#evictOne(now)) return 'table_full'
    this.#begin(this.#insert(offer.origin), offer, candidate, now)
    return 'new'
  }

  #learnAgain(row: number, { expiresAt, broadcast }: Offer<L>, candidate: Candidate, now: number): Learned {
    const learned = this.#choice.offer(row, candidate, broadcast)
    // Told again late, an announce lives no longer than when it was first told.
    this.#expiresAt[row] = Math.min(this.expiresAt(row), expiresAt)
    if (learned === 'better' || learned === 'dearer') this.#learnedAt[row] = now
    return learned
  }

  /**
   * Measurement has found another cost for a link: the paths over it are weighed anew. A link that no offer
   * has come over is passed by.
   *
   * @param cost 0.1 ms, at least 1.
   * @param now monotonic, ms.
   * @returns the rows whose path in use goes over another link now, or that have none any more.
   */
  costChanged(link: L, cost: number, now: number): number[] {
    const number = this.#choice.links.of(link)
    if (number === NO_LINK) return []
    this.#choice.links.setCost(number, wholeCost(cost))
    const changed = this.#choice.weighAnew(number, this.#index.rowEnd)
    for (const row of changed) this.#learnedAt[row] = now
    return changed
  }

  /**
   * The link is gone, and every path over it. A destination without another stays known, but has no path until
   * an offer makes one. What came over the link before must not be offered after this.
   */
  linkDown(link: L): { switched: number[]; lost: number[] } {
    const number = this.#choice.links.of(link)
    if (number === NO_LINK) return { switched: [], lost: [] }
    const used = this.#choice.dropLink(number, this.#index.rowEnd)
    this.#choice.links.release(number)
    const { switched = [], lost = [] } = Object.groupBy(used, (row) =>
      this.#choice.hasPath(row) ? 'switched' : 'lost',
    )
    return { switched, lost }
  }

  /** The neighbour on `link` shows that it has no path to this destination. @returns whether one is left. */
  drop(row: number, link: L): boolean {
    const number = this.#choice.links.of(link)
    if (number !== NO_LINK) this.#choice.drop(row, number)
    return this.#choice.hasPath(row)
  }

  /**
   * Takes in an announce known from before a restart, its hops and metric as they were from here. It has no
   * path, and the first offer makes one, whatever its metric: a node that starts has new links only, so that
   * nobody's path leads through it.
   *
   * @returns false where the origin is known already, the announce has run out, or there is no room: nothing
   *   is given up for it.
   */
  restore(origin: Uint8Array, announce: AnnounceView, expiresAt: number, now: number): boolean {
    if (expiresAt <= now || this.size >= this.capacity || this.#index.find(origin, 0) >= 0) return false
    const row = this.#insert(origin)
    this.#choice.beginDead(row, announce.hops, announce.metric)
    this.#keep(row, announce, expiresAt, now)
    return true
  }

  /** Forgets the rows whose announce has run out. @returns how many. */
  expire(now: number): number {
    let count = 0
    for (const row of this.rows()) {
      if (this.expiresAt(row) > now) continue
      this.#forget(row)
      count += 1
    }
    return count
  }

  info(row: number): PathInfo<L> {
    return {
      destination: Address.at(this.#index.bytes, row * ADDRESS_BYTES),
      link: this.linkOf(row),
      hops: this.hopsOf(row),
      metric: this.metricOf(row),
      sequence: this.sequenceOf(row),
      capabilities: this.capabilitiesOf(row),
      learnedAt: this.learnedAt(row),
      expiresAt: this.expiresAt(row),
      alternates: this.#choice.alternates(row),
      why: this.#choice.reasonOf(row),
    }
  }

  #candidateOf({ announce, link, cost, direct }: Offer<L>): Candidate {
    return {
      link: this.#choice.links.take(link, wholeCost(cost)),
      told: announce.metric,
      hops: Math.min(announce.hops + 1, MAX_HOPS_KEPT),
      direct,
    }
  }

  #begin(row: number, { announce, expiresAt }: Offer<L>, candidate: Candidate, now: number): void {
    this.#choice.begin(row, candidate)
    this.#keep(row, announce, expiresAt, now)
  }

  #keep(row: number, announce: AnnounceView, expiresAt: number, now: number): void {
    this.#announces[row] = this.#arena.put(announce.frame) + 1
    this.#learnedAt[row] = now
    this.#expiresAt[row] = expiresAt
  }

  #handle(row: number): number {
    return (this.#announces[row] as number) - 1
  }

  /** Good for the fields of fixed place only, and only until the next change. */
  #head(row: number): AnnounceView {
    return new AnnounceView(this.#arena.head(this.#handle(row)))
  }

  #insert(origin: Uint8Array): number {
    const row = this.#index.insert(origin, 0)
    if (row >= this.#usedAt.length) this.#grow()
    this.#usedAt[row] = 0
    return row
  }

  #grow(): void {
    const rows = Math.min(2 * this.#usedAt.length, this.capacity)
    this.#choice.grow(rows)
    this.#usedAt = grown(this.#usedAt, new Uint32Array(rows))
    this.#announces = grown(this.#announces, new Uint32Array(rows))
    this.#learnedAt = grown(this.#learnedAt, new Float64Array(rows))
    this.#expiresAt = grown(this.#expiresAt, new Float64Array(rows))
  }

  /**
   * Makes room by a destination without a path, else by the least recently used, of a few random ones. Neither
   * a neighbour nor a path in use gives way to a newcomer, who may be one of a flood.
   */
  #evictOne(now: number): boolean {
    const inUseSince = ticksAt(now) - IN_USE_TICKS
    let victim = -1
    let victimRank = Number.POSITIVE_INFINITY
    for (let i = 0; i < EVICTION_SAMPLE; i++) {
      const row = this.#random.below(this.#index.rowEnd)
      if (!this.has(row)) continue
      const usedAt = this.#usedAt[row] as number
      const isDead = !this.#choice.hasPath(row)
      if (!isDead && (this.#choice.isNeighbour(row) || (usedAt !== 0 && usedAt >= inUseSince))) continue
      const rank = isDead ? -1 : usedAt
      if (rank < victimRank) {
        victim = row
        victimRank = rank
      }
    }
    if (victim >= 0) this.#forget(victim)
    return victim >= 0
  }

  /** Forgets a destination. */
  remove(row: number): void {
    this.#forget(row)
  }

  #forget(row: number): void {
    this.#index.remove(this.#index.bytes, row * ADDRESS_BYTES)
    this.#arena.free(this.#handle(row))
    this.#announces[row] = 0
    this.#choice.clear(row)
  }
}

function ticksAt(now: number): number {
  return 1 + Math.floor(now / USE_TICK_MS)
}

function wholeCost(cost: number): number {
  return Math.max(1, Math.ceil(cost))
}
