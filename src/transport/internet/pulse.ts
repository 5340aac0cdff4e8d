/**
 * Whether the other end of a link still lives and still reads. Pure: looked at now and then, it says what to
 * do; the link says what it has heard and sent.
 */
import type { KeepAlive } from '../link-class.ts'

/** How often a pulse is to be looked at, in parts of the time between two signs of life. */
const LOOKS_PER_SIGN = 3
/** A look this much late means that this process stood still: nothing could be heard meanwhile. */
const LATE_MS = 2000

export type PulseVerdict = 'silent' | 'stalled' | 'speak' | 'fine'

export class Pulse {
  /** Between two looks, ms. */
  readonly everyMs: number
  readonly #keepAlive: KeepAlive
  #heardAt: number
  #sentAt: number
  /** When something that waited was taken last, or nothing waited. */
  #progressAt: number
  #lookedAt: number
  /** By how much the wall clock was ahead of the monotonic one. */
  #wallLead: number

  /** @param now monotonic, ms. @param wallMs the wall clock at the same moment. */
  constructor(keepAlive: KeepAlive, now: number, wallMs: number) {
    this.#keepAlive = keepAlive
    this.everyMs = keepAlive.everyMs / LOOKS_PER_SIGN
    this.#heardAt = now
    this.#sentAt = now
    this.#progressAt = now
    this.#lookedAt = now
    this.#wallLead = wallMs - now
  }

  get heardAt(): number {
    return this.#heardAt
  }

  heard(now: number): void {
    this.#heardAt = now
  }

  sent(now: number): void {
    this.#sentAt = now
  }

  /** The neighbour has taken something. */
  progressed(now: number): void {
    this.#progressAt = now
  }

  /**
   * @param isWaiting whether anything waits for the neighbour to take it.
   * @returns what is to be done: close the link, send a sign of life with a question, or nothing.
   */
  look(now: number, wallMs: number, isWaiting: boolean): PulseVerdict {
    const { everyMs, silentMs, stalledMs } = this.#keepAlive
    const stoodStill = this.#stoodStill(now, wallMs)
    if (!isWaiting || stoodStill !== undefined) this.#progressAt = now
    // The neighbour has the time of one sign, no less and after a sleep no more, to show that it is there.
    const oneSignLeft = now - silentMs + everyMs
    if (stoodStill !== undefined) this.#heardAt = Math.max(this.#heardAt, oneSignLeft)
    if (stoodStill === 'asleep') this.#heardAt = oneSignLeft
    if (now - this.#heardAt >= silentMs) return 'silent'
    if (now - this.#progressAt >= stalledMs) return 'stalled'
    return stoodStill !== undefined || now - this.#sentAt >= everyMs ? 'speak' : 'fine'
  }

  /** Whether this process was busy, or the whole machine asleep, when it was to look. */
  #stoodStill(now: number, wallMs: number): 'busy' | 'asleep' | undefined {
    const isLate = now - this.#lookedAt > this.everyMs + LATE_MS
    // A machine that sleeps stops the monotonic clock; a step of the wall clock looks the same and does no harm.
    const lead = wallMs - now
    const isAhead = lead - this.#wallLead > LATE_MS
    this.#lookedAt = now
    this.#wallLead = lead
    if (isAhead) return 'asleep'
    return isLate ? 'busy' : undefined
  }
}
