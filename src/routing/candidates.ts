/**
 * What neighbours have told of each destination, in columns: for every row of a path table the path in use
 * and up to three alternates, each over a link of its own. 8 bytes for each place of a row.
 */
import { decodeMinifloat, encodeMinifloat } from '../wire/minifloat.ts'
import { NO_LINK } from './link-numbers.ts'

/** Paths kept for a destination besides the one in use. */
export const MAX_ALTERNATES = 3
/** Places of a row. The first is the path in use; those after it are filled without a gap. */
export const PLACES = 1 + MAX_ALTERNATES

export interface Candidate {
  /** Its number. */
  readonly link: number
  /** The neighbour's own metric, 0.1 ms. */
  readonly told: number
  /** From here: the neighbour's and one more. */
  readonly hops: number
  /** Whether the neighbour is the destination itself. */
  readonly direct: boolean
}

/** Places are numbered over all rows: row r has those from `PLACES` r on. */
export class Candidates {
  #links: Uint16Array
  /** Minifloats, as they stand in announces. */
  #told: Uint16Array
  /** The least that was told over the link for the present sequence number. */
  #least: Uint16Array
  #hops: Uint8Array
  #direct: Uint8Array

  constructor(rows: number) {
    this.#links = new Uint16Array(PLACES * rows)
    this.#told = new Uint16Array(PLACES * rows)
    this.#least = new Uint16Array(PLACES * rows)
    this.#hops = new Uint8Array(PLACES * rows)
    this.#direct = new Uint8Array(PLACES * rows)
  }

  /** Memory taken, bytes. */
  get bytes(): number {
    return 8 * this.#links.length
  }

  grow(rows: number): void {
    this.#links = grown(this.#links, new Uint16Array(PLACES * rows))
    this.#told = grown(this.#told, new Uint16Array(PLACES * rows))
    this.#least = grown(this.#least, new Uint16Array(PLACES * rows))
    this.#hops = grown(this.#hops, new Uint8Array(PLACES * rows))
    this.#direct = grown(this.#direct, new Uint8Array(PLACES * rows))
  }

  linkAt(place: number): number {
    return this.#links[place] as number
  }

  toldAt(place: number): number {
    return decodeMinifloat(this.#told[place] as number)
  }

  leastAt(place: number): number {
    return decodeMinifloat(this.#least[place] as number)
  }

  hopsAt(place: number): number {
    return this.#hops[place] as number
  }

  isDirect(place: number): boolean {
    return this.#direct[place] !== 0
  }

  /** The place of a row that has a link, or -1. */
  find(row: number, link: number): number {
    const end = PLACES * (row + 1)
    for (let place = end - PLACES; place < end; place++) if (this.#links[place] === link) return place
    return -1
  }

  /** The first of a row's places for alternates that is empty; where none is, the place after its last. */
  alternatesEnd(row: number): number {
    const end = PLACES * (row + 1)
    let place = end - MAX_ALTERNATES
    while (place < end && this.#links[place] !== NO_LINK) place += 1
    return place
  }

  put(place: number, { link, told, hops, direct }: Candidate): void {
    this.#links[place] = link
    this.#told[place] = encodeMinifloat(told)
    this.#least[place] = this.#told[place] as number
    this.#hops[place] = hops
    this.#direct[place] = direct ? 1 : 0
  }

  /** The neighbour tells otherwise now. */
  update(place: number, { told, hops, direct }: Candidate): void {
    const code = encodeMinifloat(told)
    this.#told[place] = code
    if (told < this.leastAt(place)) this.#least[place] = code
    this.#hops[place] = hops
    this.#direct[place] = direct ? 1 : 0
  }

  swap(a: number, b: number): void {
    for (const column of [this.#links, this.#told, this.#least, this.#hops, this.#direct]) {
      const kept = column[a] as number
      column[a] = column[b] as number
      column[b] = kept
    }
  }

  /** Empties the place of an alternate; the row's last one moves into the gap. */
  remove(place: number): void {
    const last = this.alternatesEnd(Math.floor(place / PLACES)) - 1
    if (last !== place) this.swap(place, last)
    this.#links[last] = NO_LINK
  }

  /** The path in use is dead: hops and metric stay as they were, for people. */
  kill(row: number, metric: number): void {
    this.#links[PLACES * row] = NO_LINK
    this.#told[PLACES * row] = encodeMinifloat(metric)
  }

  clear(row: number): void {
    this.#links.fill(NO_LINK, PLACES * row, PLACES * (row + 1))
  }
}

/** The first of the two arrays, continued into the second. */
export function grown<A extends Uint8Array | Uint16Array | Uint32Array | Float64Array>(from: A, to: A): A {
  to.set(from)
  return to
}
