/** What a node does when its blocklist changes, so that nothing is left of those who are new on it. */
import type { Address } from '../identity/address.ts'
import type { Blocklist } from '../routing/blocklist.ts'
import type { Clock } from '../runtime/clock.ts'
import type { MessageStore, StoredRow } from '../store/store.ts'

export interface BlockingOptions {
  readonly blocklist: Blocklist
  readonly clock: Clock
  readonly store: Pick<MessageStore, 'destinations' | 'pendingFor' | 'stats'>
  readonly router: {
    /** Forgets the path to an address, and what leads from or to it. */
    forget(address: Address): void
  }
  readonly transports: { linksTo(neighbour: Address): readonly { close(reason: string): void }[] }
  readonly custody: {
    /** Gives a message up for good. */
    discard(row: StoredRow): void
  }
  readonly counters: { drop(reason: 'blocked'): void }
}

export class Blocking {
  readonly #options: BlockingOptions

  constructor(options: BlockingOptions) {
    this.#options = options
  }

  /**
   * Takes a list in place of the one before: from now on nothing passes that is from or to an address on it.
   * Resolves when the store holds nothing of that kind either.
   */
  async block(addresses: readonly Address[]): Promise<void> {
    const { blocklist, router, transports } = this.#options
    const added = blocklist.replace(addresses)
    for (const address of added) {
      router.forget(address)
      for (const link of transports.linksTo(address)) link.close('blocked')
    }
    if (added.length > 0) await this.#purge()
  }

  /** One destination in a tick: a large store does not stop the node. */
  async #purge(): Promise<void> {
    const { blocklist, clock, store, custody, counters } = this.#options
    const most = store.stats().messages
    for (const destination of store.destinations(most)) {
      const isUnwanted = blocklist.has(destination)
      for (const row of store.pendingFor(destination, most)) {
        if (!isUnwanted && !blocklist.has(row.source)) continue
        custody.discard(row)
        counters.drop('blocked')
      }
      await new Promise<void>((resolve) => clock.defer(resolve))
    }
  }
}
