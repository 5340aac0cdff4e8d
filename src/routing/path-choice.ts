/**
 * Which of the paths that neighbours offer to a destination is used, and which are kept as alternates.
 *
 * A neighbour is believed, for one sequence number of the origin, only if it has told a metric below this
 * node's feasible distance: the least metric this node has had, and so the least it can have told others
 * (Babel's condition, RFC 8966, section 2.4). What a neighbour has once told stays a bound on its own
 * feasible distance, which never grows within a sequence number. So along any chain of next hops the
 * feasible distance falls at every step, and no chain leads back.
 */
import { type Candidate, Candidates, grown, PLACES } from './candidates.ts'
import { LinkNumbers, NO_LINK } from './link-numbers.ts'
import { MAX_METRIC } from './metric.ts'
import type { AlternateInfo, Learned, PathReason } from './path.ts'

/** Any path is nearer: where this node has told nobody of the destination yet. */
const INFINITELY_FAR = 0xffffffff
/** A path takes over from the one in use if it is better by a tenth of that one, and by 1 ms. */
const BETTER_BY_PART = 0.1
const BETTER_BY = 10
/** A path that leads back through here is longer than before by the links of the loop: two or more. */
const SHORTEST_LOOP = 2

export class PathChoice<L> {
  readonly links: LinkNumbers<L>
  readonly #candidates: Candidates
  /** The least metric had for the present sequence number. */
  #feasible: Uint32Array
  /** 1 where the path in use took over when the one before it was lost. */
  #tookOver: Uint8Array

  constructor(rows: number, maxLinks: number) {
    this.links = new LinkNumbers(maxLinks)
    this.#candidates = new Candidates(rows)
    this.#feasible = new Uint32Array(rows)
    this.#tookOver = new Uint8Array(rows)
  }

  /** Memory taken, bytes. */
  get bytes(): number {
    return this.#candidates.bytes + this.#feasible.byteLength + this.#tookOver.byteLength
  }

  grow(rows: number): void {
    this.#candidates.grow(rows)
    this.#feasible = grown(this.#feasible, new Uint32Array(rows))
    this.#tookOver = grown(this.#tookOver, new Uint8Array(rows))
  }

  linkOf(row: number): L | undefined {
    return this.links.linkOf(this.#candidates.linkAt(PLACES * row))
  }

  /** One of the links that may be trusted, by a number that is taken modulo how many there are. */
  anyLinkOf(row: number, number: number): L | undefined {
    const first = PLACES * row
    const count = this.#candidates.alternatesEnd(row) - first
    return this.links.linkOf(this.#candidates.linkAt(first + (number % count)))
  }

  hasPath(row: number): boolean {
    return this.#candidates.linkAt(PLACES * row) !== NO_LINK
  }

  /** Of the path in use, or of the last one. */
  metricOf(row: number): number {
    return this.#metricAt(PLACES * row)
  }

  hopsOf(row: number): number {
    return this.#candidates.hopsAt(PLACES * row)
  }

  feasibleOf(row: number): number {
    return this.#feasible[row] as number
  }

  /** Whether one of the row's links leads to the destination itself. */
  isNeighbour(row: number): boolean {
    for (let place = PLACES * row; place < PLACES * (row + 1); place++) {
      if (this.#candidates.linkAt(place) !== NO_LINK && this.#candidates.isDirect(place)) return true
    }
    return false
  }

  /** Whether the metric over this link is one that can be told. */
  isWithinReach({ link, told }: Candidate): boolean {
    return told + this.links.costOf(link) <= MAX_METRIC
  }

  /** The first path of a new destination or sequence number. */
  begin(row: number, candidate: Candidate): void {
    this.#candidates.clear(row)
    this.#candidates.put(PLACES * row, candidate)
    this.#feasible[row] = this.metricOf(row)
    this.#tookOver[row] = 0
  }

  /** A destination without a path: the first offer makes one. */
  beginDead(row: number, hops: number, metric: number): void {
    this.begin(row, { link: NO_LINK, told: metric, hops, direct: false })
    this.#feasible[row] = INFINITELY_FAR
  }

  clear(row: number): void {
    this.#candidates.clear(row)
  }

  /**
   * Weighs another offer for the present sequence number.
   *
   * @param broadcast several neighbours are behind the link: one that tells more than another did does not
   *   take that one's word back, and is most often the echo of what this node has told itself.
   */
  offer(row: number, candidate: Candidate, broadcast: boolean): Learned {
    const first = PLACES * row
    const known = this.#candidates.find(row, candidate.link)
    if (known >= 0) {
      const isEcho = broadcast && candidate.told >= this.#candidates.toldAt(known)
      return isEcho ? 'worse' : this.#offerAgain(row, known, candidate)
    }
    if (candidate.told >= this.feasibleOf(row) || !this.isWithinReach(candidate)) return 'worse'
    if (this.hasPath(row)) {
      const metric = candidate.told + this.links.costOf(candidate.link)
      let place = this.#candidates.alternatesEnd(row)
      if (place === first + PLACES) {
        place = this.#worstAlternate(row)
        if (this.#metricAt(place) <= metric) return 'worse'
      }
      this.#candidates.put(place, candidate)
    } else {
      this.#candidates.put(first, candidate)
      this.#tookOver[row] = 0
    }
    this.#settle(row)
    return this.#candidates.linkAt(first) === candidate.link ? 'better' : 'alternate'
  }

  /** The rows with a path over the link are weighed anew. @returns those whose path in use is another or lost. */
  weighAnew(link: number, rowEnd: number): number[] {
    const changed: number[] = []
    for (let row = 0; row < rowEnd; row++) {
      const place = this.#candidates.find(row, link)
      if (place < 0) continue
      const before = this.#candidates.linkAt(PLACES * row)
      if (this.#metricAt(place) > MAX_METRIC) this.#remove(row, place)
      this.#settle(row)
      if (this.#candidates.linkAt(PLACES * row) !== before) changed.push(row)
    }
    return changed
  }

  /** Takes the link out of every row. @returns the rows that used it. */
  dropLink(link: number, rowEnd: number): number[] {
    const used: number[] = []
    for (let row = 0; row < rowEnd; row++) if (this.drop(row, link)) used.push(row)
    return used
  }

  /** Takes the link out of a row. @returns whether it was in use. */
  drop(row: number, link: number): boolean {
    const place = this.#candidates.find(row, link)
    if (place >= 0) this.#remove(row, place)
    return place === PLACES * row
  }

  /** The best first. */
  alternates(row: number): AlternateInfo<L>[] {
    const alternates: AlternateInfo<L>[] = []
    for (let place = PLACES * row + 1; place < this.#candidates.alternatesEnd(row); place++) {
      const link = this.links.linkOf(this.#candidates.linkAt(place))
      if (link === undefined) continue
      alternates.push({ link, hops: this.#candidates.hopsAt(place), metric: this.#metricAt(place) })
    }
    return alternates.sort((a, b) => a.metric - b.metric)
  }

  reasonOf(row: number): PathReason {
    if (!this.hasPath(row)) return 'no path'
    if (this.#tookOver[row] === 1) return 'took over when another was lost'
    const best = this.#bestAlternate(row)
    if (best < 0) return 'only path'
    return this.metricOf(row) <= this.#metricAt(best) ? 'lowest metric' : 'no other is better by enough'
  }

  /** The neighbour behind a known path tells of it again. */
  #offerAgain(row: number, place: number, candidate: Candidate): Learned {
    const first = PLACES * row
    const { link, told, hops } = candidate
    const hopsBefore = this.#candidates.hopsAt(place)
    if (told === this.#candidates.toldAt(place) && hops === hopsBefore) return 'worse'
    const linkBefore = this.#candidates.linkAt(first)
    const metricBefore = this.metricOf(row)
    // It has once told less than this node's feasible distance, so a dearer path of its own is no loop: unless
    // it has since forgotten what it told, for want of room, and taken up a path through here.
    const mayLoop = told >= this.feasibleOf(row) && hops >= hopsBefore + SHORTEST_LOOP
    const kept = !mayLoop && this.isWithinReach(candidate)
    if (kept) this.#candidates.update(place, candidate)
    else this.#remove(row, place)
    this.#settle(row)
    const linkNow = this.#candidates.linkAt(first)
    if (linkNow === NO_LINK) return 'lost'
    if (linkNow !== linkBefore) return linkNow === link ? 'better' : 'dearer'
    if (place !== first) return kept ? 'alternate' : 'worse'
    const metric = this.metricOf(row)
    if (isBetterByEnough(metric, metricBefore)) return 'better'
    return isBetterByEnough(metricBefore, metric) ? 'dearer' : 'alternate'
  }

  #metricAt(place: number): number {
    return this.#candidates.toldAt(place) + this.links.costOf(this.#candidates.linkAt(place))
  }

  /** Uses an alternate that is better by enough, and keeps to what may be trusted. */
  #settle(row: number): void {
    const first = PLACES * row
    if (!this.hasPath(row)) return
    const best = this.#bestAlternate(row)
    if (best >= 0 && isBetterByEnough(this.#metricAt(best), this.metricOf(row))) {
      this.#candidates.swap(first, best)
      this.#tookOver[row] = 0
    }
    const feasible = Math.min(this.feasibleOf(row), this.metricOf(row))
    this.#feasible[row] = feasible
    for (let place = this.#candidates.alternatesEnd(row) - 1; place > first; place--) {
      if (this.#candidates.leastAt(place) >= feasible) this.#candidates.remove(place)
    }
  }

  /** Takes a path out; where it was in use, the best alternate takes over. */
  #remove(row: number, place: number): void {
    const first = PLACES * row
    if (place !== first) {
      this.#candidates.remove(place)
      return
    }
    const best = this.#bestAlternate(row)
    if (best < 0) {
      this.#candidates.kill(row, this.metricOf(row))
      return
    }
    this.#candidates.swap(first, best)
    this.#candidates.remove(best)
    this.#tookOver[row] = 1
    this.#settle(row)
  }

  /** The place of the cheapest, or -1. */
  #bestAlternate(row: number): number {
    let best = -1
    for (let place = PLACES * row + 1; place < this.#candidates.alternatesEnd(row); place++) {
      if (best < 0 || this.#metricAt(place) < this.#metricAt(best)) best = place
    }
    return best
  }

  /** The place of the dearest, where there is one. */
  #worstAlternate(row: number): number {
    let worst = PLACES * row + 1
    for (let place = worst + 1; place < this.#candidates.alternatesEnd(row); place++) {
      if (this.#metricAt(place) > this.#metricAt(worst)) worst = place
    }
    return worst
  }
}

function isBetterByEnough(metric: number, present: number): boolean {
  return present - metric >= Math.max(BETTER_BY, BETTER_BY_PART * present)
}
