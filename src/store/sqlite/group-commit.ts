/**
 * Collects puts, deletions and deliveries and has them written together: a durable commit costs a sync of the disk,
 * whether it holds one message or a hundred.
 */
import type { Clock, Timer } from '../../runtime/clock.ts'
import { keyText } from '../message.ts'
import type { MessageKey, StoredDelivery, StoredMessage } from '../store.ts'
import type { Changes } from './table.ts'

const GROUP_SIZE = 100
const GROUP_MS = 2
/** Of deletions, and of deliveries. */
const CHUNK = 256
/** What nobody waits for may wait. */
const QUIET_MS = 100
const RETRY_MS = 1000

/** A message on its way to the disk. */
export interface Waiting {
  readonly message: StoredMessage
  /** Resolves when the message is durable, or no longer wanted. Rejects with what `write` threw. */
  readonly committed: Promise<void>
}

interface Put extends Waiting, Pick<PromiseWithResolvers<void>, 'resolve' | 'reject'> {}

/** Does all of it in one durable transaction, or throws and has done nothing. */
export type Write = (changes: Required<Changes>) => void

export class GroupCommit {
  readonly #clock: Clock
  readonly #write: Write
  /** By their keys' text, in order of arrival. */
  #puts = new Map<string, Put>()
  #bytes = 0
  readonly #deletions = new Set<number>()
  /** At most {@link CHUNK}. */
  #deliveries: StoredDelivery[] = []
  #putTimer: Timer | undefined
  #quietTimer: Timer | undefined
  #isFailing = false

  constructor(clock: Clock, write: Write) {
    this.#clock = clock
    this.#write = write
  }

  /** Messages waiting. */
  get size(): number {
    return this.#puts.size
  }

  /** Of the frames that are waiting. */
  get bytes(): number {
    return this.#bytes
  }

  messages(): Iterable<StoredMessage> {
    return this.#puts.values().map(({ message }) => message)
  }

  find(key: MessageKey): Waiting | undefined {
    return this.#puts.get(keyText(key))
  }

  /** @param message one that is not waiting yet. It is kept as it is. */
  put(message: StoredMessage): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#puts.set(keyText(message), { message, committed: promise, resolve, reject })
    this.#bytes += message.frame.length
    if (this.#puts.size >= GROUP_SIZE) this.flush()
    else this.#putTimer ??= this.#clock.setTimer(GROUP_MS, () => this.flush())
    return promise
  }

  /** Takes a waiting message out again: it need not reach the disk, and its put has done its work. */
  withdraw(key: MessageKey): void {
    const put = this.#puts.get(keyText(key))
    if (put === undefined) return
    this.#puts.delete(keyText(key))
    this.#bytes -= put.message.frame.length
    put.resolve()
  }

  /** Has rows deleted, in chunks and in its own time. */
  delete(rows: Iterable<number>): void {
    for (const row of rows) this.#deletions.add(row)
    if (this.#deletions.size >= CHUNK && !this.#isFailing) this.flush()
    else if (this.#deletions.size > 0) this.#scheduleQuiet(QUIET_MS)
  }

  /** Has a delivery remembered together with whatever is deleted next. A write that fails forgets it. */
  remember(delivery: StoredDelivery): void {
    if (this.#deliveries.length >= CHUNK) this.flush()
    this.#deliveries.push(delivery)
    this.#scheduleQuiet(QUIET_MS)
  }

  /** Whether a row is still to be deleted. */
  isDeleted(row: number): boolean {
    return this.#deletions.has(row)
  }

  /** Writes all puts and deliveries and a chunk of deletions now. @returns false when the write failed. */
  flush(): boolean {
    this.#cancelTimers()
    const puts = [...this.#puts.values()]
    const deletions = this.#deletions.values().take(CHUNK).toArray()
    const deliveries = this.#deliveries
    if (puts.length + deletions.length + deliveries.length === 0) return true
    this.#puts = new Map()
    this.#bytes = 0
    // Never tried again: on a disk that is full they must not keep deletions from making room.
    this.#deliveries = []
    try {
      this.#write({ deletions, deliveries, insertions: puts.map(({ message }) => message) })
    } catch (error) {
      this.#isFailing = true
      for (const { reject } of puts) reject(error)
      if (this.#deletions.size > 0) this.#scheduleQuiet(RETRY_MS)
      return false
    }
    this.#isFailing = false
    for (const row of deletions) this.#deletions.delete(row)
    for (const { resolve } of puts) resolve()
    if (this.#deletions.size > 0) this.#scheduleQuiet(GROUP_MS)
    return true
  }

  /** Writes everything that can be written, and forgets the rest. */
  end(): void {
    while (this.flush() && this.#deletions.size > 0) {
      // a chunk at a time
    }
    this.forgetDeletions()
    this.#cancelTimers()
  }

  /** The rows are gone together with their file. */
  forgetDeletions(): void {
    this.#deletions.clear()
  }

  /** Nothing that waits can ever be written. */
  abandon(error: unknown): void {
    this.#cancelTimers()
    for (const { reject } of this.#puts.values()) reject(error)
    this.#puts.clear()
    this.#bytes = 0
    this.#deletions.clear()
    this.#deliveries = []
  }

  #scheduleQuiet(delayMs: number): void {
    this.#quietTimer ??= this.#clock.setTimer(delayMs, () => this.flush())
  }

  #cancelTimers(): void {
    this.#putTimer?.cancel()
    this.#quietTimer?.cancel()
    this.#putTimer = undefined
    this.#quietTimer = undefined
  }
}
