/**
 * Path requests (docs/specs/routing.md): this node's own questions, in rings that grow until an answer comes
 * or nobody is left to ask, and those of others, which it passes on and whose askers it remembers until the
 * answer comes by. An answer is the target's announce, so there is nothing to believe that is not signed.
 */
import type { Address } from '../identity/address.ts'
import type { Random } from '../runtime/random.ts'
import { TokenBucket } from '../runtime/token-bucket.ts'
import { encodePathRequest, passedOn, reachIn, requestKey } from '../wire/path-request.ts'

/** How far each question reaches, links, and how long an answer may take, ms. The last is asked twice. */
const RINGS = [
  { reach: 3, waitMs: 300 },
  { reach: 12, waitMs: 800 },
  { reach: 128, waitMs: 2000 },
  { reach: 128, waitMs: 3000 },
] as const
/** How long a target that was not found is not asked for again: doubled each time, up to the second. */
const FIRST_SILENCE_MS = 5000
const LONGEST_SILENCE_MS = 60_000
/** Targets this node asks for at once, and targets it remembers not to have found. */
export const MAX_WANTED = 256
/** Targets that others have asked for, links remembered for each, and for how long. */
export const MAX_ASKED = 1024
const MAX_ASKERS = 4
const ASKED_MS = 30_000
/** Requests recognised when they come again. */
const MAX_REQUESTS_SEEN = 8192
/** What one link may ask. */
const REQUESTS_PER_S = 50
const REQUESTS_BURST = 500
/** The longest a request waits before it is passed on, so that neighbours do not all speak at once, ms. */
const JITTER_MS = 10
/** An announce that lives shorter than this is no answer, ms. */
export const MIN_ANSWER_LIFE_MS = 60_000
/** Requests waiting to be passed on. Beyond, they are dropped: whoever asked will ask again. */
const MAX_WAITING = 1024

/** A request to be sent over every link but the one it came by. */
export interface Outgoing<L> {
  readonly frame: Uint8Array
  readonly from: L | undefined
}

/** Plain numbers; they never go down. */
export interface PathRequestCounters {
  asked: number
  answered: number
  passedOn: number
  limited: number
  notFound: number
}

interface Wanted {
  readonly target: Address
  newerThan: number
  ring: number
  /** When the present ring has had its time, or, with no rings left, when the target may be asked for again. */
  due: number
  silenceMs: number
  isGivenUp: boolean
}

interface Asked<L> {
  readonly links: Set<L>
  until: number
}

interface Waiting<L> extends Outgoing<L> {
  readonly target: Address
  readonly due: number
}

export class PathRequests<L> {
  readonly counters: PathRequestCounters = { asked: 0, answered: 0, passedOn: 0, limited: 0, notFound: 0 }
  readonly #random: Random
  readonly #wanted = new Map<string, Wanted>()
  readonly #asked = new Map<string, Asked<L>>()
  readonly #buckets = new Map<L, TokenBucket>()
  /** Two generations, the younger first. */
  #seen: [Set<string>, Set<string>] = [new Set(), new Set()]
  #waiting: Waiting<L>[] = []
  #givenUp: Address[] = []

  constructor(random: Random) {
    this.#random = random
  }

  /** Questions of this node that are open. */
  get open(): number {
    let count = 0
    for (const { isGivenUp } of this.#wanted.values()) if (!isGivenUp) count += 1
    return count
  }

  get nextDue(): number {
    let due = Number.POSITIVE_INFINITY
    for (const wanted of this.#wanted.values()) if (!wanted.isGivenUp) due = Math.min(due, wanted.due)
    for (const waiting of this.#waiting) due = Math.min(due, waiting.due)
    return due
  }

  /**
   * This node needs a path. Asks for it unless it does so already.
   *
   * @param newerThan the sequence number that is known and leads nowhere; 0 where nothing is known.
   * @returns `not_found` where it has just been asked for in vain, or too much is asked for already.
   */
  want(target: Address, newerThan: number, now: number): 'asking' | 'not_found' {
    const key = target.toString()
    const known = this.#wanted.get(key)
    if (known !== undefined && !known.isGivenUp) return 'asking'
    if (known !== undefined && now < known.due) return 'not_found'
    if (known === undefined && !this.#makeRoom(now)) return 'not_found'
    this.#wanted.delete(key)
    this.#wanted.set(key, {
      target,
      newerThan,
      ring: 0,
      due: now,
      silenceMs: known?.silenceMs ?? FIRST_SILENCE_MS,
      isGivenUp: false,
    })
    return 'asking'
  }

  /** Whether an answer is waited for, here or by somebody whose request was passed on. */
  isAwaited(target: Address, now: number): boolean {
    if (this.#wanted.size === 0 && this.#asked.size === 0) return false
    const key = target.toString()
    const asked = this.#asked.get(key)
    return this.#wanted.get(key)?.isGivenUp === false || (asked !== undefined && asked.until > now)
  }

  /** There is a path. @returns the links over which it has been asked for: they are to be told. */
  found(target: Address, now: number): L[] {
    if (this.#wanted.size === 0 && this.#asked.size === 0) return []
    this.#waiting = this.#waiting.filter((waiting) => !waiting.target.equals(target))
    const key = target.toString()
    this.#wanted.delete(key)
    const asked = this.#asked.get(key)
    if (asked === undefined || asked.until <= now) return []
    this.#asked.delete(key)
    this.counters.answered += asked.links.size
    return [...asked.links]
  }

  /** Takes in a request of another node that has the right form. @returns why it goes no further, if so. */
  heard(frame: Uint8Array, from: L, now: number): 'duplicate' | 'limited' | undefined {
    const key = requestKey(frame)
    if (this.#seen[0].has(key) || this.#seen[1].has(key)) return 'duplicate'
    let bucket = this.#buckets.get(from)
    if (bucket === undefined) {
      bucket = new TokenBucket(REQUESTS_PER_S, REQUESTS_BURST, now)
      this.#buckets.set(from, bucket)
    }
    if (!bucket.take(1, now)) {
      this.counters.limited += 1
      return 'limited'
    }
    this.#remember(key)
    return undefined
  }

  /**
   * Nobody here knows the target: it is asked for further on, and the asker is remembered.
   *
   * @param answerMs where others have heard it too: how long their answer takes, which goes first.
   */
  passOn(frame: Uint8Array, target: Address, from: L, now: number, answerMs = 0): void {
    const key = target.toString()
    const asked = this.#asked.get(key)
    if (asked !== undefined && asked.until > now) {
      if (asked.links.size < MAX_ASKERS) asked.links.add(from)
      asked.until = now + ASKED_MS
    } else if (asked !== undefined || this.#asked.size < MAX_ASKED || this.#forgetAsked(now)) {
      this.#asked.set(key, { links: new Set([from]), until: now + ASKED_MS })
    }
    if (reachIn(frame) <= 1) return
    if (this.#waiting.length >= MAX_WAITING) {
      this.counters.limited += 1
      return
    }
    const due = now + answerMs + (answerMs || JITTER_MS) * this.#random.float()
    this.#waiting.push({ frame: passedOn(frame), target, from, due })
    this.counters.passedOn += 1
  }

  /** @param slowestMs the transit time of the slowest link here: answers may take that much longer. */
  poll(now: number, slowestMs: number): Outgoing<L>[] {
    const due: Outgoing<L>[] = []
    for (const wanted of this.#wanted.values()) {
      if (wanted.isGivenUp || wanted.due > now) continue
      const ring = RINGS[wanted.ring]
      if (ring === undefined) this.#giveUp(wanted, now)
      else {
        wanted.ring += 1
        wanted.due = now + ring.waitMs + 2 * slowestMs * Math.min(ring.reach, 5)
        due.push({ frame: this.#question(wanted, ring.reach), from: undefined })
      }
    }
    if (this.#waiting.length > 0) {
      const later: Waiting<L>[] = []
      for (const waiting of this.#waiting) (waiting.due <= now ? due : later).push(waiting)
      this.#waiting = later
    }
    return due
  }

  /** Targets that have been asked for in vain since the last call. */
  takeGivenUp(): Address[] {
    const givenUp = this.#givenUp
    if (givenUp.length > 0) this.#givenUp = []
    return givenUp
  }

  linkDown(link: L): void {
    this.#buckets.delete(link)
    this.#waiting = this.#waiting.filter(({ from }) => from !== link)
    for (const [key, asked] of this.#asked) {
      if (asked.links.delete(link) && asked.links.size === 0) this.#asked.delete(key)
    }
  }

  #question({ target, newerThan }: Wanted, reach: number): Uint8Array {
    const number = this.#random.uint32()
    const frame = encodePathRequest({ reach, target: target.bytes, newerThan, number })
    this.#remember(requestKey(frame))
    this.counters.asked += 1
    return frame
  }

  #giveUp(wanted: Wanted, now: number): void {
    wanted.isGivenUp = true
    wanted.due = now + wanted.silenceMs
    wanted.silenceMs = Math.min(2 * wanted.silenceMs, LONGEST_SILENCE_MS)
    this.counters.notFound += 1
    this.#givenUp.push(wanted.target)
  }

  #remember(key: string): void {
    this.#seen[0].add(key)
    if (this.#seen[0].size >= MAX_REQUESTS_SEEN / 2) this.#seen = [new Set(), this.#seen[0]]
  }

  /** Room for one more question: one that was given up long enough ago, or the oldest that was given up. */
  #makeRoom(now: number): boolean {
    if (this.#wanted.size < MAX_WANTED) return true
    let oldest: string | undefined
    for (const [key, { isGivenUp, due }] of this.#wanted) {
      if (!isGivenUp) continue
      oldest ??= key
      if (due > now) continue
      oldest = key
      break
    }
    return oldest !== undefined && this.#wanted.delete(oldest)
  }

  #forgetAsked(now: number): boolean {
    for (const [key, { until }] of this.#asked) if (until <= now) this.#asked.delete(key)
    return this.#asked.size < MAX_ASKED
  }
}
