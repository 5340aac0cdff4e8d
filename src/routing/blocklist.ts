/**
 * The addresses that a node has nothing to do with: whoever they are, their announces, their messages and
 * messages to them go no further here. A lookup in a frame allocates nothing.
 */
import type { Address } from '../identity/address.ts'
import { AddressIndex } from '../identity/address-index.ts'
import type { Random } from '../runtime/random.ts'
import { DESTINATION_AT, SOURCE_AT } from '../wire/envelope.ts'

/** Most addresses in a list. */
export const MAX_BLOCKED = 65_536

export class Blocklist {
  readonly #random: Random
  #index: AddressIndex

  constructor(random: Random) {
    this.#random = random
    this.#index = new AddressIndex(1, random)
  }

  get size(): number {
    return this.#index.size
  }

  /**
   * Takes this list in place of the one before.
   *
   * @param addresses at most {@link MAX_BLOCKED}; one that is named twice counts once.
   * @returns those that were not blocked before.
   */
  replace(addresses: readonly Address[]): readonly Address[] {
    const before = this.#index
    const index = new AddressIndex(Math.max(1, addresses.length), this.#random)
    const added: Address[] = []
    for (const address of addresses) {
      if (index.find(address.bytes, 0) >= 0) continue
      index.insert(address.bytes, 0)
      if (before.find(address.bytes, 0) < 0) added.push(address)
    }
    this.#index = index
    return added
  }

  has(address: Address): boolean {
    return this.hasAt(address.bytes, 0)
  }

  /** Whether the address that stands in `bytes` at `offset` is blocked. */
  hasAt(bytes: Uint8Array, offset: number): boolean {
    return this.#index.size > 0 && this.#index.find(bytes, offset) >= 0
  }

  /** Whether an envelope is from or to somebody blocked. @param frame has the form of an envelope. */
  hasEnvelope(frame: Uint8Array): boolean {
    if (this.#index.size === 0) return false
    return this.#index.find(frame, SOURCE_AT) >= 0 || this.#index.find(frame, DESTINATION_AT) >= 0
  }
}
