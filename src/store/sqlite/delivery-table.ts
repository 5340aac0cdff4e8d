/**
 * What applications have got, the latest of it, in order of arrival. It is read as a whole when the node starts
 * and never looked anything up in, so it has no index on its keys: a write is an append.
 */
import type { DatabaseSync } from 'node:sqlite'
import { Address } from '../../identity/address.ts'
import type { MessageKey, StoredDelivery } from '../store.ts'

/** So a write that comes after a long silence does not take long. */
const MAX_PURGED = 1024

export class DeliveryTable {
  readonly #statements: ReturnType<typeof prepareStatements>
  readonly #capacity: number

  /** @param capacity the most rows there are. */
  constructor(db: DatabaseSync, capacity: number) {
    this.#statements = prepareStatements(db)
    this.#capacity = capacity
  }

  /** Adds these, and deletes what is too many or has ended. To be called within a transaction. */
  add(deliveries: readonly StoredDelivery[], nowSeconds: number): void {
    if (deliveries.length === 0) return
    const { insert, deleteOldest, deleteEnded } = this.#statements
    for (const { source, created, sequence, endsAt } of deliveries) {
      insert.run(source.bytes, created, sequence, endsAt)
    }
    deleteOldest.run(this.#capacity)
    deleteEnded.run(nowSeconds, MAX_PURGED)
  }

  /** Those that end after `nowSeconds`, the oldest first. */
  *endingAfter(nowSeconds: number): Generator<MessageKey> {
    for (const found of this.#statements.endingAfter.iterate(nowSeconds)) {
      const { source, created, sequence } = found as unknown as FoundKey
      yield { source: Address.at(source), created, sequence }
    }
  }
}

interface FoundKey {
  readonly source: Uint8Array
  readonly created: number
  readonly sequence: number
}

function prepareStatements(db: DatabaseSync) {
  return {
    insert: db.prepare('INSERT INTO deliveries (source, created, sequence, ends_at) VALUES (?, ?, ?, ?)'),
    // Rows are numbered without gaps at the end, so this leaves at most as many as are allowed.
    deleteOldest: db.prepare('DELETE FROM deliveries WHERE row <= (SELECT max(row) FROM deliveries) - ?'),
    deleteEnded: db.prepare(
      `DELETE FROM deliveries WHERE row IN
         (SELECT row FROM deliveries WHERE ends_at <= ? ORDER BY ends_at LIMIT ?)`,
    ),
    endingAfter: db.prepare(
      'SELECT source, created, sequence FROM deliveries WHERE ends_at > ? ORDER BY row',
    ),
  }
}
