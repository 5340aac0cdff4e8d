/**
 * A MessageStore in its plainest form, and a run of operations on a real one held against it, answer by
 * answer. `messageStoreCompliance` feeds it seeded operations; a property test can feed it others.
 */
import assert from 'node:assert/strict'
import { Address } from '../identity/address.ts'
import type { Random } from '../runtime/random.ts'
import { keyText } from '../store/message.ts'
import type { MessageKey, MessageStore, PutOutcome, StoredMessage, StoreLimits } from '../store/store.ts'

export type StoreOperation =
  /** One group: the puts are made at once and then awaited. */
  | { readonly kind: 'put'; readonly messages: readonly StoredMessage[] }
  /** Put and removed before it is awaited. */
  | {
      readonly kind: 'putAndRemove'
      readonly message: StoredMessage
      readonly destination?: Address | undefined
    }
  | { readonly kind: 'remove'; readonly key: MessageKey; readonly destination?: Address | undefined }
  | { readonly kind: 'expire'; readonly nowSeconds: number; readonly limit: number }
  | { readonly kind: 'pendingFor'; readonly destination: Address; readonly limit: number }
  /** Closes the store and goes on with the one that is opened in its place. */
  | { readonly kind: 'reopen' }

export interface ModelRun {
  readonly store: MessageStore
  readonly limits: StoreLimits
  readonly operations: Iterable<StoreOperation>
  /** Gives a store on a clock that stands still the time to commit. */
  settle(): Promise<void>
  /** Closes the store and opens its contents anew; undefined where they end with it. */
  readonly reopen: ((store: MessageStore) => Promise<MessageStore>) | undefined
}

/** Leaves the store open and returns it. @throws AssertionError at the first answer that differs. */
export async function runAgainstModel(run: ModelRun): Promise<MessageStore> {
  const model = new StoreModel(run.limits)
  let store = run.store
  for (const operation of run.operations) {
    switch (operation.kind) {
      case 'put': {
        const puts = operation.messages.map((message) => store.put(message))
        await run.settle()
        const expected = operation.messages.map((message) => model.put(message))
        assert.deepEqual(await Promise.all(puts), expected)
        break
      }
      case 'putAndRemove': {
        const put = store.put(operation.message)
        const wasThere = store.remove(operation.message, operation.destination)
        await run.settle()
        assert.equal(await put, model.put(operation.message))
        assert.equal(wasThere, model.remove(operation.message, operation.destination))
        break
      }
      case 'remove': {
        const { key, destination } = operation
        assert.equal(store.remove(key, destination), model.remove(key, destination))
        break
      }
      case 'expire': {
        const { nowSeconds, limit } = operation
        assert.deepEqual(
          store.expire(nowSeconds, limit).map(plain),
          model.expire(nowSeconds, limit).map(plain),
        )
        break
      }
      case 'pendingFor': {
        const { destination, limit } = operation
        const pending = store.pendingFor(destination, limit)
        assert.deepEqual(pending.map(plain), model.pendingFor(destination, limit).map(plain))
        break
      }
      case 'reopen':
        if (run.reopen !== undefined) store = await run.reopen(store)
        break
    }
    agree(store, model)
  }
  return store
}

function agree(store: MessageStore, model: StoreModel): void {
  const { messages, bytes } = store.stats()
  assert.deepEqual({ messages, bytes }, model.totals())
  const found = store.destinations(Number.MAX_SAFE_INTEGER).map(String)
  assert.deepEqual(found.toSorted(), model.destinations().toSorted())
}

/** What two stores have to agree on. */
function plain({
  source,
  destination,
  frame,
  created,
  sequence,
  priority,
  expiresAt,
}: StoredMessage): object {
  return {
    key: keyText({ source, created, sequence }),
    destination: destination.toString(),
    frame: Buffer.from(frame).toString('hex'),
    priority,
    expiresAt,
  }
}

/** An array in order of arrival, searched from end to end. */
class StoreModel {
  readonly #limits: StoreLimits
  #messages: StoredMessage[] = []

  constructor(limits: StoreLimits) {
    this.#limits = limits
  }

  put(message: StoredMessage): PutOutcome {
    if (this.#messages.some((other) => keyText(other) === keyText(message))) return 'duplicate'
    const { messages, bytes } = this.totals()
    const ofSource = this.#messages.filter(({ source }) => source.equals(message.source)).length
    if (messages >= this.#limits.maxMessages) return 'full'
    if (bytes + message.frame.length > this.#limits.maxBytes) return 'full'
    if (ofSource >= this.#limits.maxMessagesPerSource) return 'full'
    this.#messages.push(message)
    return 'stored'
  }

  remove(key: MessageKey, destination?: Address): boolean {
    const index = this.#messages.findIndex(
      (message) =>
        keyText(message) === keyText(key) && (destination ?? message.destination).equals(message.destination),
    )
    if (index >= 0) this.#messages.splice(index, 1)
    return index >= 0
  }

  expire(nowSeconds: number, limit: number): StoredMessage[] {
    const due = this.#messages
      .filter(({ expiresAt }) => expiresAt <= nowSeconds)
      .sort((a, b) => a.expiresAt - b.expiresAt)
      .slice(0, limit)
    this.#messages = this.#messages.filter((message) => !due.includes(message))
    return due
  }

  pendingFor(destination: Address, limit: number): StoredMessage[] {
    return this.#messages
      .filter((message) => message.destination.equals(destination))
      .sort((a, b) => a.priority - b.priority)
      .slice(0, limit)
  }

  destinations(): string[] {
    return [...new Set(this.#messages.map(({ destination }) => destination.toString()))]
  }

  totals(): { messages: number; bytes: number } {
    const bytes = this.#messages.reduce((sum, { frame }) => sum + frame.length, 0)
    return { messages: this.#messages.length, bytes }
  }
}

/** `count` operations on few sources, destinations and keys, so that they meet. */
export function* seededOperations(random: Random, count: number): Generator<StoreOperation> {
  const addresses = Array.from({ length: 5 }, () => Address.at(random.bytes(16)))
  const address = (): Address => addresses[random.below(addresses.length)] as Address
  const maybeAddress = (): Address | undefined => (random.below(2) === 0 ? address() : undefined)
  const key = (): MessageKey => ({ source: address(), created: random.below(2), sequence: random.below(6) })
  const message = (): StoredMessage => ({
    ...key(),
    destination: address(),
    priority: random.below(4),
    expiresAt: random.below(20),
    frame: random.bytes(random.below(40)),
  })
  for (let n = 0; n < count; n++) {
    const choice = random.below(10)
    if (choice < 4) yield { kind: 'put', messages: Array.from({ length: 1 + random.below(5) }, message) }
    else if (choice < 5) yield { kind: 'putAndRemove', message: message(), destination: maybeAddress() }
    else if (choice < 7) yield { kind: 'remove', key: key(), destination: maybeAddress() }
    else if (choice < 8) yield { kind: 'expire', nowSeconds: random.below(20), limit: random.below(6) }
    else if (choice < 9) yield { kind: 'pendingFor', destination: address(), limit: random.below(6) }
    else yield { kind: 'reopen' }
  }
}
