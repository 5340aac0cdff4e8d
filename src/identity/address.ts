/** A node's address: the first 16 bytes of the SHA-256 of its Ed25519 public key. */
import { hash } from 'node:crypto'
import { inspect } from 'node:util'
import { MeshError } from '../runtime/errors.ts'

export const ADDRESS_BYTES = 16

export class Address {
  /** 16 bytes. Not to be changed. */
  readonly bytes: Uint8Array
  #hex: string | undefined

  private constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  /** @throws MeshError ERR_ADDRESS_INVALID unless `text` is 32 hexadecimal digits, in either case. */
  static parse(text: string): Address {
    if (!/^[0-9a-f]{32}$/i.test(text)) {
      const shown = text.length > 48 ? `${text.slice(0, 48)}…` : text
      throw new MeshError('ERR_ADDRESS_INVALID', `'${shown}' is no address: expected 32 hexadecimal digits`)
    }
    return new Address(Uint8Array.from(Buffer.from(text, 'hex')))
  }

  /** Copies the 16 bytes at `offset`. */
  static at(bytes: Uint8Array, offset = 0): Address {
    if (offset < 0 || offset + ADDRESS_BYTES > bytes.length) {
      throw new MeshError('ERR_ADDRESS_INVALID', `an address has ${ADDRESS_BYTES} bytes, fewer are left here`)
    }
    return new Address(bytes.slice(offset, offset + ADDRESS_BYTES))
  }

  /** The address of a 32-byte Ed25519 public key. */
  static ofPublicKey(publicKey: Uint8Array): Address {
    const digest = hash('sha256', publicKey, 'buffer')
    return new Address(Uint8Array.from(digest.subarray(0, ADDRESS_BYTES)))
  }

  equals(other: Address): boolean {
    return this === other || this.isAt(other.bytes, 0)
  }

  /** Whether this address stands in `bytes` at `offset`: the comparison for addresses inside frames. */
  isAt(bytes: Uint8Array, offset: number): boolean {
    for (let i = 0; i < ADDRESS_BYTES; i++) {
      if (this.bytes[i] !== bytes[offset + i]) return false
    }
    return true
  }

  /** Negative, zero or positive, by the bytes from left to right: a total order. */
  compare(other: Address): number {
    return Buffer.compare(this.bytes, other.bytes)
  }

  /** 32 lower-case hexadecimal digits. Also the key to use in a plain Map off the hot path. */
  toString(): string {
    this.#hex ??= Buffer.from(this.bytes).toString('hex')
    return this.#hex
  }

  toJSON(): string {
    return this.toString()
  }

  [inspect.custom](): string {
    return `Address(${this.toString()})`
  }
}
