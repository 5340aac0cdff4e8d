/**
 * Messages of this node's own that are under way: each is tried again until a receipt or a promise of
 * custody arrives or its lifetime runs out, and its {@link Delivery} is kept up to date.
 */
import type { Address } from '../identity/address.ts'
import { MeshError } from '../runtime/errors.ts'
import { EnvelopeView, expiryIn, messageId } from '../wire/envelope.ts'
import { failureReason, type Report, ReportType } from '../wire/report.ts'
import type { Delivery } from './delivery.ts'

/** Most messages under way at once, and most bytes of their frames. */
export const OUTBOX_MESSAGES = 8192
const OUTBOX_BYTES = 64 * 1024 * 1024

/** The first retry comes after this and twice the time to the destination and back; then ever later. */
const FIRST_RETRY_MS = 1000
const LONGEST_RETRY_MS = 60_000
const LAST_ATTEMPT = 255

interface Entry {
  readonly delivery: Delivery
  readonly destination: Address
  /** Wall clock, ms. */
  readonly expiresAt: number
  /** Undefined once somebody else has custody: then only the outcome is awaited. */
  frame: Uint8Array | undefined
  attempt: number
  /** Monotonic, ms. */
  retryAt: number
  retryAfterMs: number
  /** Whether the latest attempt has come to nothing, and this node knows it. */
  isBack: boolean
}

export class Outbox {
  readonly #entries = new Map<string, Entry>()
  #bytes = 0

  get size(): number {
    return this.#entries.size
  }

  get bytes(): number {
    return this.#bytes
  }

  /** @throws MeshError ERR_QUEUE_FULL where another frame of this length has no room. */
  requireRoom(frameBytes: number): void {
    if (this.#entries.size >= OUTBOX_MESSAGES) this.#evictStored()
    if (this.#entries.size < OUTBOX_MESSAGES && this.#bytes + frameBytes <= OUTBOX_BYTES) return
    throw new MeshError(
      'ERR_QUEUE_FULL',
      `${this.#entries.size} messages are under way already: try again later`,
    )
  }

  /**
   * Follows a message that has been sent, or waits to be.
   *
   * @param roundTripMs how long a receipt takes at least.
   * @param now monotonic, ms.
   */
  add(delivery: Delivery, frame: Uint8Array, roundTripMs: number, now: number): void {
    const retryAfterMs = FIRST_RETRY_MS + 2 * roundTripMs
    this.#bytes += frame.length
    this.#entries.set(delivery.id, {
      delivery,
      destination: delivery.destination,
      expiresAt: expiryIn(frame) * 1000,
      frame,
      attempt: 0,
      retryAt: now + retryAfterMs,
      retryAfterMs,
      isBack: false,
    })
  }

  /**
   * The link that had taken it is gone, and no other takes it: it goes out as soon as there is a path.
   *
   * @returns whether it is one of this node's
   */
  givenBack(id: string): boolean {
    const entry = this.#entries.get(id)
    if (entry !== undefined) entry.isBack = true
    return entry !== undefined
  }

  /** A link has taken it. What an earlier attempt has failed of is still the best that is known. */
  sent(id: string): void {
    const delivery = this.#entries.get(id)?.delivery
    delivery?.advance('sent', delivery.reason)
  }

  /** Somebody holds it durably: stop trying, keep waiting for the receipt. */
  inCustody(id: string, reason?: string): void {
    const entry = this.#entries.get(id)
    if (entry === undefined) return
    this.#dropFrame(entry)
    entry.delivery.advance('stored', reason)
  }

  /** A report about one of our messages, its signature checked. @returns whether we were waiting for it. */
  report(report: Report, reporter: Address): boolean {
    const entry = this.#entries.get(messageId(report.created, report.sequence))
    if (entry === undefined) return false
    const fromRecipient = reporter.equals(entry.destination)
    if (report.type === ReportType.delivered && fromRecipient) this.#settle(entry, 'delivered')
    else if (report.type === ReportType.stored) this.inCustody(entry.delivery.id)
    else if (report.type === ReportType.failed) {
      const reason = failureReason(report.detail)
      // What a relay cannot do now, another attempt may: only the recipient's word is final.
      if (fromRecipient) this.#settle(entry, 'failed', reason)
      else entry.delivery.advance(entry.delivery.state, reason)
    } else return false
    return true
  }

  /**
   * Gives up what has expired and returns what to try again.
   *
   * @param wallMs wall clock, for lifetimes.
   * @param now monotonic, ms, for retries.
   * @param links say whether one still has a copy of it in hand: then the wait begins when it has not.
   */
  sweep(
    wallMs: number,
    now: number,
    links: { isHeld(frame: Uint8Array): boolean },
  ): { id: string; frame: Uint8Array; attempt: number }[] {
    const due: { id: string; frame: Uint8Array; attempt: number }[] = []
    for (const [id, entry] of this.#entries) {
      if (entry.expiresAt <= wallMs) {
        this.#settle(entry, 'expired', entry.delivery.reason)
      } else if (entry.frame !== undefined && entry.retryAt <= now && entry.attempt < LAST_ATTEMPT) {
        if (links.isHeld(entry.frame)) {
          entry.retryAt = now + entry.retryAfterMs
          continue
        }
        entry.attempt += 1
        entry.isBack = false
        entry.retryAfterMs = Math.min(2 * entry.retryAfterMs, LONGEST_RETRY_MS)
        entry.retryAt = now + entry.retryAfterMs
        due.push({ id, frame: entry.frame, attempt: entry.attempt })
      }
    }
    return due
  }

  /** Tries waiting messages for a destination at the next sweep: a path to it has appeared. */
  hurry(destination: Address, now: number): void {
    for (const entry of this.#entries.values()) {
      const isHere = entry.delivery.state === 'queued' || entry.isBack
      if (isHere && entry.destination.equals(destination)) entry.retryAt = now
    }
  }

  /** Frames that nobody has taken custody of, for the store to keep over a shutdown. */
  *unsettled(): Generator<EnvelopeView> {
    for (const entry of this.#entries.values()) {
      if (entry.frame !== undefined) yield new EnvelopeView(entry.frame)
    }
  }

  #settle(entry: Entry, state: 'delivered' | 'expired' | 'failed', reason?: string): void {
    this.#dropFrame(entry)
    this.#entries.delete(entry.delivery.id)
    entry.delivery.advance(state, reason)
  }

  #dropFrame(entry: Entry): void {
    this.#bytes -= entry.frame?.length ?? 0
    entry.frame = undefined
  }

  /** A message in someone's custody is safe without us; we only miss the news of it. */
  #evictStored(): void {
    for (const [id, entry] of this.#entries) {
      if (entry.frame !== undefined) continue
      this.#entries.delete(id)
      return
    }
  }
}
