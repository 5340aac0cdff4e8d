/**
 * A MessageStore that lives and ends with the process: for nodes without a disk, simulations and tests.
 *
 * Figures: a message takes its frame plus about 600 bytes of memory, and 1600 where it is the only one of its
 * source and destination. `put`, `remove`, and each message that `expire` returns, cost O(log n) in the number
 * of messages; each one that `pendingFor` returns costs a copy.
 */
import type { Address } from '../identity/address.ts'
import { MeshError } from '../runtime/errors.ts'
import { Capacity } from './capacity.ts'
import { ExpiryHeap, type HeapEntry } from './expiry-heap.ts'
import { checkMessage, copyOf, keyText } from './message.ts'
import type {
  MessageKey,
  MessageStore,
  PutOutcome,
  StoredDelivery,
  StoredMessage,
  StoredRow,
  StoreLimits,
  StoreStats,
} from './store.ts'

export function memoryStore(limits: StoreLimits): MessageStore {
  return new MemoryStore(limits)
}

interface Queue {
  readonly destination: Address
  /** By priority, and in each by row, which is the order of arrival. None is empty. */
  readonly levels: Map<number, Map<number, StoredRow>>
}

class MemoryStore implements MessageStore {
  readonly name = 'memory'
  readonly #limits: StoreLimits
  #isOpen = false
  #capacity: Capacity<string>
  #byKey = new Map<string, HeapEntry>()
  #byDestination = new Map<string, Queue>()
  #byExpiry = new ExpiryHeap()
  #lastRow = 0
  #stored = 0
  #removed = 0
  #expired = 0
  #refused = 0

  constructor(limits: StoreLimits) {
    this.#limits = limits
    this.#capacity = new Capacity(limits)
  }

  async open(): Promise<void> {
    this.#isOpen = true
  }

  async close(): Promise<void> {
    this.#isOpen = false
    this.#capacity = new Capacity(this.#limits)
    this.#byKey = new Map()
    this.#byDestination = new Map()
    this.#byExpiry = new ExpiryHeap()
  }

  async put(message: StoredMessage): Promise<PutOutcome> {
    if (!this.#isOpen) throw new MeshError('ERR_STORE', 'the message store in memory is not open')
    checkMessage(message)
    if (this.#byKey.has(keyText(message))) return 'duplicate'
    if (!this.#capacity.admits(message.source.toString(), message.frame.length)) {
      this.#refused += 1
      return 'full'
    }
    this.#add(message)
    this.#stored += 1
    return 'stored'
  }

  pendingFor(destination: Address, limit: number): readonly StoredRow[] {
    const queue = this.#byDestination.get(destination.toString())
    if (queue === undefined) return []
    return [...queue.levels]
      .sort(([a], [b]) => a - b)
      .values()
      .flatMap(([, level]) => level.values())
      .take(limit)
      .map((stored) => ({ ...copyOf(stored), row: stored.row }))
      .toArray()
  }

  destinations(limit: number): readonly Address[] {
    return this.#byDestination
      .values()
      .take(limit)
      .map((queue) => queue.destination)
      .toArray()
  }

  remove(key: MessageKey, destination?: Address): boolean {
    const entry = this.#byKey.get(keyText(key))
    if (entry === undefined) return false
    if (destination !== undefined && !entry.stored.destination.equals(destination)) return false
    this.#delete(entry)
    this.#removed += 1
    return true
  }

  /** It ends with the process, which knows what it has delivered: there is nothing to remember. */
  delivered(delivery: StoredDelivery): void {
    if (this.#byKey.size > 0) this.remove(delivery)
  }

  deliveries(): Iterable<MessageKey> {
    return []
  }

  expire(nowSeconds: number, limit: number): readonly StoredRow[] {
    const due: StoredRow[] = []
    while (due.length < limit) {
      const entry = this.#byExpiry.first
      if (entry === undefined || entry.stored.expiresAt > nowSeconds) break
      this.#delete(entry)
      due.push(entry.stored)
    }
    this.#expired += due.length
    return due
  }

  stats(): StoreStats {
    return {
      messages: this.#capacity.messages,
      bytes: this.#capacity.bytes,
      stored: this.#stored,
      removed: this.#removed,
      expired: this.#expired,
      refused: this.#refused,
      failures: 0,
    }
  }

  #add(message: StoredMessage): void {
    const row = ++this.#lastRow
    const stored = { ...copyOf(message), row }
    const { source, destination, priority, frame } = stored
    const entry = { stored, heapIndex: 0 }
    this.#byKey.set(keyText(stored), entry)
    this.#byExpiry.add(entry)
    this.#capacity.add(source.toString(), frame.length)
    const queue = getOrMake(this.#byDestination, destination.toString(), () => ({
      destination,
      levels: new Map(),
    }))
    getOrMake(queue.levels, priority, () => new Map()).set(row, stored)
  }

  #delete(entry: HeapEntry): void {
    const { stored } = entry
    this.#byKey.delete(keyText(stored))
    this.#byExpiry.delete(entry)
    this.#capacity.subtract(stored.source.toString(), stored.frame.length)
    const queue = this.#byDestination.get(stored.destination.toString())
    const level = queue?.levels.get(stored.priority)
    level?.delete(stored.row)
    if (level?.size === 0) queue?.levels.delete(stored.priority)
    if (queue?.levels.size === 0) this.#byDestination.delete(stored.destination.toString())
  }
}

function getOrMake<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  return made
}
