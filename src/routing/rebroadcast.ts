/**
 * Who passes an announce on where one transmission reaches many: on a radio, all that hear a frame could
 * relay it, and few should. Each waits for a while that is the shorter the more its relay would bring, and
 * gives up once the copies it has heard meanwhile leave it little to add (docs/specs/routing.md).
 *
 * How much that is depends on what is known. With the neighbours of each sender known, a node counts those
 * of its own that no copy has reached. With only the strength of the signals known, it reckons from how far
 * off the senders are how much of its surroundings they cover. With nothing known, it counts copies.
 */
import type { Random } from '../runtime/random.ts'

/** What is known of one copy of an announce that was heard; all of it may be missing. */
export interface Heard {
  /** By how much the signal was stronger than the weakest that can be read, dB. */
  readonly marginDb?: number
  /** Where the neighbours of the senders are known. */
  readonly neighbours?: {
    /** Neighbours of this node that no copy heard so far has reached. */
    readonly uncovered: number
    /** Nodes that got it too and would bring it to more of those neighbours' surroundings than this one. */
    readonly ahead: number
  }
}

/** A frame waits in units of the time that one takes to leave: then each hears the one before it in time. */
const WAIT_SLOTS = 16
/** A margin of so much counts as next door: the wait is longest there, dB. */
const NEXT_DOOR_DB = 30
/** With strength known, nodes equally far off are kept apart by up to so many slots. */
const SPREAD_SLOTS = 2
/** With nothing but copies to go by, so many are enough. */
const ENOUGH_COPIES = 3
/** What the copies cover, as shares of this node's surroundings added up: from here on it keeps silent. */
const ENOUGH_COVER = 1
/** Loss per decade of distance near the ground, dB: that of the macro-cell model at 1 m. */
const DB_PER_DECADE = 44.9
/** A relay that was handed to the link is worth calling back for so many slots. */
const RECALL_SLOTS = 8
/** Announces waiting at once. Beyond, further ones are not passed on. */
export const MAX_WAITING = 256

interface Entry {
  copies: number
  cover: number
  slotMs: number
  /** When it goes out. */
  dueAt: number
  /** Handed over at {@link dueAt}: kept a while, so that it can be called back. */
  isHanded: boolean
}

/** All times are monotonic ms; a key is the row of the path table. */
export class Rebroadcast {
  /** They never go down. */
  readonly counters = { relayed: 0, cancelled: 0, refused: 0 }
  readonly #random: Random
  readonly #entries = new Map<number, Entry>()
  #nextDue = Number.POSITIVE_INFINITY

  constructor(random: Random) {
    this.#random = random
  }

  /** When {@link due} next has something to do. */
  get nextDue(): number {
    return this.#nextDue
  }

  /** Announces that wait, or could still be called back. */
  get size(): number {
    return this.#entries.size
  }

  /**
   * The first copy of a new announce, which may be passed on. An older one of the same key is forgotten.
   *
   * @param slotMs how long a frame of this length takes to leave the link and to be heard.
   */
  first(key: number, now: number, slotMs: number, heard: Heard = {}): void {
    this.#entries.delete(key)
    if (this.#entries.size >= MAX_WAITING) {
      this.counters.refused += 1
      return
    }
    const entry = { copies: 0, cover: 0, slotMs, dueAt: now + this.#slots(heard) * slotMs, isHanded: false }
    count(entry, heard)
    if (isEnough(entry, heard)) {
      this.counters.cancelled += 1
      return
    }
    this.#entries.set(key, entry)
    this.#look(entry)
  }

  /**
   * A further copy. Where the neighbours are known, the wait is reckoned anew from now.
   *
   * @returns true when a relay that {@link due} has handed out has become needless: call it back from the
   *   link's queue if it has not left.
   */
  again(key: number, now: number, heard: Heard = {}): boolean {
    const entry = this.#entries.get(key)
    if (entry === undefined) return false
    count(entry, heard)
    if (isEnough(entry, heard)) {
      this.#entries.delete(key)
      if (!entry.isHanded) this.counters.cancelled += 1
      return entry.isHanded
    }
    if (heard.neighbours !== undefined && !entry.isHanded) {
      entry.dueAt = now + this.#slots(heard) * entry.slotMs
      this.#look(entry)
    }
    return false
  }

  /** The row has become another's. */
  forget(key: number): void {
    this.#entries.delete(key)
  }

  /** Keys whose announce goes out now. */
  due(now: number): number[] {
    if (now < this.#nextDue) return []
    const keys: number[] = []
    this.#nextDue = Number.POSITIVE_INFINITY
    for (const [key, entry] of this.#entries) {
      if (entry.isHanded) {
        if (recallUntil(entry) <= now) {
          this.#entries.delete(key)
          continue
        }
      } else if (entry.dueAt <= now) {
        entry.isHanded = true
        this.counters.relayed += 1
        keys.push(key)
      }
      this.#look(entry)
    }
    return keys
  }

  #look(entry: Entry): void {
    this.#nextDue = Math.min(this.#nextDue, entry.isHanded ? recallUntil(entry) : entry.dueAt)
  }

  #slots({ marginDb, neighbours }: Heard): number {
    if (neighbours !== undefined) return 2 * (neighbours.ahead + this.#random.float())
    if (marginDb === undefined) return WAIT_SLOTS * this.#random.float()
    const nearness = Math.min(1, Math.max(0, marginDb / NEXT_DOOR_DB))
    return WAIT_SLOTS * nearness + SPREAD_SLOTS * this.#random.float()
  }
}

function recallUntil({ dueAt, slotMs }: Entry): number {
  return dueAt + RECALL_SLOTS * slotMs
}

function count(entry: Entry, { marginDb }: Heard): void {
  entry.copies += 1
  // A copy of unknown strength counts as one from the mean distance within range, two thirds.
  entry.cover += marginDb === undefined ? sharedCover(2 / 3) : coverOf(marginDb)
}

function isEnough({ copies, cover }: Entry, { marginDb, neighbours }: Heard): boolean {
  if (neighbours !== undefined) return neighbours.uncovered === 0
  return marginDb === undefined ? copies >= ENOUGH_COPIES : cover >= ENOUGH_COVER
}

/** The share of this node's surroundings that a sender covers which is heard so well. */
function coverOf(marginDb: number): number {
  return sharedCover(10 ** (-Math.max(0, marginDb) / DB_PER_DECADE))
}

/** What two discs of radius 1 share, as a share of one, with their centres `distance` (0 to 1) apart. */
function sharedCover(distance: number): number {
  const half = distance / 2
  return (2 / Math.PI) * (Math.acos(half) - half * Math.sqrt(1 - half * half))
}
