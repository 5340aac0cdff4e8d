/**
 * Store-and-forward: takes envelopes that cannot go on into the store, and hands them over when their
 * destination appears. A message that asked for a receipt stays until the recipient's receipt is seen; one
 * that did not leaves the store once a link has taken it.
 */
import type { Address } from '../identity/address.ts'
import { messageOf } from '../runtime/errors.ts'
import type { Logger } from '../runtime/logger.ts'
import type { MessageKey, MessageStore, PutOutcome, StoredMessage, StoredRow } from '../store/store.ts'
import { EnvelopeView, messageId, nextAttempt } from '../wire/envelope.ts'
import { MAX_CLOCK_SKEW_S } from '../wire/frame.ts'

/** Messages for one destination that are handed over and not yet acknowledged. */
const HAND_OVER_WINDOW = 64
const FIRST_RETRY_MS = 5000
const LONGEST_RETRY_MS = 10 * 60 * 1000
/** Destinations looked after in each round until all is handed over; further ones wait for their path. */
const MAX_UNFINISHED = 1024
/** Expired messages removed in one go, so that a large store does not stop the node. */
const EXPIRE_CHUNK = 256

export interface CustodyOptions {
  readonly store: MessageStore
  /** The longest anything is kept, seconds, whatever its own lifetime. */
  readonly maxTtlS: number
  readonly logger: Logger
  /** Sends towards the destination. @returns false where there is no path or no room. */
  readonly transmit: (frame: Uint8Array) => boolean
  /** Whether a link still has a copy of it in hand: then it is too early to try again. */
  readonly isHeld: (frame: Uint8Array) => boolean
}

interface HandOver {
  /** The copy that was sent last. */
  frame: Uint8Array
  /** Monotonic, ms; infinite where the path was lost and its return is waited for. */
  retryAt: number
  retryAfterMs: number
}

export class Custody {
  readonly #options: CustodyOptions
  readonly #store: MessageStore
  /** By message: handed over, receipt awaited. At most {@link HAND_OVER_WINDOW} for a destination. */
  readonly #handedOver = new Map<string, HandOver>()
  /** Destinations for which the links took something last time, and may take more. */
  readonly #unfinished = new Map<string, Address>()

  constructor(options: CustodyOptions) {
    this.#options = options
    this.#store = options.store
  }

  /** Messages handed over whose receipt is awaited, and destinations that are not done with. */
  get pending(): number {
    return this.#handedOver.size + this.#unfinished.size
  }

  /**
   * Stores an envelope. Resolves after the durable commit.
   *
   * @returns `failed` where the medium does not work: the caller still has the only copy.
   */
  async take(frame: Uint8Array, wallMs: number): Promise<PutOutcome | 'failed'> {
    const view = new EnvelopeView(frame)
    const now = Math.floor(wallMs / 1000)
    try {
      return await this.#store.put({
        source: view.source,
        destination: view.destination,
        created: view.created,
        sequence: view.sequence,
        priority: view.priority,
        expiresAt: Math.min(view.created + view.lifetime, now + this.#options.maxTtlS),
        frame,
      })
    } catch (error) {
      this.#options.logger.error({ id: view.id, error: messageOf(error) }, 'message could not be stored')
      return 'failed'
    }
  }

  /**
   * Hands over what waits for a destination, as far as the window allows.
   *
   * @param now monotonic, ms.
   * @returns how many messages were sent.
   */
  handOver(destination: Address, now: number): number {
    if (this.#store.stats().messages === 0) return 0
    const key = destination.toString()
    let sent = 0
    let inPortion = 0
    // Whatever asks for no receipt leaves the store at once, and makes room for a further portion.
    do {
      inPortion = this.#handOverPortion(destination, now)
      sent += inPortion
    } while (inPortion === HAND_OVER_WINDOW)
    this.#unfinished.delete(key)
    if (sent > 0 && this.#unfinished.size < MAX_UNFINISHED) this.#unfinished.set(key, destination)
    return sent
  }

  #handOverPortion(destination: Address, now: number): number {
    let sent = 0
    for (const row of this.#store.pendingFor(destination, HAND_OVER_WINDOW)) {
      const before = this.#handedOver.get(nameOf(row))
      if (before !== undefined && before.retryAt !== Number.POSITIVE_INFINITY) continue
      // Nodes on the way know the earlier copy: only another attempt passes them.
      const frame = before === undefined ? row.frame : nextAttempt(before.frame)
      if (!this.#options.transmit(Uint8Array.from(frame))) break
      sent += 1
      this.#noteSent(row, frame, now)
    }
    return sent
  }

  #noteSent(row: StoredRow, frame: Uint8Array, now: number): void {
    if (!new EnvelopeView(frame).wantsReceipt) {
      this.#store.remove(row)
      return
    }
    this.#handedOver.set(nameOf(row), { frame, retryAt: now + FIRST_RETRY_MS, retryAfterMs: FIRST_RETRY_MS })
  }

  /** The destination has said what became of a message: custody of it ends. */
  release(key: MessageKey, destination: Address, now: number): void {
    if (this.#store.stats().messages === 0 || !this.#store.remove(key, destination)) return
    this.#handedOver.delete(nameOf(key))
    this.handOver(destination, now)
  }

  /** Sends again what has been handed over and not acknowledged for a while. */
  retry(now: number): void {
    for (const destination of [...this.#unfinished.values()]) this.handOver(destination, now)
    for (const entry of this.#handedOver.values()) {
      if (entry.retryAt > now) continue
      if (this.#options.isHeld(entry.frame)) {
        entry.retryAt = now + entry.retryAfterMs
        continue
      }
      const frame = nextAttempt(entry.frame)
      if (this.#options.transmit(Uint8Array.from(frame))) {
        entry.frame = frame
        entry.retryAfterMs = Math.min(2 * entry.retryAfterMs, LONGEST_RETRY_MS)
        entry.retryAt = now + entry.retryAfterMs
      } else entry.retryAt = Number.POSITIVE_INFINITY
    }
  }

  /** Removes a portion of what has expired. @returns it, so that its sources can be told. */
  expire(wallMs: number): readonly EnvelopeView[] {
    const rows = this.#store.expire(Math.floor(wallMs / 1000), EXPIRE_CHUNK)
    for (const row of rows) this.#handedOver.delete(nameOf(row))
    return rows.map(({ frame }) => new EnvelopeView(frame))
  }

  /** Gives a message up for good, whatever was to become of it. */
  discard(message: Pick<StoredMessage, 'source' | 'created' | 'sequence' | 'destination'>): void {
    this.#store.remove(message, message.destination)
    this.#handedOver.delete(nameOf(message))
  }

  /** An application of this node has a message, whether or not it waited here. The next run is to know. */
  delivered(view: EnvelopeView, source: Address): void {
    const { created, sequence, lifetime } = view
    this.#store.delivered({ source, created, sequence, endsAt: created + lifetime + MAX_CLOCK_SKEW_S })
  }

  /** What earlier runs have delivered, the oldest first. */
  deliveredBefore(wallMs: number): Iterable<MessageKey> {
    return this.#store.deliveries(Math.floor(wallMs / 1000))
  }

  /** What waits for this very node, for its own services. */
  waitingFor(destination: Address, limit: number): readonly StoredRow[] {
    return this.#store.pendingFor(destination, limit)
  }
}

function nameOf({ source, created, sequence }: MessageKey): string {
  return `${source.toString()}${messageId(created, sequence)}`
}
