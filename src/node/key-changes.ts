/** Successions as a node sees them: where its own messages go, what is kept on the disk, what people are told. */
import type { Address } from '../identity/address.ts'
import type { SuccessionNews, SuccessionTable } from '../routing/succession-table.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'
import type { SuccessionStore } from './succession-store.ts'

export interface KeyChangesOptions {
  readonly own: Address
  readonly table: SuccessionTable
  /** The frames that lead to this node. */
  readonly ownSuccessions: readonly Uint8Array[]
  readonly clock: Clock
  readonly logger: Logger
  /** Where they are kept over a restart; undefined for a node that keeps nothing. */
  readonly store: SuccessionStore | undefined
  /** An address leads to another one from now on. */
  readonly moved: (from: Address, to: Address) => void
}

export class KeyChanges {
  readonly #options: KeyChangesOptions

  constructor(options: KeyChangesOptions) {
    this.#options = options
  }

  /** Where a message for this address goes: to the newest address that is known of its owner. */
  newest(address: Address): Address {
    const { own, table, clock } = this.#options
    return address.equals(own) ? address : table.newest(address, clock.monotonic())
  }

  /** A succession has been judged. */
  heard({ from, to, moved, fork }: SuccessionNews): void {
    const { own, logger } = this.#options
    if (fork !== undefined) {
      const fields = {
        address: from.toString(),
        holds: fork.holds.toString(),
        refused: fork.refused.toString(),
      }
      logger.warn(fields, 'a key has signed two successors: ask its owner, somebody else may have it')
    }
    if (!moved) return
    if (from.equals(own)) logger.error({ to: to.toString() }, "this node's own key has signed a successor")
    else logger.debug({ from: from.toString(), to: to.toString() }, 'an address has moved')
    this.#options.moved(from, to)
  }

  /** Takes in what leads to this node, and what the last run knew. */
  async load(): Promise<void> {
    const { store, table, ownSuccessions, clock } = this.#options
    for (const frame of ownSuccessions) table.acceptOwn(frame, clock.monotonic())
    if (store === undefined) return
    for (const frame of await store.load()) table.restore(frame, clock.monotonic())
    store.loaded(table.version)
  }

  /** Keeps what has changed. It never rejects. */
  async save(): Promise<void> {
    await this.#options.store?.save(this.#options.table)
  }
}
