/**
 * The MessageStore on disk: SQLite, as Node brings it, with a write-ahead log that is synced at every commit.
 *
 * Figures: a commit takes 100 puts, or what came within 2 ms of the first; up to 256 removals go along with it,
 * or by themselves 100 ms after the first, and so do deliveries. A failed removal is tried again every second, a
 * delivery never. At most 100 frames wait in memory; each message takes 16 bytes of memory besides, and 160 where
 * it is the only one of its source and destination. The file takes the frames plus about 170 bytes a message and
 * 55 bytes a delivery, its log up to 8 MiB when idle.
 * Opening reads the whole file once, to check it: about 2 us a message when the system has it in memory.
 */
import type { Address } from '../../identity/address.ts'
import type { Clock } from '../../runtime/clock.ts'
import { type MeshError, messageOf } from '../../runtime/errors.ts'
import type { Logger } from '../../runtime/logger.ts'
import { type Random, systemRandom } from '../../runtime/random.ts'
import { Capacity } from '../capacity.ts'
import { checkMessage, copyOf } from '../message.ts'
import {
  MAX_DELIVERIES,
  type MessageKey,
  type MessageStore,
  type PutOutcome,
  type StoredDelivery,
  type StoredMessage,
  type StoredRow,
  type StoreLimits,
  type StoreStats,
} from '../store.ts'
import { DestinationQueues } from './destination-queues.ts'
import { isCorruption, storeError } from './errors.ts'
import { GroupCommit } from './group-commit.ts'
import { type OpenedTable, type OpenOptions, openTable, replaceTable } from './open.ts'
import type { Changes, Entry, FoundEntry, MessageTable } from './table.ts'

export interface SqliteStoreOptions {
  /** The database file. Its folder is made where it is missing. One process at a time may have it open. */
  readonly file: string
  readonly limits: StoreLimits
  readonly clock: Clock
  readonly logger: Logger
  /** For the secret key of the indexes; the system's unless given. */
  readonly random?: Random
  /** The most the database file may grow to, bytes, its log apart. Beyond it a put fails as on a full disk. */
  readonly maxFileBytes?: number
}

export function sqliteStore(options: SqliteStoreOptions): MessageStore {
  return new SqliteStore(options)
}

class SqliteStore implements MessageStore {
  readonly name = 'sqlite'
  readonly #options: SqliteStoreOptions
  readonly #group: GroupCommit
  #table: MessageTable | undefined
  /** What is stored or waits to be, by the hashes of the sources. */
  #capacity: Capacity<number>
  #queues = new DestinationQueues()
  #isFailing = false
  #stored = 0
  #removed = 0
  #expired = 0
  #refused = 0
  #failures = 0

  constructor(options: SqliteStoreOptions) {
    this.#options = options
    this.#capacity = new Capacity(options.limits)
    this.#group = new GroupCommit(options.clock, (changes) => this.#write(changes))
  }

  async open(): Promise<void> {
    if (this.#table === undefined) this.#use(openTable(this.#openOptions()))
  }

  async close(): Promise<void> {
    this.#group.end()
    this.#table?.close()
    this.#table = undefined
  }

  async put(message: StoredMessage): Promise<PutOutcome> {
    checkMessage(message)
    const table = this.#table
    if (table === undefined) throw storeError(this.#options.file, 'is not open')
    const twin = this.#group.find(message)
    if (twin !== undefined) {
      await twin.committed
      return 'duplicate'
    }
    try {
      if (this.#find(table, message) !== undefined) return 'duplicate'
    } catch (error) {
      throw this.#fail('cannot be read', error)
    }
    const sourceHash = table.hashOf(message.source)
    if (!this.#capacity.admits(sourceHash, message.frame.length)) {
      this.#refused += 1
      return 'full'
    }
    this.#capacity.add(sourceHash, message.frame.length)
    await this.#group.put(copyOf(message))
    return 'stored'
  }

  pendingFor(destination: Address, limit: number): readonly StoredRow[] {
    return this.#read([], (table) => {
      const pending: StoredRow[] = []
      for (const row of this.#queues.rowsFor(table.hashOf(destination))) {
        if (pending.length >= limit) break
        const stored = table.load(row)
        if (stored?.destination.equals(destination)) pending.push(stored)
      }
      return pending
    })
  }

  /** Of two destinations with the same 48-bit hash it names one, until that one has no messages left. */
  destinations(limit: number): readonly Address[] {
    return this.#read([], (table) => {
      const found: Address[] = []
      for (const hash of this.#queues.hashes()) {
        if (found.length >= limit) break
        const [row] = this.#queues.rowsFor(hash)
        const stored = row === undefined ? undefined : table.load(row)
        if (stored !== undefined) found.push(stored.destination)
      }
      return found
    })
  }

  remove(key: MessageKey, destination?: Address): boolean {
    return this.#read(false, (table) => {
      const waiting = this.#group.find(key)
      if (waiting !== undefined) {
        const { message } = waiting
        if (destination !== undefined && !message.destination.equals(destination)) return false
        this.#group.withdraw(key)
        this.#capacity.subtract(table.hashOf(message.source), message.frame.length)
        this.#stored += 1
      } else {
        const entry = this.#find(table, key)
        if (entry === undefined) return false
        if (destination !== undefined && !destination.isAt(entry.destination, 0)) return false
        this.#drop([entry])
      }
      this.#removed += 1
      return true
    })
  }

  delivered(delivery: StoredDelivery): void {
    if (this.#table === undefined) return
    // First, so that it is never written later than the deletion.
    this.#group.remember(delivery)
    if (this.#capacity.messages > 0) this.remove(delivery)
  }

  *deliveries(nowSeconds: number): Generator<MessageKey> {
    try {
      if (this.#table !== undefined) yield* this.#table.deliveries(nowSeconds)
    } catch (error) {
      this.#fail('cannot be read', error)
    }
  }

  expire(nowSeconds: number, limit: number): readonly StoredRow[] {
    return this.#read([], (table) => {
      const due: StoredRow[] = []
      for (const row of table.rowsDue(nowSeconds)) {
        if (due.length >= limit) break
        if (this.#group.isDeleted(row)) continue
        const stored = table.load(row)
        if (stored !== undefined) due.push(stored)
      }
      this.#expired += due.length
      this.#drop(
        due.map(({ row, source, destination, priority, frame }) => ({
          row,
          sourceHash: table.hashOf(source),
          destinationHash: table.hashOf(destination),
          priority,
          bytes: frame.length,
        })),
      )
      return due
    })
  }

  stats(): StoreStats {
    return {
      messages: this.#capacity.messages - this.#group.size,
      bytes: this.#capacity.bytes - this.#group.bytes,
      stored: this.#stored,
      removed: this.#removed,
      expired: this.#expired,
      refused: this.#refused,
      failures: this.#failures,
    }
  }

  #openOptions(): OpenOptions {
    const { file, limits, logger, random = systemRandom, maxFileBytes } = this.#options
    const { maxDeliveries = MAX_DELIVERIES } = limits
    return { file, limits, logger, random, maxFileBytes, maxDeliveries }
  }

  #use({ table, capacity, queues }: OpenedTable): void {
    this.#table = table
    this.#capacity = capacity
    this.#queues = queues
  }

  #read<Answer>(otherwise: Answer, read: (table: MessageTable) => Answer): Answer {
    if (this.#table === undefined) return otherwise
    try {
      return read(this.#table)
    } catch (error) {
      this.#fail('cannot be read', error)
      return otherwise
    }
  }

  #find(table: MessageTable, key: MessageKey): FoundEntry | undefined {
    return table.withKey(key).find(({ row }) => !this.#group.isDeleted(row))
  }

  /** Forgets entries at once, and has them deleted. */
  #drop(entries: readonly Entry[]): void {
    for (const { row, sourceHash, destinationHash, priority, bytes } of entries) {
      this.#queues.delete(destinationHash, priority, row)
      this.#capacity.subtract(sourceHash, bytes)
    }
    this.#group.delete(entries.map(({ row }) => row))
  }

  #write(changes: Required<Changes>): void {
    const { insertions } = changes
    const table = this.#table
    if (table === undefined) throw storeError(this.#options.file, 'is not open')
    try {
      const nowSeconds = Math.floor(this.#options.clock.now() / 1000)
      for (const { row, destinationHash, priority } of table.apply(changes, nowSeconds)) {
        this.#queues.add(destinationHash, priority, row)
      }
    } catch (error) {
      for (const { source, frame } of insertions) this.#capacity.subtract(table.hashOf(source), frame.length)
      throw this.#fail('cannot be written', error)
    }
    this.#stored += insertions.length
    if (this.#isFailing) this.#options.logger.info({ file: this.#options.file }, 'message store works again')
    this.#isFailing = false
  }

  /** Counts a failure of the medium, logs the first of a row of them, and replaces a file that is corrupt. */
  #fail(failure: string, cause: unknown): MeshError {
    const { file, logger } = this.#options
    this.#failures += 1
    if (!this.#isFailing) logger.error({ file, reason: messageOf(cause) }, `message store ${failure}`)
    this.#isFailing = true
    if (isCorruption(cause)) this.#replace(cause)
    return storeError(file, failure, cause)
  }

  #replace(corruption: unknown): void {
    const { file, logger } = this.#options
    const lost = this.#capacity.messages - this.#group.size
    try {
      this.#table?.close()
      const opened = replaceTable(this.#openOptions(), corruption)
      this.#use(opened)
      logger.error({ file, messages: lost }, 'the messages of the corrupt store are no longer delivered')
      this.#group.forgetDeletions()
      for (const { source, frame } of this.#group.messages()) {
        this.#capacity.add(opened.table.hashOf(source), frame.length)
      }
    } catch (error) {
      logger.error({ file, reason: messageOf(error) }, 'message store is out of use until it is opened again')
      this.#table = undefined
      this.#group.abandon(error)
    }
  }
}
