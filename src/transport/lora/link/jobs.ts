/**
 * Frames on their way out over one radio, until a neighbour has acknowledged them. Which goes next: the most
 * urgent priority, but what has waited long counts as more urgent; within one, the source that has used the
 * least airtime of late.
 */

import { readU32 } from '../../../wire/bytes.ts'
import { isEnvelope, SOURCE_AT } from '../../../wire/envelope.ts'
import type { Priority } from '../../../wire/frame.ts'
import type { OutgoingDatagram } from './fragments.ts'
import type { Neighbour } from './neighbour.ts'

export interface Job {
  readonly frame: Uint8Array
  readonly priority: Priority
  /** When it was accepted, monotonic ms. */
  readonly at: number
  /** Undefined: to everybody, once. */
  readonly to: Neighbour | undefined
  /** Set with the first fragment, where the frame needs several packets. */
  datagram: OutgoingDatagram | undefined
  /** Pieces that are to be sent: fragments, or 0 for the whole. */
  readonly pending: number[]
  /** How often a piece of it was lost. */
  losses: number
  /** Pieces that have arrived. */
  arrived: number
  /** How often its neighbour has had all of it and has not taken it. */
  refusals: number
  /** Until then it is not sent again, monotonic ms. */
  restsUntil: number
}

/** After this long a frame counts as one priority more urgent, ms: so nothing waits for ever. */
export const AGING_MS = 60_000
/** Airtime that a source has used counts half after this long, ms. */
const HALF_LIFE_MS = 300_000
const SHARES = 64

export class Jobs {
  readonly #maxBytes: number
  #all: Job[] = []
  #bytes = 0
  readonly #used = new Float64Array(SHARES)
  #usedAt = 0
  readonly #salt: number

  constructor(maxBytes: number, salt: number) {
    this.#maxBytes = maxBytes
    this.#salt = salt
  }

  get bytes(): number {
    return this.#bytes
  }

  get all(): readonly Job[] {
    return this.#all
  }

  /** @returns undefined where there is no room. */
  add(frame: Uint8Array, priority: Priority, to: Neighbour | undefined, now: number): Job | undefined {
    if (this.#bytes + frame.length > this.#maxBytes) return undefined
    const job: Job = {
      frame,
      priority,
      at: now,
      to,
      datagram: undefined,
      pending: [0],
      losses: 0,
      arrived: 0,
      refusals: 0,
      restsUntil: 0,
    }
    this.#all.push(job)
    this.#bytes += frame.length
    return job
  }

  /** Whether this very frame is here, and not another with the same bytes. */
  has(frame: Uint8Array): boolean {
    return this.#all.some((job) => job.frame === frame)
  }

  /** What waits for one neighbour, or for everybody. */
  bytesFor(neighbour: Neighbour | undefined): number {
    return this.#all.reduce((sum, { to, frame }) => sum + (to === neighbour ? frame.length : 0), 0)
  }

  /** It is done with, one way or the other. @returns whether it was still here. */
  remove(job: Job): boolean {
    const at = this.#all.indexOf(job)
    if (at < 0) return false
    this.#all.splice(at, 1)
    this.#bytes -= job.frame.length
    return true
  }

  /** Those that have something to send now, most urgent first. */
  ready(now: number, mayGo: (job: Job) => boolean): Job[] {
    this.#forget(now)
    const rank = (job: Job): number => job.priority - Math.floor((now - job.at) / AGING_MS)
    // What has expired takes itself out while it is asked.
    return [...this.#all]
      .filter((job) => job.pending.length > 0 && job.restsUntil <= now && mayGo(job))
      .map((job) => ({ job, rank: rank(job), used: this.#used[this.#share(job.frame)] as number }))
      .sort((a, b) => a.rank - b.rank || a.used - b.used || a.job.at - b.job.at)
      .map(({ job }) => job)
  }

  /** When the next one that rests may be sent again, monotonic ms; infinite where none rests. */
  restEnds(now: number): number {
    const ends = this.#all.map(({ restsUntil }) => (restsUntil > now ? restsUntil : Number.POSITIVE_INFINITY))
    return Math.min(...ends, Number.POSITIVE_INFINITY)
  }

  /** What has yet to leave, bytes, without what is less urgent than `priority`. */
  waitingBytes(fragmentBytes: number, priority = Number.POSITIVE_INFINITY): number {
    let bytes = 0
    for (const job of this.#all) {
      if (job.priority > priority || job.pending.length === 0) continue
      bytes += job.datagram === undefined ? job.frame.length : job.pending.length * fragmentBytes
    }
    return bytes
  }

  /** Airtime that went into a frame, ms. */
  spent(job: Job, airtimeMs: number): void {
    const share = this.#share(job.frame)
    this.#used[share] = (this.#used[share] as number) + airtimeMs
  }

  #forget(now: number): void {
    const factor = 0.5 ** ((now - this.#usedAt) / HALF_LIFE_MS)
    this.#usedAt = now
    for (let i = 0; i < SHARES; i++) this.#used[i] = (this.#used[i] as number) * factor
  }

  #share(frame: Uint8Array): number {
    if (!isEnvelope(frame)) return 0
    return (Math.imul(readU32(frame, SOURCE_AT) ^ this.#salt, 0x9e3779b1) >>> 24) % SHARES
  }
}
