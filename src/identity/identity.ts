/** Who a node is: an Ed25519 key pair and what follows from it. */
import { inspect } from 'node:util'
import { type CryptoProvider, ED25519_SEED_BYTES } from '../crypto/provider/provider.ts'
import { defaultProvider } from '../crypto/provider/select.ts'
import { MeshError } from '../runtime/errors.ts'
import { type Random, systemRandom } from '../runtime/random.ts'
import { Address } from './address.ts'
import { readKeyFile, writeKeyFile } from './key-file.ts'
import { peerIdOf } from './peer-id.ts'

export class Identity {
  readonly publicKey: Uint8Array
  readonly address: Address
  readonly #seed: Uint8Array
  readonly #crypto: CryptoProvider

  private constructor(seed: Uint8Array, crypto: CryptoProvider) {
    this.#seed = seed
    this.#crypto = crypto
    this.publicKey = crypto.ed25519PublicKey(seed)
    this.address = Address.ofPublicKey(this.publicKey)
  }

  /** A new key. Give a seeded `random` in simulations only. */
  static generate(random: Random = systemRandom, crypto: CryptoProvider = defaultProvider()): Identity {
    return new Identity(random.bytes(ED25519_SEED_BYTES), crypto)
  }

  /** The identity of a 32-byte Ed25519 seed (RFC 8032). The seed is copied. */
  static fromSeed(seed: Uint8Array, crypto: CryptoProvider = defaultProvider()): Identity {
    if (seed.length !== ED25519_SEED_BYTES) {
      throw new MeshError('ERR_USAGE', `an Ed25519 seed has ${ED25519_SEED_BYTES} bytes, not ${seed.length}`)
    }
    return new Identity(Uint8Array.from(seed), crypto)
  }

  /**
   * Reads a key file.
   *
   * @throws MeshError ERR_IDENTITY_FILE that names the file and the fix: missing, readable by others, or
   *   not a key file.
   */
  static async load(file: string, crypto: CryptoProvider = defaultProvider()): Promise<Identity> {
    return new Identity(await readKeyFile(file), crypto)
  }

  /** Writes the key file, mode 0600, whole or not at all. Refuses to overwrite: ERR_IDENTITY_FILE. */
  async save(file: string): Promise<void> {
    await writeKeyFile(file, this.#seed)
  }

  /** A 64-byte Ed25519 signature. */
  sign(message: Uint8Array): Uint8Array {
    return this.#crypto.ed25519Sign(message, this.#seed, this.publicKey)
  }

  /** The same key as a libp2p peer id, in its usual text form (`12D3Koo…`). */
  get peerId(): string {
    return peerIdOf(this.publicKey)
  }

  /** A copy of the secret seed, for what must hold the key itself. Never log it. */
  exportSeed(): Uint8Array {
    return Uint8Array.from(this.#seed)
  }

  toJSON(): { address: string } {
    return { address: this.address.toString() }
  }

  [inspect.custom](): string {
    return `Identity(${this.address.toString()})`
  }
}
