/**
 * When successions are sent: those of others once each, a little after they came; those that lead to this
 * node to every new neighbour, and to all from time to time (docs/specs/succession.md, "Spreading").
 */
import type { Random } from '../runtime/random.ts'
import { relayedSuccession, SuccessionView } from '../wire/succession.ts'

/** The time between two tellings of this node's own, ms, each drawn anew within ± 10 %. */
export const REPEATED_EVERY_MS = 60 * 60 * 1000
/** Successions that may wait to be sent, this node's own aside. */
export const MAX_WAITING = 256

export interface SuccessionSpreadOptions {
  /** Whether this node forwards for others. */
  readonly relay: boolean
  /** The longest wait before one is passed on, ms. */
  readonly jitterMs: number
  /** Successions that have come this far are not passed on. */
  readonly maxHops: number
  /** Those that lead to this node and are to be told still; asked each time. */
  readonly own: () => readonly Uint8Array[]
}

export interface SpreadLink {
  readonly profile: { readonly broadcast: boolean }
}

/** One to be sent: over one link, or over all but one. */
export interface SuccessionSending<L> {
  readonly frame: Uint8Array
  /** Undefined for all. */
  readonly to: L | undefined
  readonly except: L | undefined
}

export class SuccessionSpread<L extends SpreadLink> {
  readonly counters = { passedOn: 0, overflowed: 0 }
  readonly #options: SuccessionSpreadOptions
  readonly #random: Random
  readonly #waiting: (SuccessionSending<L> & { readonly dueAt: number })[] = []
  #waitingDue = Number.POSITIVE_INFINITY
  /** Infinite until there is somebody to tell, and something. */
  #repeatAt = Number.POSITIVE_INFINITY

  constructor(options: SuccessionSpreadOptions, random: Random) {
    this.#options = options
    this.#random = random
  }

  get waiting(): number {
    return this.#waiting.length
  }

  /** A new neighbour is told of this node's own. `now`: monotonic, ms, as in all calls. */
  linkUp(link: L, now: number): void {
    const own = this.#options.own()
    for (const frame of own) this.#add({ frame, to: link, except: undefined, dueAt: now })
    if (own.length > 0 && this.#repeatAt === Number.POSITIVE_INFINITY) this.#repeatAt = now + this.#interval()
  }

  /** One that was taken in, from this link. */
  passOn(frame: Uint8Array, from: L, now: number): void {
    const hops = new SuccessionView(frame).hops + 1
    if (!this.#options.relay || hops >= this.#options.maxHops || !this.#hasRoom()) return
    const dueAt = now + this.#random.float() * this.#options.jitterMs
    const except = from.profile.broadcast ? undefined : from
    this.#add({ frame: relayedSuccession(frame, hops), to: undefined, except, dueAt })
    this.counters.passedOn += 1
  }

  /** Somebody behind this link has asked for an address that has moved: these say where to. */
  answer(records: readonly Uint8Array[], to: L, now: number): void {
    for (const record of records) {
      if (!this.#hasRoom()) return
      const hops = new SuccessionView(record).hops + 1
      if (hops >= this.#options.maxHops) continue
      this.#add({ frame: relayedSuccession(record, hops), to, except: undefined, dueAt: now })
    }
  }

  /** When {@link poll} next has something to do, monotonic ms. */
  get nextDue(): number {
    return Math.min(this.#waitingDue, this.#repeatAt)
  }

  /** What is to be sent now. */
  poll(now: number): SuccessionSending<L>[] {
    const due: SuccessionSending<L>[] = []
    if (this.#repeatAt <= now) {
      const own = this.#options.own()
      for (const frame of own) due.push({ frame, to: undefined, except: undefined })
      this.#repeatAt = own.length === 0 ? Number.POSITIVE_INFINITY : now + this.#interval()
    }
    if (this.#waitingDue > now) return due
    this.#waitingDue = Number.POSITIVE_INFINITY
    for (const { dueAt, ...sending } of this.#waiting.splice(0)) {
      if (dueAt <= now) due.push(sending)
      else this.#add({ dueAt, ...sending })
    }
    return due
  }

  #hasRoom(): boolean {
    if (this.#waiting.length < MAX_WAITING) return true
    this.counters.overflowed += 1
    return false
  }

  #add(sending: SuccessionSending<L> & { readonly dueAt: number }): void {
    this.#waiting.push(sending)
    this.#waitingDue = Math.min(this.#waitingDue, sending.dueAt)
  }

  #interval(): number {
    return REPEATED_EVERY_MS * (0.9 + 0.2 * this.#random.float())
  }
}
