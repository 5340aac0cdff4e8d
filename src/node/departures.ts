/**
 * Messages of this node's own that a link has taken and cannot send yet, as on a radio whose share of airtime is
 * used up: they stay `queued`, with the time that it is expected to take, until the neighbour has them.
 */
import type { Link } from '../transport/transport.ts'
import { type EnvelopeView, expiryIn } from '../wire/envelope.ts'
import type { Delivery } from './delivery.ts'

/** A wait that is worth telling, ms. */
const LONG_WAIT_MS = 2000
/** Messages that are watched; further ones count as sent. */
const MAX_WATCHED = 1024

export class Departures {
  readonly #watched = new Map<string, { readonly delivery: Delivery; readonly frame: Uint8Array }>()

  get size(): number {
    return this.#watched.size
  }

  /** A link has taken a message. */
  taken(delivery: Delivery, view: EnvelopeView, link: Link | undefined): void {
    const waitMs = link?.holds?.(view.frame) === true ? (link.waitMs?.(view.priority) ?? 0) : 0
    if (waitMs < LONG_WAIT_MS || this.#watched.size >= MAX_WATCHED) {
      delivery.advance('sent')
      return
    }
    delivery.expect(waitMs)
    this.#watched.set(delivery.id, { delivery, frame: view.frame })
  }

  /**
   * Moves on what has left, or has run out before it could.
   *
   * @param wallMs wall clock.
   */
  sweep(wallMs: number, links: { isHeld(frame: Uint8Array): boolean }): void {
    for (const [id, { delivery, frame }] of this.#watched) {
      const hasExpired = expiryIn(frame) * 1000 <= wallMs
      if (!hasExpired && !delivery.settled && links.isHeld(frame)) continue
      this.#watched.delete(id)
      if (hasExpired) delivery.advance('expired', 'congested')
      else delivery.advance('sent')
    }
  }

  /** The link has given a message back. @returns its delivery, if it was waiting there. */
  returned(id: string): Delivery | undefined {
    const delivery = this.#watched.get(id)?.delivery
    this.#watched.delete(id)
    return delivery
  }
}
