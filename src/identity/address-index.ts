/**
 * From an address that stands in some buffer to a small row number, without allocating: the key of every
 * table on the data path. Open addressing with linear probing on typed arrays, at most half full; deletion
 * shifts the followers back, so that no tombstones pile up.
 */
import { MeshError } from '../runtime/errors.ts'
import type { Random } from '../runtime/random.ts'
import { ADDRESS_BYTES, Address } from './address.ts'
import { hashAddress } from './address-hash.ts'

const FIRST_ROWS = 64

export class AddressIndex {
  /** The most rows there can be. */
  readonly capacity: number
  readonly #key0: number
  readonly #key1: number
  /** Two words for each slot: the hash, and the row + 1; 0 marks an empty slot. */
  #slots: Int32Array
  #mask: number
  #rows: Uint8Array
  #rowEnd = 0
  readonly #free: number[] = []

  /** Memory grows by doubling, up to 32 to 48 bytes a row at `capacity` rows. */
  constructor(capacity: number, random: Random) {
    if (!Number.isSafeInteger(capacity) || capacity < 1 || capacity > 2 ** 26) {
      throw new MeshError('ERR_USAGE', `an address index holds 1 to 2^26 rows, not ${capacity}`)
    }
    this.capacity = capacity
    this.#key0 = random.uint32()
    this.#key1 = random.uint32()
    const rows = Math.min(capacity, FIRST_ROWS)
    this.#rows = new Uint8Array(rows * ADDRESS_BYTES)
    this.#slots = new Int32Array(2 * slotsFor(rows))
    this.#mask = slotsFor(rows) - 1
  }

  get size(): number {
    return this.#rowEnd - this.#free.length
  }

  /** One more than the highest row ever given out: the length that columns beside this index need. */
  get rowEnd(): number {
    return this.#rowEnd
  }

  /**
   * The addresses of all rows, 16 bytes each: row r begins at 16 r. A freed row keeps its bytes until it is
   * given out again. Not to be changed, nor kept: an insert may replace it.
   */
  get bytes(): Uint8Array {
    return this.#rows
  }

  /** Memory taken by addresses and slots, bytes. */
  get memory(): number {
    return this.#rows.byteLength + this.#slots.byteLength
  }

  /** The row of the address at `offset`, or -1. */
  find(bytes: Uint8Array, offset: number): number {
    const hash = hashAddress(bytes, offset, this.#key0, this.#key1)
    return (this.#slots[2 * this.#slotOf(bytes, offset, hash) + 1] as number) - 1
  }

  /**
   * The row of the address at `offset`, which is given one if it has none: a freed row if there is one.
   * -1 when all rows are taken.
   *
   * @throws MeshError ERR_ADDRESS_INVALID when fewer than 16 bytes stand there
   */
  insert(bytes: Uint8Array, offset: number): number {
    if (offset < 0 || offset + ADDRESS_BYTES > bytes.length) {
      throw new MeshError('ERR_ADDRESS_INVALID', `an address has ${ADDRESS_BYTES} bytes, fewer are left here`)
    }
    const hash = hashAddress(bytes, offset, this.#key0, this.#key1)
    let slot = this.#slotOf(bytes, offset, hash)
    const known = this.#slots[2 * slot + 1] as number
    if (known !== 0) return known - 1
    if (this.size === this.capacity) return -1
    if (this.#free.length === 0 && this.#rowEnd * ADDRESS_BYTES === this.#rows.length) {
      this.#grow()
      slot = this.#slotOf(bytes, offset, hash)
    }
    const row = this.#free.pop() ?? this.#rowEnd++
    for (let i = 0; i < ADDRESS_BYTES; i++) {
      this.#rows[row * ADDRESS_BYTES + i] = bytes[offset + i] as number
    }
    this.#slots[2 * slot] = hash
    this.#slots[2 * slot + 1] = row + 1
    return row
  }

  /** Takes the address at `offset` out and gives the row it had, or -1. The row will be given out again. */
  remove(bytes: Uint8Array, offset: number): number {
    const hash = hashAddress(bytes, offset, this.#key0, this.#key1)
    const slot = this.#slotOf(bytes, offset, hash)
    const row = (this.#slots[2 * slot + 1] as number) - 1
    if (row < 0) return -1
    this.#closeGap(slot)
    this.#free.push(row)
    return row
  }

  /** A copy of a row's address. */
  addressAt(row: number): Address {
    return Address.at(this.#rows, row * ADDRESS_BYTES)
  }

  /** The slot of the address at `offset`, or the empty slot where its search ends. */
  #slotOf(bytes: Uint8Array, offset: number, hash: number): number {
    const slots = this.#slots
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const taken = slots[2 * slot + 1] as number
      if (taken === 0) return slot
      if (slots[2 * slot] === hash && this.#isAt(taken - 1, bytes, offset)) return slot
    }
  }

  #isAt(row: number, bytes: Uint8Array, offset: number): boolean {
    const start = row * ADDRESS_BYTES
    for (let i = 0; i < ADDRESS_BYTES; i++) {
      if (this.#rows[start + i] !== bytes[offset + i]) return false
    }
    return true
  }

  /** Empties a slot and moves back each follower whose search would now end before it is found. */
  #closeGap(gap: number): void {
    const slots = this.#slots
    const mask = this.#mask
    for (let slot = (gap + 1) & mask; slots[2 * slot + 1] !== 0; slot = (slot + 1) & mask) {
      const home = (slots[2 * slot] as number) & mask
      if (((slot - home) & mask) < ((slot - gap) & mask)) continue
      slots[2 * gap] = slots[2 * slot] as number
      slots[2 * gap + 1] = slots[2 * slot + 1] as number
      gap = slot
    }
    slots[2 * gap + 1] = 0
  }

  #grow(): void {
    const rows = Math.min(2 * this.#rowEnd, this.capacity)
    const bytes = new Uint8Array(rows * ADDRESS_BYTES)
    bytes.set(this.#rows)
    this.#rows = bytes
    const old = this.#slots
    const mask = slotsFor(rows) - 1
    const slots = new Int32Array(2 * (mask + 1))
    for (let from = 0; from < old.length; from += 2) {
      if (old[from + 1] === 0) continue
      let slot = (old[from] as number) & mask
      while (slots[2 * slot + 1] !== 0) slot = (slot + 1) & mask
      slots[2 * slot] = old[from] as number
      slots[2 * slot + 1] = old[from + 1] as number
    }
    this.#slots = slots
    this.#mask = mask
  }
}

/** The power of two from twice to four times `rows`. */
function slotsFor(rows: number): number {
  return 2 ** Math.ceil(Math.log2(2 * rows))
}
