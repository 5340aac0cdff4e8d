/**
 * The MessageStore seam: envelopes in custody, by destination, until they are handed over, acknowledged or
 * expired. A store keeps bytes and the few fields it selects by; what to keep and when to hand over is the
 * node's business. Every implementation passes `messageStoreCompliance` of `hopwire/testing`.
 */
import type { Address } from '../identity/address.ts'

/** Names one message for good: its source, and when and as which of the source's messages it was made. */
export interface MessageKey {
  readonly source: Address
  /** Creation time, whole seconds since the Unix epoch. */
  readonly created: number
  /** The source's sequence number, 32 bits. */
  readonly sequence: number
}

export interface StoredMessage extends MessageKey {
  readonly destination: Address
  /** 0 is the most urgent. */
  readonly priority: number
  /** Whole seconds since the Unix epoch. */
  readonly expiresAt: number
  /** The frame as it would be sent. The store keeps a copy. */
  readonly frame: Uint8Array
}

/** That a message has come to an application of this node. */
export interface StoredDelivery extends MessageKey {
  /** From then on no copy of it can be taken in, whole seconds since the Unix epoch. */
  readonly endsAt: number
}

/** A message as it lies in the store. `row` orders messages by arrival and is never reused. */
export interface StoredRow extends StoredMessage {
  readonly row: number
}

export type PutOutcome =
  /** Durably stored: it survives the end of the process and, on disk, of the power. */
  | 'stored'
  /** A message of the same key was already there, and durable. */
  | 'duplicate'
  /** The store, or the source's share of it, is at its capacity. */
  | 'full'

export interface StoreStats {
  /** Messages and frame bytes held now. */
  readonly messages: number
  readonly bytes: number
  /** Since the store was opened. */
  readonly stored: number
  readonly removed: number
  readonly expired: number
  /** Messages answered with 'full'. */
  readonly refused: number
  /** Calls that the medium failed. Such a failure is also logged. */
  readonly failures: number
}

export interface StoreLimits {
  readonly maxMessages: number
  /** Frame bytes, without what the medium adds. */
  readonly maxBytes: number
  /** The most that one source may have in the store, whoever it is for. */
  readonly maxMessagesPerSource: number
  /** The most deliveries that are remembered; {@link MAX_DELIVERIES} unless given. */
  readonly maxDeliveries?: number
}

export const MAX_DELIVERIES = 65_536

/**
 * Only `open` and `put` reject. The other calls answer as an empty store would while the store is closed or
 * its medium fails, so that a bad disk cannot bring a node down; the failure is logged and counted.
 */
export interface MessageStore {
  readonly name: string
  /** Opens or creates it. Rejects with ERR_STORE that names the file. */
  open(): Promise<void>
  /** Commits what is pending and closes. Idempotent. */
  close(): Promise<void>
  /**
   * Resolves after the durable commit. Rejects with ERR_STORE where the medium fails or the store is closed:
   * then the message is not kept.
   */
  put(message: StoredMessage): Promise<PutOutcome>
  /**
   * The messages for a destination, most urgent first, then oldest first; at most `limit`. A message appears
   * when its `put` has resolved. The frames are the caller's own copies.
   */
  pendingFor(destination: Address, limit: number): readonly StoredRow[]
  /** Every destination that has messages, in no order, at most `limit`. */
  destinations(limit: number): readonly Address[]
  /**
   * Forgets a message; given a destination, only if it is for that one. After a crash it may be there again:
   * that costs a second hand-over, which its recipient recognises.
   *
   * @returns whether it was there.
   */
  remove(key: MessageKey, destination?: Address): boolean
  /**
   * Forgets a message, if it is there, since an application has it, and remembers that: both in one transaction,
   * a little later. A delivery is lost where the process is killed before, or the medium fails.
   */
  delivered(delivery: StoredDelivery): void
  /**
   * Of the latest `maxDeliveries` deliveries those that end after `nowSeconds`, the oldest first. A store whose
   * contents end with it has none.
   */
  deliveries(nowSeconds: number): Iterable<MessageKey>
  /**
   * Removes messages with `expiresAt` at or before `nowSeconds`, the earliest first, at most `limit`, and
   * returns them.
   */
  expire(nowSeconds: number, limit: number): readonly StoredRow[]
  stats(): StoreStats
}
