/** What the compliance suite of the stores works with: messages to put, and stores that clean up after themselves. */
import type { TestContext } from 'node:test'
import { Address } from '../identity/address.ts'
import type { MessageStore, PutOutcome, StoredMessage, StoreLimits } from '../store/store.ts'

/** A store to be tested: new, empty and not yet opened. */
export interface StoreUnderTest {
  readonly store: MessageStore
  /** Another store over the same contents, once the first is closed. Absent where they end with the store. */
  reopen?(): MessageStore
  /** Lets as much time pass as a commit takes, where the store's clock stands still. */
  settle?(): Promise<void>
  /** Called when the test is over and its stores are closed. */
  dispose?(): Promise<void>
}

export type StoreFactory = (limits: StoreLimits) => Promise<StoreUnderTest>

/** Limits that no test reaches unless it means to. */
export const ROOMY: StoreLimits = { maxMessages: 10_000, maxBytes: 10_000_000, maxMessagesPerSource: 10_000 }
export const ALICE = Address.parse('a'.repeat(32))
export const BOB = Address.parse('b'.repeat(32))
export const CAROL = Address.parse('c'.repeat(32))

/** A message from Alice to Bob of ten bytes, told from others by its sequence. */
export function message(sequence: number, changes: Partial<StoredMessage> = {}): StoredMessage {
  const frame = new Uint8Array(10).fill(sequence)
  const key = { source: ALICE, created: 1000, sequence }
  return { ...key, destination: BOB, priority: 2, expiresAt: 5000, frame, ...changes }
}

export function messages(count: number, changes: Partial<StoredMessage> = {}): StoredMessage[] {
  return Array.from({ length: count }, (_, index) => message(index, changes))
}

export function sequences(rows: readonly StoredMessage[]): number[] {
  return rows.map(({ sequence }) => sequence)
}

/** The stores of one test: opens them, and closes and disposes of them at its end. */
export class Bench {
  readonly #factory: StoreFactory
  readonly #test: TestContext

  constructor(factory: StoreFactory, test: TestContext) {
    this.#factory = factory
    this.#test = test
  }

  async open(limits: StoreLimits = ROOMY): Promise<OpenStore> {
    const open = new OpenStore(await this.#factory(limits))
    this.#test.after(() => open.end())
    await open.store.open()
    return open
  }

  /** For what only a store can show whose contents outlive it. */
  async openLasting(limits: StoreLimits = ROOMY): Promise<OpenStore | undefined> {
    const open = await this.open(limits)
    if (open.isLasting) return open
    this.#test.skip('its contents end with it')
    return undefined
  }
}

class OpenStore {
  readonly #underTest: StoreUnderTest
  store: MessageStore

  constructor(underTest: StoreUnderTest) {
    this.#underTest = underTest
    this.store = underTest.store
  }

  get isLasting(): boolean {
    return this.#underTest.reopen !== undefined
  }

  async settle(): Promise<void> {
    await this.#underTest.settle?.()
  }

  /** Puts all of them at once, then awaits them. */
  async put(...all: StoredMessage[]): Promise<PutOutcome[]> {
    const puts = all.map((each) => this.store.put(each))
    await this.settle()
    return await Promise.all(puts)
  }

  pending(destination = BOB): number[] {
    return sequences(this.store.pendingFor(destination, 10_000))
  }

  async reopen(): Promise<void> {
    await this.store.close()
    this.store = this.#underTest.reopen?.() ?? this.store
    await this.store.open()
  }

  async end(): Promise<void> {
    await this.store.close()
    await this.#underTest.dispose?.()
  }
}
