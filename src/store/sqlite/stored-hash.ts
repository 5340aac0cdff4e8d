/**
 * A 48-bit hash of an address under a secret key: what the columns, indexes and tables of the store hold in
 * place of the 16 bytes. The key keeps a sender from choosing addresses that fall together.
 *
 * Key and hashes lie in the database: another function is another schema version.
 */
import type { Address } from '../../identity/address.ts'
import { hashAddress } from '../../identity/address-hash.ts'

export const HASH_KEY_BYTES = 16

export class StoredHash {
  readonly #key: DataView

  /** @param key 16 secret random bytes. */
  constructor(key: Uint8Array) {
    this.#key = new DataView(Uint8Array.from(key).buffer)
  }

  of({ bytes }: Address): number {
    const high = hashAddress(bytes, 0, this.#key.getInt32(0), this.#key.getInt32(4)) & 0xffff
    const low = hashAddress(bytes, 0, this.#key.getInt32(8), this.#key.getInt32(12)) >>> 0
    return high * 2 ** 32 + low
  }
}
