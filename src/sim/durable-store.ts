/**
 * The store of a simulated node, with a disk below it that outlives the process: a put is answered when it is
 * durable, a little later, and so are removals and deliveries. A crash in between loses puts and deliveries and
 * undoes removals, as with the sqlite store's group commit.
 */
import type { Address } from '../identity/address.ts'
import type { Clock, Timer } from '../runtime/clock.ts'
import { memoryStore } from '../store/memory.ts'
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
} from '../store/store.ts'
import { messageId } from '../wire/envelope.ts'
import type { AsyncWork } from './async-work.ts'

/** From a write to its durable commit: what a flash disk takes. */
export const COMMIT_MS = 2

/** What survives a crash: the messages that were durably put and not durably removed, oldest first, and deliveries. */
export class Disk {
  readonly #messages = new Map<string, StoredMessage>()
  readonly #deliveries = new Map<string, StoredDelivery>()
  /** The highest row that a process has given out: none is used again. */
  lastRow = 0

  get messages(): Iterable<StoredMessage> {
    return this.#messages.values()
  }

  get size(): number {
    return this.#messages.size
  }

  has(key: MessageKey): boolean {
    return this.#messages.has(nameOf(key))
  }

  write(message: StoredMessage): void {
    this.#messages.set(nameOf(message), { ...message, frame: Uint8Array.from(message.frame) })
  }

  erase(key: MessageKey): void {
    this.#messages.delete(nameOf(key))
  }

  /** Oldest first. */
  get deliveries(): Iterable<StoredDelivery> {
    return this.#deliveries.values()
  }

  /** Whether it is known here that an application has this message. */
  hasDelivered(key: MessageKey): boolean {
    return this.#deliveries.has(nameOf(key))
  }

  /** @param most those before the latest so many are forgotten. */
  remember(delivery: StoredDelivery, most: number): void {
    this.#deliveries.set(nameOf(delivery), delivery)
    for (const oldest of this.#deliveries.keys()) {
      if (this.#deliveries.size <= most) break
      this.#deliveries.delete(oldest)
    }
  }
}

interface Waiting {
  readonly message: StoredMessage
  readonly resolve: (outcome: Promise<PutOutcome>) => void
}

export interface DurableStoreOptions {
  readonly disk: Disk
  readonly limits: StoreLimits
  /** The process's clock. When that dies, nothing more is written. */
  readonly clock: Clock
  readonly work: AsyncWork
}

/** One process's store on a disk. */
export class DurableStore implements MessageStore {
  readonly name = 'simulated'
  readonly #disk: Disk
  readonly #clock: Clock
  readonly #work: AsyncWork
  readonly #inner: MessageStore
  readonly #maxDeliveries: number
  #isOpen = false
  /** What the numbers of rows are above those of the store in memory. */
  #firstRow = 0
  /** What was there already. */
  #found = 0
  #puts: Waiting[] = []
  #removals: MessageKey[] = []
  #deliveries: StoredDelivery[] = []
  #commit: Timer | undefined

  constructor({ disk, limits, clock, work }: DurableStoreOptions) {
    this.#disk = disk
    this.#clock = clock
    this.#work = work
    this.#inner = memoryStore(limits)
    this.#maxDeliveries = limits.maxDeliveries ?? MAX_DELIVERIES
  }

  async open(): Promise<void> {
    await this.#inner.open()
    for (const message of this.#disk.messages) await this.#inner.put(message)
    this.#firstRow = this.#disk.lastRow
    this.#found = this.#disk.size
    this.#disk.lastRow += this.#found
    this.#isOpen = true
  }

  async close(): Promise<void> {
    this.#commitNow()
    this.#isOpen = false
    await this.#inner.close()
  }

  put(message: StoredMessage): Promise<PutOutcome> {
    if (!this.#isOpen) return this.#inner.put(message)
    // What the caller does with its frame meanwhile is its own business.
    const kept = { ...message, frame: Uint8Array.from(message.frame) }
    const { promise, resolve } = Promise.withResolvers<PutOutcome>()
    this.#puts.push({ message: kept, resolve })
    this.#commitSoon()
    return promise
  }

  pendingFor(destination: Address, limit: number): readonly StoredRow[] {
    return this.#inner.pendingFor(destination, limit).map((row) => this.#numbered(row))
  }

  destinations(limit: number): readonly Address[] {
    return this.#inner.destinations(limit)
  }

  remove(key: MessageKey, destination?: Address): boolean {
    // One that is still on its way has to be there before it can go.
    if (this.#puts.some(({ message }) => nameOf(message) === nameOf(key))) this.#commitNow()
    if (!this.#inner.remove(key, destination)) return false
    this.#removals.push(key)
    this.#commitSoon()
    return true
  }

  delivered(delivery: StoredDelivery): void {
    if (!this.#isOpen) return
    this.#deliveries.push(delivery)
    this.remove(delivery)
    this.#commitSoon()
  }

  deliveries(nowSeconds: number): Iterable<MessageKey> {
    if (!this.#isOpen) return []
    return [...this.#disk.deliveries]
      .filter(({ endsAt }) => endsAt > nowSeconds)
      .map(({ source, created, sequence }) => ({ source, created, sequence }))
  }

  expire(nowSeconds: number, limit: number): readonly StoredRow[] {
    const rows = this.#inner.expire(nowSeconds, limit)
    if (rows.length > 0) {
      this.#removals.push(...rows)
      this.#commitSoon()
    }
    return rows.map((row) => this.#numbered(row))
  }

  stats(): StoreStats {
    const stats = this.#inner.stats()
    return { ...stats, stored: stats.stored - this.#found }
  }

  #numbered(row: StoredRow): StoredRow {
    return { ...row, row: row.row + this.#firstRow }
  }

  #commitSoon(): void {
    this.#commit ??= this.#clock.setTimer(COMMIT_MS, () => this.#commitNow())
  }

  #commitNow(): void {
    this.#commit?.cancel()
    this.#commit = undefined
    const puts = this.#puts
    const removals = this.#removals
    const deliveries = this.#deliveries
    this.#puts = []
    this.#removals = []
    this.#deliveries = []
    for (const key of removals) this.#disk.erase(key)
    for (const delivery of deliveries) this.#disk.remember(delivery, this.#maxDeliveries)
    for (const { message, resolve } of puts) resolve(this.#write(message))
    if (puts.length > 0) this.#work.note()
  }

  async #write(message: StoredMessage): Promise<PutOutcome> {
    const outcome = await this.#inner.put(message)
    if (outcome === 'stored') {
      this.#disk.lastRow += 1
      this.#disk.write(message)
    }
    return outcome
  }
}

function nameOf({ source, created, sequence }: MessageKey): string {
  return `${source.toString()}${messageId(created, sequence)}`
}
