/**
 * Which address has moved to which: the successions a node knows, at most one for each old address, and never
 * a loop among them. Where two contradict each other the lesser by {@link compareSuccessions} holds, so nodes
 * that have heard the same ones come to the same end, whatever the order (docs/specs/succession.md).
 */
import { Address } from '../identity/address.ts'
import { AddressIndex } from '../identity/address-index.ts'
import type { Random } from '../runtime/random.ts'
import { type FormatRefusal, MAX_CLOCK_SKEW_S, MAX_HOPS } from '../wire/frame.ts'
import { checkSuccession, compareSuccessions, SuccessionView } from '../wire/succession.ts'
import type { Blocklist } from './blocklist.ts'

/** Most successions remembered. About 500 bytes each. */
export const MAX_SUCCESSIONS = 4096
/** How many steps an address is followed. */
export const LONGEST_CHAIN = 8
/** A succession that is known is of use again only after this, ms: it is then passed on once more. */
export const RENEWED_AFTER_MS = 30 * 60 * 1000

export type SuccessionRefusal =
  | FormatRefusal
  | 'future'
  | 'hop_limit'
  | 'blocked'
  /** It leads to this very node, which tells of it itself. */
  | 'own'
  /** It is known, and was heard not long ago; or an earlier one with the same two keys is. */
  | 'duplicate'
  /** The old key has signed another successor, which comes before this one. */
  | 'fork'
  /** With others that come before it, it would lead back to where it starts. */
  | 'loop'
  | 'table_full'

/** What became of a succession whose signatures are right. */
export interface SuccessionNews {
  readonly refusal: SuccessionRefusal | undefined
  readonly from: Address
  readonly to: Address
  /** Whether addresses may now lead elsewhere than before. */
  readonly moved: boolean
  /** Set when a second successor of `from` shows up for the first time: a person should look into it. */
  readonly fork: { readonly holds: Address; readonly refused: Address } | undefined
}

interface Known {
  frame: Uint8Array
  to: Address
  /** Wall clock, ms: when it last was taken in for being passed on. */
  renewedAt: number
  /** Monotonic, ms: when it was last asked for or renewed. */
  usedAt: number
  /** Whether this node has followed it for a message of its own. */
  wanted: boolean
  own: boolean
  forked: boolean
}

export interface SuccessionTableOptions {
  readonly capacity?: number
  readonly blocklist: Blocklist
}

export class SuccessionTable {
  readonly capacity: number
  readonly counters = { accepted: 0, forks: 0, loops: 0, evicted: 0 }
  readonly #blocklist: Blocklist
  /** By old address. */
  readonly #index: AddressIndex
  readonly #known: (Known | undefined)[] = []
  /** Grows with each change of where addresses lead: whether {@link frames} are worth saving again. */
  #version = 0

  constructor({ capacity = MAX_SUCCESSIONS, blocklist }: SuccessionTableOptions, random: Random) {
    this.capacity = capacity
    this.#blocklist = blocklist
    this.#index = new AddressIndex(capacity, random)
  }

  get size(): number {
    return this.#index.size
  }

  get version(): number {
    return this.#version
  }

  /**
   * Everything that can be refused before the signatures are checked. Changes nothing.
   *
   * @param wallMs wall clock, for creation times.
   */
  inspect(frame: Uint8Array, wallMs: number): SuccessionRefusal | undefined {
    const form = checkSuccession(frame)
    if (form !== undefined) return form
    const view = new SuccessionView(frame)
    if (view.created * 1000 > wallMs + MAX_CLOCK_SKEW_S * 1000) return 'future'
    if (view.hops >= MAX_HOPS) return 'hop_limit'
    const from = Address.ofPublicKey(view.oldKey)
    const known = this.#at(this.#index.find(from.bytes, 0))
    if (this.#blocklist.has(from) || this.#blocklist.has(Address.ofPublicKey(view.newKey))) return 'blocked'
    if (known === undefined) return undefined
    const order = compareSuccessions(frame, known.frame)
    if (order === 0 && known.own) return 'own'
    // The distance, since a wall clock may be set back.
    if (order === 0) return Math.abs(wallMs - known.renewedAt) < RENEWED_AFTER_MS ? 'duplicate' : undefined
    if (order < 0) return undefined
    if (isSameKey(frame, known.frame)) return 'duplicate'
    // The first fork is worth its signature check, since it has to be told; further ones change nothing.
    return known.forked ? 'fork' : undefined
  }

  /** Takes in a succession that {@link inspect} let pass and that both keys have signed. `now`: monotonic, ms. */
  accept(frame: Uint8Array, now: number, wallMs: number): SuccessionNews {
    return this.#take(frame, now, wallMs, false)
  }

  /** Takes in one that leads to this node: it never has to make room. */
  acceptOwn(frame: Uint8Array, now: number): SuccessionNews {
    return this.#take(frame, now, Number.NEGATIVE_INFINITY, true)
  }

  /** Takes in what an earlier run has known. It may be passed on at once when it is heard again. */
  restore(frame: Uint8Array, now: number): void {
    this.#take(frame, now, Number.NEGATIVE_INFINITY, false)
  }

  #take(frame: Uint8Array, now: number, wallMs: number, own: boolean): SuccessionNews {
    const view = new SuccessionView(frame)
    const from = Address.ofPublicKey(view.oldKey)
    const to = Address.ofPublicKey(view.newKey)
    const known = this.#at(this.#index.find(from.bytes, 0))
    const order = known === undefined ? -1 : compareSuccessions(frame, known.frame)
    if (known !== undefined && order === 0) {
      known.renewedAt = wallMs
      known.usedAt = now
      known.own ||= own
      return { refusal: undefined, from, to, moved: false, fork: undefined }
    }
    const isFork = known !== undefined && !known.to.equals(to)
    if (known !== undefined && order > 0) {
      const fork = isFork && !known.forked ? { holds: known.to, refused: to } : undefined
      if (fork !== undefined) this.#noteFork(known)
      return { refusal: isFork ? 'fork' : 'duplicate', from, to, moved: false, fork }
    }
    const refused = (refusal: SuccessionRefusal): SuccessionNews => {
      return { refusal, from, to, moved: false, fork: undefined }
    }
    if (!this.#breakLoop(frame, from, to)) return refused('loop')
    const fork = known !== undefined && isFork && !known.forked ? { holds: to, refused: known.to } : undefined
    const next: Known = {
      frame: Uint8Array.from(frame),
      to,
      renewedAt: wallMs,
      usedAt: now,
      wanted: known?.wanted ?? false,
      own,
      forked: known?.forked ?? false,
    }
    if (known === undefined && this.size === this.capacity && !this.#evict()) return refused('table_full')
    this.#known[this.#index.insert(from.bytes, 0)] = next
    if (fork !== undefined) this.#noteFork(next)
    this.counters.accepted += 1
    this.#version += 1
    return { refusal: undefined, from, to, moved: true, fork }
  }

  /**
   * The newest address that is known of whoever had this one: the same address where nobody has said that it
   * moved. At most {@link LONGEST_CHAIN} steps.
   *
   * @param now monotonic, ms. What is followed counts as wanted and is kept before all that is not.
   */
  newest(address: Address, now: number): Address {
    let newest = address
    for (const known of this.#chain(address)) {
      known.usedAt = now
      known.wanted = true
      newest = known.to
    }
    return newest
  }

  /** The successions from this address on, in their order: the proof for {@link newest}. */
  recordsOf(address: Address): Uint8Array[] {
    return [...this.#chain(address)].map(({ frame }) => frame)
  }

  /** All that are known, in no order: what a node keeps over a restart. */
  *frames(): Generator<Uint8Array> {
    for (const known of this.#known) if (known !== undefined) yield known.frame
  }

  /** Forgets what is from or to somebody blocked. @returns how many. */
  dropBlocked(): number {
    let dropped = 0
    for (let row = 0; row < this.#index.rowEnd; row++) {
      const known = this.#at(row)
      if (known === undefined) continue
      if (!this.#blocklist.hasAt(this.#index.bytes, 16 * row) && !this.#blocklist.has(known.to)) continue
      this.#remove(row)
      dropped += 1
    }
    return dropped
  }

  *#chain(address: Address): Generator<Known> {
    let known = this.#at(this.#index.find(address.bytes, 0))
    for (let steps = 0; known !== undefined && steps < LONGEST_CHAIN; steps++) {
      yield known
      known = this.#at(this.#index.find(known.to.bytes, 0))
    }
  }

  /**
   * Sees to it that `from` -> `to` closes no loop: of those on the loop the greatest gives way.
   *
   * @returns false where that is the arriving one.
   */
  #breakLoop(frame: Uint8Array, from: Address, to: Address): boolean {
    let last = -1
    let end = to
    // There is no loop yet, so this ends, after as many steps as there are rows at the most.
    while (!end.equals(from)) {
      const row = this.#index.find(end.bytes, 0)
      const known = this.#at(row)
      if (known === undefined) return true
      const latest = this.#at(last)
      if (latest === undefined || compareSuccessions(known.frame, latest.frame) > 0) last = row
      end = known.to
    }
    this.counters.loops += 1
    const latest = this.#at(last)
    if (latest === undefined || compareSuccessions(frame, latest.frame) > 0) return false
    this.#remove(last)
    return true
  }

  /** Gives up the one unused for longest, first of those that nobody here has asked for. */
  #evict(): boolean {
    let victim = -1
    for (let row = 0; row < this.#known.length; row++) {
      const known = this.#at(row)
      if (known === undefined || known.own) continue
      const least = this.#at(victim)
      if (least === undefined || isLessWorth(known, least)) victim = row
    }
    if (victim < 0) return false
    this.#remove(victim)
    this.counters.evicted += 1
    return true
  }

  #remove(row: number): void {
    this.#index.remove(this.#index.bytes, 16 * row)
    this.#known[row] = undefined
    this.#version += 1
  }

  #noteFork(known: Known): void {
    known.forked = true
    this.counters.forks += 1
  }

  #at(row: number): Known | undefined {
    return row < 0 ? undefined : this.#known[row]
  }
}

function isLessWorth(a: Known, b: Known): boolean {
  return a.wanted === b.wanted ? a.usedAt < b.usedAt : b.wanted
}

function isSameKey(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(new SuccessionView(a).newKey, new SuccessionView(b).newKey) === 0
}
