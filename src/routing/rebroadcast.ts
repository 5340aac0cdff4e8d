/**
 * Who passes an announce on where one transmission reaches many: on a radio, all that hear a frame could
 * relay it, and few should. Each waits for a while that is the shorter the more its relay would bring, and
 * gives up once the copies it has heard meanwhile leave it nothing to add (docs/specs/routing.md).
 *
 * Where the neighbours have said whom they hear, that is a matter of counting those that no copy has reached.
 * Before they have, a node goes by the number of copies.
 */
import type { Address } from '../identity/address.ts'
import type { Random } from '../runtime/random.ts'

/** How far the transmissions of some nodes reach around this one. */
export interface Coverage {
  /** Neighbours of this node that have heard none of them. */
  readonly uncovered: number
  /** Nodes that have heard one, and would bring it to more of those around than this one. */
  readonly ahead: number
  /** Whether one of those neighbours loses so much that it should be sent to twice. */
  readonly isLossy: boolean
}

/** Undefined while nobody has said whom it hears. */
export type CoverageOf = (senders: readonly Address[]) => Coverage | undefined

/** The longest wait, in units of the time that a frame takes to leave: then each hears the one before it in time. */
const WAIT_SLOTS = 16
/** With the neighbours known, the one that brings it farthest waits for up to so many, the next for twice that. */
const TURN_SLOTS = 2
/** Before a relay is repeated somebody may pass it on: it waits for at least so long, and up to twice as long. */
const REPEAT_SLOTS = 20
/** With nothing but copies to go by, so many are enough. */
const ENOUGH_COPIES = 3
/** For so many slots after its time further copies count: a relay that waits for its budget may be called back. */
const MATTERS_SLOTS = 64
/** Announces at once. Where all of them wait, further ones are not passed on. */
export const MAX_WAITING = 256

/** One copy of an announce, as it was heard. */
export interface Copy {
  readonly origin: Address
  readonly sequence: number
  /** Whose transmission it was; undefined for one that came another way. */
  readonly sender: Address | undefined
}

interface Entry {
  readonly sequence: number
  /** Whose transmissions have been heard. */
  readonly senders: Address[]
  readonly slotMs: number
  /** However many say that they come first, it does not wait for longer. */
  readonly latest: number
  state: 'waits' | 'repeats' | 'handed' | 'needless'
  /** When it goes out, for the first time or again; or if it does not any more, when it would have or has. */
  dueAt: number
  /** As last judged, for when it goes out. */
  coverage: Coverage | undefined
}

/** All times are monotonic ms; a key is the row of the path table. */
export class Rebroadcast {
  /** They never go down. */
  readonly counters = { relayed: 0, cancelled: 0, refused: 0 }
  readonly #random: Random
  readonly #coverageOf: CoverageOf
  readonly #entries = new Map<number, Entry>()
  #nextDue = Number.POSITIVE_INFINITY

  constructor(random: Random, coverageOf: CoverageOf) {
    this.#random = random
    this.#coverageOf = coverageOf
  }

  /** When {@link due} next has something to do. */
  get nextDue(): number {
    return this.#nextDue
  }

  /** Announces that wait, or whose further copies still matter. */
  get size(): number {
    return this.#entries.size
  }

  /**
   * A copy of a new announce, or one that has come a better way. It may be passed on.
   *
   * @param slotMs how long a frame of this length takes to leave the link and to be heard.
   */
  first(key: number, now: number, slotMs: number, copy: Copy): void {
    const known = this.#entries.get(key)
    this.#entries.delete(key)
    if (this.#entries.size >= MAX_WAITING && !this.#forgetOne()) {
      this.counters.refused += 1
      return
    }
    const { sequence } = copy
    const senders = known?.sequence === sequence ? known.senders : []
    note(senders, copy)
    const dueAt = now + WAIT_SLOTS * this.#random.float() * slotMs
    const latest = now + WAIT_SLOTS * slotMs
    const entry: Entry = { sequence, senders, slotMs, latest, state: 'waits', dueAt, coverage: undefined }
    this.#entries.set(key, entry)
    this.#judge(entry, now, copy)
  }

  /**
   * A further copy. Where the neighbours are known, the wait is reckoned anew from now.
   *
   * @returns true when a relay that {@link due} has handed out has become needless: call it back if it has not
   *   left.
   */
  again(key: number, now: number, copy: Copy): boolean {
    const entry = this.#entries.get(key)
    if (entry === undefined || !note(entry.senders, copy)) return false
    const wasHanded = entry.state === 'handed' || entry.state === 'repeats'
    if (entry.state !== 'needless') this.#judge(entry, now, copy)
    return wasHanded && entry.state === 'needless'
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
      if (isToGo(entry) && entry.dueAt <= now) {
        this.counters.relayed += 1
        keys.push(key)
        const isLast = entry.state === 'repeats' || entry.coverage?.isLossy !== true
        entry.state = isLast ? 'handed' : 'repeats'
        if (!isLast) entry.dueAt = now + REPEAT_SLOTS * (1 + this.#random.float()) * entry.slotMs
      }
      if (nextLook(entry) <= now) this.#entries.delete(key)
      else this.#look(entry)
    }
    return keys
  }

  /** Makes room. @returns false where all still wait. */
  #forgetOne(): boolean {
    for (const [key, { state }] of this.#entries) if (state !== 'waits') return this.#entries.delete(key)
    return false
  }

  /** What the copies heard so far mean for the relay. */
  #judge(entry: Entry, now: number, { origin }: Copy): void {
    const { senders, slotMs, state } = entry
    // The origin has sent it too, whether or not that was heard here.
    const coverage = this.#coverageOf([origin, ...senders])
    if (coverage === undefined ? senders.length >= ENOUGH_COPIES : coverage.uncovered === 0) {
      if (state === 'waits') this.counters.cancelled += 1
      entry.state = 'needless'
    } else if (state === 'repeats') {
      // Somebody who lacked it has it now, perhaps from here.
      if ((coverage?.uncovered ?? 0) < (entry.coverage?.uncovered ?? 0)) entry.state = 'handed'
    } else if (state === 'waits' && coverage !== undefined) {
      const turnAt = now + TURN_SLOTS * (coverage.ahead + this.#random.float()) * slotMs
      entry.dueAt = Math.min(turnAt, entry.latest)
      entry.coverage = coverage
    }
    this.#look(entry)
  }

  #look(entry: Entry): void {
    this.#nextDue = Math.min(this.#nextDue, nextLook(entry))
  }
}

/** When something is to be done with it: sent, or forgotten. */
function nextLook(entry: Entry): number {
  return isToGo(entry) ? entry.dueAt : entry.dueAt + MATTERS_SLOTS * entry.slotMs
}

function isToGo({ state }: Entry): boolean {
  return state === 'waits' || state === 'repeats'
}

/** @returns whether this sender had not been heard before. */
function note(senders: Address[], { sender }: Copy): boolean {
  if (sender === undefined || senders.some((other) => other.equals(sender))) return false
  senders.push(sender)
  return true
}
