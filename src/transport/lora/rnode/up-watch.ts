/** Whether a modem in use still does its work: when to ask it for a sign of life, and when to give it up. */
import type { HeldPackets } from './held-packets.ts'

export type Verdict = 'fine' | 'ask' | 'silent' | 'wedged'

/** A modem that reports each second, one that need not, and one of which something is expected. */
const REPORTING_SILENCE_MS = 3000
const IDLE_SILENCE_MS = 10_000
const BUSY_SILENCE_MS = 1000
/** While a modem sends one packet after the other it answers nothing, and how many are left is an estimate. */
const RUN_MS = 10_000
/** Between two questions. */
const ASK_AGAIN_MS = 500
/** A modem that has sent nothing for three times the longest estimate and this has stopped working. */
const WEDGED_ESTIMATES = 3
const WEDGED_MS = 20_000
/**
 * No packet stays in the modem for longer, unless its own lock keeps to the law: it has been charged for the time
 * at which it was handed over.
 */
const LONGEST_WAIT_MS = 100_000

export class UpWatch {
  readonly #held: HeldPackets
  readonly #answerMs: number
  #heardAt: number
  #reports = false
  /** Since when it owes an answer, and when it was last asked. */
  #owesSince: number | undefined
  #askedAt = Number.NEGATIVE_INFINITY
  #excusedAt = Number.NEGATIVE_INFINITY
  #lockedAt = Number.NEGATIVE_INFINITY
  #fullSince: number | undefined

  /** @param answerMs how soon it answers when it has nothing else to do. */
  constructor(held: HeldPackets, answerMs: number, nowMs: number) {
    this.#held = held
    this.#answerMs = answerMs
    this.#heardAt = nowMs
  }

  /** Whether it tells how much it sends. */
  get reports(): boolean {
    return this.#reports
  }

  /** Whether its queue is full. */
  get isFull(): boolean {
    return this.#fullSince !== undefined
  }

  /** Whether it has left a question open. */
  get owesAnswer(): boolean {
    return this.#owesSince !== undefined
  }

  heard(nowMs: number): void {
    this.#heardAt = nowMs
    this.#owesSince = undefined
  }

  /**
   * It told how much it has sent.
   *
   * @param isLocked it may not send more at present.
   * @param isTaken others hardly let it.
   */
  reported(isLocked: boolean, isTaken: boolean, nowMs: number): void {
    this.#reports = true
    if (isLocked) this.#lockedAt = nowMs
    if (isLocked || isTaken) this.#excusedAt = nowMs
  }

  /** It told whether its queue has room. @returns whether that is news, and good. */
  ready(hasRoom: boolean, nowMs: number): boolean {
    const wasFull = this.isFull
    this.#fullSince = hasRoom ? undefined : (this.#fullSince ?? nowMs)
    return wasFull && hasRoom
  }

  /** What is to be done now; `ask` counts as done. */
  check(nowMs: number): Verdict {
    if (this.#isWedged(nowMs)) return 'wedged'
    const patienceMs = this.#held.airtimeMs + 2 * this.#answerMs + (this.#held.wasManyAt(nowMs) ? RUN_MS : 0)
    if (this.#owesSince !== undefined && nowMs - this.#owesSince >= patienceMs) return 'silent'
    if (nowMs < this.#nextQuestionAt()) return 'fine'
    if (nowMs - this.#heardAt >= this.#silenceMs()) this.#owesSince ??= nowMs
    this.#askedAt = nowMs
    return 'ask'
  }

  /** When to check next, at the latest. */
  nextAt(nowMs: number): number {
    return Math.max(nowMs + 1, this.#nextQuestionAt())
  }

  #nextQuestionAt(): number {
    const silentAt = this.#heardAt + this.#silenceMs()
    return Math.max(this.isFull ? this.#askedAt : silentAt, this.#askedAt + ASK_AGAIN_MS)
  }

  #silenceMs(): number {
    const held = this.#held
    if (this.#reports) return REPORTING_SILENCE_MS + held.airtimeMs
    return held.count > 0 || this.isFull ? BUSY_SILENCE_MS + held.airtimeMs : IDLE_SILENCE_MS
  }

  #isWedged(nowMs: number): boolean {
    const deadlineMs = WEDGED_ESTIMATES * this.#held.longestEstimateMs + WEDGED_MS
    if (this.#fullSince !== undefined && nowMs - this.#fullSince > deadlineMs) return true
    const waitingSince = this.#held.waitingSince
    if (!this.#reports || waitingSince === undefined) return false
    const isLate = nowMs - Math.max(waitingSince, this.#excusedAt) > deadlineMs
    return isLate || nowMs - Math.max(waitingSince, this.#lockedAt) > LONGEST_WAIT_MS
  }
}
