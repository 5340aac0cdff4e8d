/**
 * What is going to happen, in order: by time, then by a seeded draw between nodes, then first come first
 * served. So events of one node at one moment keep their order, while another seed tries another order
 * between nodes. A four-ary heap on columns; an event costs no memory of its own.
 */

/** Times are multiples of this many ms, exact in binary: what arrives within it arrives together. */
export const GRAIN_MS = 1 / 16

export interface SimEvent {
  /** The number of the node it happens to. */
  readonly owner: number
  /** Cancelled: it may be dropped unseen. */
  readonly isDead: boolean
  fire(): void
}

const FIRST_CAPACITY = 1024
const SEQUENCE_RANGE = 2 ** 33

export class EventQueue {
  /** Virtual ms since the start. */
  now = 0
  /** Events fired. */
  fired = 0
  /** The node that the latest event happened to. */
  owner = -1
  readonly #seed: number
  #sequence = 0
  #size = 0
  /** Cancelled events that are still in the heap, about. */
  #dead = 0
  #at = new Float64Array(FIRST_CAPACITY)
  /** The draw between nodes, and below it the sequence. */
  #rank = new Float64Array(FIRST_CAPACITY)
  #events: (SimEvent | undefined)[] = new Array(FIRST_CAPACITY).fill(undefined)
  #deferred: SimEvent[] = []
  #nextDeferred = 0

  constructor(seed: number) {
    this.#seed = seed
  }

  get size(): number {
    return this.#size + this.#deferred.length - this.#nextDeferred
  }

  /** When something is next due; infinite where nothing is. */
  get nextAt(): number {
    if (this.#nextDeferred < this.#deferred.length) return this.now
    return this.#size === 0 ? Number.POSITIVE_INFINITY : (this.#at[0] as number)
  }

  /** @param at virtual ms, not before now; rounded up to the grain. */
  push(event: SimEvent, at: number): void {
    let grains = Math.ceil(at / GRAIN_MS)
    // A delay too short for the precision of a double must not stand still.
    if (at > this.now && grains * GRAIN_MS <= this.now) grains = Math.floor(this.now / GRAIN_MS) + 1
    const due = Math.max(grains * GRAIN_MS, this.now)
    const rank = draw(this.#seed, event.owner, grains) * SEQUENCE_RANGE + this.#sequence++
    if (this.#size === this.#at.length) this.#grow()
    this.#rise(this.#size++, due, rank, event)
  }

  /** Fires after everything that is due now. */
  defer(event: SimEvent): void {
    this.#deferred.push(event)
  }

  /** An event in here has died. When half of them are dead, they are thrown out. */
  noteDead(): void {
    this.#dead += 1
    if (this.#dead > 4096 && this.#dead * 2 > this.#size) this.#bury()
  }

  /** Fires everything due up to and at `until`. `now` is the time of the last that fired. */
  runUntil(until: number): void {
    for (;;) {
      if (this.#size > 0 && (this.#at[0] as number) <= this.now) this.#fireFirst()
      else if (this.#nextDeferred < this.#deferred.length) this.#fireDeferred()
      else if (this.#size > 0 && (this.#at[0] as number) <= until) this.#fireFirst()
      else return
    }
  }

  #fireFirst(): void {
    const event = this.#events[0] as SimEvent
    this.now = Math.max(this.now, this.#at[0] as number)
    this.#removeFirst()
    if (event.isDead) {
      this.#dead = Math.max(0, this.#dead - 1)
      return
    }
    this.fired += 1
    this.owner = event.owner
    event.fire()
  }

  #fireDeferred(): void {
    const event = this.#deferred[this.#nextDeferred++] as SimEvent
    if (this.#nextDeferred === this.#deferred.length) {
      this.#deferred.length = 0
      this.#nextDeferred = 0
    }
    if (event.isDead) return
    this.fired += 1
    this.owner = event.owner
    event.fire()
  }

  #isBefore(a: number, at: number, rank: number): boolean {
    const other = this.#at[a] as number
    return other < at || (other === at && (this.#rank[a] as number) < rank)
  }

  #rise(from: number, at: number, rank: number, event: SimEvent): void {
    let index = from
    while (index > 0) {
      const parent = (index - 1) >> 2
      if (this.#isBefore(parent, at, rank)) break
      this.#move(parent, index)
      index = parent
    }
    this.#place(index, at, rank, event)
  }

  #removeFirst(): void {
    const last = --this.#size
    const event = this.#events[last] as SimEvent
    this.#events[last] = undefined
    if (last > 0) this.#sink(0, this.#at[last] as number, this.#rank[last] as number, event)
  }

  #sink(from: number, at: number, rank: number, event: SimEvent): void {
    let index = from
    for (;;) {
      const first = 4 * index + 1
      if (first >= this.#size) break
      const end = Math.min(first + 4, this.#size)
      let least = first
      for (let child = first + 1; child < end; child++) {
        if (this.#isBefore(child, this.#at[least] as number, this.#rank[least] as number)) least = child
      }
      if (!this.#isBefore(least, at, rank)) break
      this.#move(least, index)
      index = least
    }
    this.#place(index, at, rank, event)
  }

  #move(from: number, to: number): void {
    this.#place(to, this.#at[from] as number, this.#rank[from] as number, this.#events[from] as SimEvent)
  }

  #place(index: number, at: number, rank: number, event: SimEvent): void {
    this.#at[index] = at
    this.#rank[index] = rank
    this.#events[index] = event
  }

  #bury(): void {
    let kept = 0
    for (let index = 0; index < this.#size; index++) {
      if (this.#events[index]?.isDead !== false) continue
      if (kept !== index) this.#move(index, kept)
      kept += 1
    }
    this.#events.fill(undefined, kept, this.#size)
    this.#size = kept
    this.#dead = 0
    for (let index = (kept - 2) >> 2; index >= 0; index--) {
      this.#sink(
        index,
        this.#at[index] as number,
        this.#rank[index] as number,
        this.#events[index] as SimEvent,
      )
    }
  }

  #grow(): void {
    const length = 2 * this.#at.length
    const at = new Float64Array(length)
    const rank = new Float64Array(length)
    at.set(this.#at)
    rank.set(this.#rank)
    this.#at = at
    this.#rank = rank
    for (let index = this.#events.length; index < length; index++) this.#events.push(undefined)
  }
}

/** 20 bits that are the same for all events of a node at a moment, and else as good as random. */
function draw(seed: number, owner: number, grains: number): number {
  let h = Math.imul(seed ^ (grains | 0), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 15) ^ owner, 0x9e3779b1)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 12
}
