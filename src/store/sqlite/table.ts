/**
 * The open database of a store: its tables and the statements on the one of messages. It knows nothing of groups,
 * limits or time, and what SQLite throws comes through as it is.
 */
import type { DatabaseSync } from 'node:sqlite'
import { Address } from '../../identity/address.ts'
import type { Random } from '../../runtime/random.ts'
import type { MessageKey, StoredDelivery, StoredMessage, StoredRow } from '../store.ts'
import { DeliveryTable } from './delivery-table.ts'
import { ForeignDatabase, isSchemaMismatch } from './errors.ts'
import { loadSqlite } from './module.ts'
import { configure, firstValue, prepareTables } from './schema.ts'
import { HASH_KEY_BYTES, StoredHash } from './stored-hash.ts'

export interface MessageTableOptions {
  readonly file: string
  readonly random: Random
  readonly maxFileBytes: number | undefined
  readonly maxDeliveries: number
}

/** What is written in one transaction. */
export interface Changes {
  /** Rows of messages. */
  readonly deletions?: readonly number[]
  readonly insertions?: readonly StoredMessage[]
  readonly deliveries?: readonly StoredDelivery[]
}

/** Where a message lies and what it counts for. */
export interface Entry {
  readonly row: number
  readonly sourceHash: number
  readonly destinationHash: number
  readonly priority: number
  readonly bytes: number
}

export interface FoundEntry extends Entry {
  readonly source: Uint8Array
  readonly destination: Uint8Array
}

export class MessageTable {
  readonly #db: DatabaseSync
  readonly #statements: Statements
  readonly #deliveries: DeliveryTable
  readonly #hash: StoredHash

  /** @throws ForeignDatabase where the file is none of ours, and what SQLite throws. */
  constructor({ file, random, maxFileBytes, maxDeliveries }: MessageTableOptions) {
    const { DatabaseSync } = loadSqlite()
    this.#db = new DatabaseSync(file)
    try {
      configure(this.#db, maxFileBytes)
      prepareTables(this.#db, file, random)
      this.#statements = checkingTables(() => prepareStatements(this.#db))
      this.#deliveries = checkingTables(() => new DeliveryTable(this.#db, maxDeliveries))
      this.#hash = new StoredHash(this.#hashKey())
    } catch (error) {
      this.#db.close()
      throw error
    }
  }

  close(): void {
    this.#db.close()
  }

  /** Every message, in no order. */
  entries(): Iterable<Entry> {
    return this.#statements.entries.iterate() as Iterable<unknown> as Iterable<Entry>
  }

  hashOf(address: Address): number {
    return this.#hash.of(address)
  }

  /** The messages of this key: more than one only where one is about to be deleted. */
  *withKey(key: MessageKey): Generator<FoundEntry> {
    const sourceHash = this.hashOf(key.source)
    for (const found of this.#statements.withKey.iterate(key.created, key.sequence, sourceHash)) {
      const entry = found as unknown as FoundEntry
      if (key.source.isAt(entry.source, 0)) yield entry
    }
  }

  /** The rows with `expiresAt` at or before `nowSeconds`, earliest first. */
  *rowsDue(nowSeconds: number): Generator<number> {
    for (const { row } of this.#statements.due.iterate(nowSeconds)) yield row as number
  }

  load(row: number): StoredRow | undefined {
    const found = this.#statements.load.get(row)
    if (found === undefined) return undefined
    const { source, destination, ...rest } = found as unknown as LoadedRow
    return { ...rest, source: Address.at(source), destination: Address.at(destination), row }
  }

  /** The deliveries that end after `nowSeconds`, the oldest first. */
  deliveries(nowSeconds: number): Iterable<MessageKey> {
    return this.#deliveries.endingAfter(nowSeconds)
  }

  /**
   * Deletes and inserts in one durable transaction: all of it, or it throws and nothing has changed.
   *
   * @param nowSeconds deliveries that have ended by then are forgotten.
   * @returns where the insertions lie, in their order.
   */
  apply({ deletions = [], insertions = [], deliveries = [] }: Changes, nowSeconds: number): Entry[] {
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      this.#deliveries.add(deliveries, nowSeconds)
      for (const row of deletions) this.#statements.delete.run(row)
      const entries = insertions.map((message) => this.#insert(message))
      this.#db.exec('COMMIT')
      return entries
    } catch (error) {
      // After some errors SQLite has rolled back by itself.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw error
    }
  }

  #insert(message: StoredMessage): Entry {
    const { source, destination, created, sequence, priority, expiresAt, frame } = message
    const sourceHash = this.#hash.of(source)
    const destinationHash = this.#hash.of(destination)
    const { lastInsertRowid } = this.#statements.insert.run(
      ...[sourceHash, destinationHash, created, sequence, priority, expiresAt, frame.length],
      ...[source.bytes, destination.bytes, frame],
    )
    return { row: Number(lastInsertRowid), sourceHash, destinationHash, priority, bytes: frame.length }
  }

  #hashKey(): Uint8Array {
    const key = firstValue(this.#db.prepare('SELECT hash_key FROM settings'))
    if (key instanceof Uint8Array && key.length === HASH_KEY_BYTES) return key
    throw new ForeignDatabase('its hash key is gone')
  }
}

type Statements = ReturnType<typeof prepareStatements>

interface LoadedRow {
  readonly source: Uint8Array
  readonly destination: Uint8Array
  readonly created: number
  readonly sequence: number
  readonly priority: number
  readonly expiresAt: number
  readonly frame: Uint8Array
}

const ENTRY = 'row, source_hash AS sourceHash, destination_hash AS destinationHash, priority, bytes'

/** @throws ForeignDatabase where the tables are not those that the statements are for. */
function checkingTables<Prepared>(prepare: () => Prepared): Prepared {
  try {
    return prepare()
  } catch (error) {
    if (isSchemaMismatch(error)) throw new ForeignDatabase('its tables are not those of a message store')
    throw error
  }
}

function prepareStatements(db: DatabaseSync) {
  return {
    entries: db.prepare(`SELECT ${ENTRY} FROM messages INDEXED BY by_key`),
    withKey: db.prepare(
      `SELECT ${ENTRY}, source, destination FROM messages
       WHERE created = ? AND sequence = ? AND source_hash = ?`,
    ),
    due: db.prepare('SELECT row FROM messages WHERE expires_at <= ? ORDER BY expires_at, row'),
    load: db.prepare(
      `SELECT source, destination, created, sequence, priority, expires_at AS expiresAt, frame
       FROM messages WHERE row = ?`,
    ),
    delete: db.prepare('DELETE FROM messages WHERE row = ?'),
    insert: db.prepare(
      `INSERT INTO messages (source_hash, destination_hash, created, sequence, priority, expires_at, bytes,
         source, destination, frame) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
  }
}
