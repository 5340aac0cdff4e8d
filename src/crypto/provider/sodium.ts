/**
 * libsodium through the native addon sodium-native, with SHA-256 and HKDF from node:crypto: the provider
 * for production. Signatures are checked in place, without a copy of key, message or signature.
 */
import { hash, hkdfSync } from 'node:crypto'
import { createRequire } from 'node:module'
import { requireHkdfLength, requireLength } from './lengths.ts'
import {
  AEAD_KEY_BYTES,
  AEAD_NONCE_BYTES,
  AEAD_TAG_BYTES,
  type CryptoProvider,
  ED25519_KEY_BYTES,
  ED25519_SEED_BYTES,
  ED25519_SIGNATURE_BYTES,
  X25519_KEY_BYTES,
} from './provider.ts'

/** What is used of sodium-native, which ships no types. Outputs come first; a failure throws. */
interface Sodium {
  crypto_sign_seed_keypair(publicKey: Uint8Array, secretKey: Uint8Array, seed: Uint8Array): void
  crypto_sign_detached(signature: Uint8Array, message: Uint8Array, secretKey: Uint8Array): void
  crypto_sign_verify_detached(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean
  crypto_scalarmult_base(publicKey: Uint8Array, secret: Uint8Array): void
  crypto_scalarmult(shared: Uint8Array, secret: Uint8Array, publicKey: Uint8Array): void
  crypto_aead_chacha20poly1305_ietf_encrypt(
    ciphertext: Uint8Array,
    plaintext: Uint8Array,
    associatedData: Uint8Array,
    unused: null,
    nonce: Uint8Array,
    key: Uint8Array,
  ): number
  crypto_aead_chacha20poly1305_ietf_decrypt(
    plaintext: Uint8Array,
    unused: null,
    ciphertext: Uint8Array,
    associatedData: Uint8Array,
    nonce: Uint8Array,
    key: Uint8Array,
  ): number
}

/** The provider, or undefined where the addon has no build for this machine. */
export function sodiumProvider(): CryptoProvider | undefined {
  try {
    return new SodiumProvider(createRequire(import.meta.url)('sodium-native') as Sodium)
  } catch {
    return undefined
  }
}

class SodiumProvider implements CryptoProvider {
  readonly name = 'sodium'
  readonly #sodium: Sodium
  /** Where a secret key stands while a call needs it; zeroed after each. */
  readonly #secretKey = new Uint8Array(ED25519_SEED_BYTES + ED25519_KEY_BYTES)

  constructor(sodium: Sodium) {
    this.#sodium = sodium
  }

  sha256(data: Uint8Array): Uint8Array {
    // A plain Uint8Array: the slice() of a Buffer would be a view, which no caller of this seam expects.
    return new Uint8Array(hash('sha256', data, 'buffer'))
  }

  ed25519PublicKey(seed: Uint8Array): Uint8Array {
    requireLength('an Ed25519 seed', seed, ED25519_SEED_BYTES)
    const publicKey = new Uint8Array(ED25519_KEY_BYTES)
    this.#sodium.crypto_sign_seed_keypair(publicKey, this.#secretKey, seed)
    this.#secretKey.fill(0)
    return publicKey
  }

  ed25519Sign(message: Uint8Array, seed: Uint8Array, publicKey: Uint8Array): Uint8Array {
    requireLength('an Ed25519 seed', seed, ED25519_SEED_BYTES)
    requireLength('an Ed25519 public key', publicKey, ED25519_KEY_BYTES)
    const signature = new Uint8Array(ED25519_SIGNATURE_BYTES)
    // libsodium's secret key is the seed followed by the public key: nothing has to be derived again.
    this.#secretKey.set(seed)
    this.#secretKey.set(publicKey, ED25519_SEED_BYTES)
    this.#sodium.crypto_sign_detached(signature, message, this.#secretKey)
    this.#secretKey.fill(0)
    return signature
  }

  ed25519Verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
    requireLength('an Ed25519 signature', signature, ED25519_SIGNATURE_BYTES)
    requireLength('an Ed25519 public key', publicKey, ED25519_KEY_BYTES)
    return this.#sodium.crypto_sign_verify_detached(signature, message, publicKey)
  }

  x25519PublicKey(secret: Uint8Array): Uint8Array {
    requireLength('an X25519 secret', secret, X25519_KEY_BYTES)
    const publicKey = new Uint8Array(X25519_KEY_BYTES)
    this.#sodium.crypto_scalarmult_base(publicKey, secret)
    return publicKey
  }

  x25519SharedSecret(secret: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined {
    requireLength('an X25519 secret', secret, X25519_KEY_BYTES)
    requireLength('an X25519 public key', publicKey, X25519_KEY_BYTES)
    const shared = new Uint8Array(X25519_KEY_BYTES)
    try {
      this.#sodium.crypto_scalarmult(shared, secret, publicKey)
    } catch {
      return undefined // with the lengths right, an all-zero result is the one failure there is
    }
    return shared
  }

  aeadEncrypt(
    key: Uint8Array,
    nonce: Uint8Array,
    plaintext: Uint8Array,
    associatedData: Uint8Array,
  ): Uint8Array {
    requireLength('an AEAD key', key, AEAD_KEY_BYTES)
    requireLength('an AEAD nonce', nonce, AEAD_NONCE_BYTES)
    const ciphertext = new Uint8Array(plaintext.length + AEAD_TAG_BYTES)
    this.#sodium.crypto_aead_chacha20poly1305_ietf_encrypt(
      ciphertext,
      plaintext,
      associatedData,
      null,
      nonce,
      key,
    )
    return ciphertext
  }

  aeadDecrypt(
    key: Uint8Array,
    nonce: Uint8Array,
    ciphertext: Uint8Array,
    associatedData: Uint8Array,
  ): Uint8Array | undefined {
    requireLength('an AEAD key', key, AEAD_KEY_BYTES)
    requireLength('an AEAD nonce', nonce, AEAD_NONCE_BYTES)
    if (ciphertext.length < AEAD_TAG_BYTES) return undefined
    const plaintext = new Uint8Array(ciphertext.length - AEAD_TAG_BYTES)
    try {
      this.#sodium.crypto_aead_chacha20poly1305_ietf_decrypt(
        plaintext,
        null,
        ciphertext,
        associatedData,
        nonce,
        key,
      )
    } catch {
      return undefined // with the lengths right, a tag that does not match is the one failure there is
    }
    return plaintext
  }

  hkdfSha256(secret: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array {
    requireHkdfLength(length)
    return new Uint8Array(hkdfSync('sha256', secret, salt, info, length))
  }
}
