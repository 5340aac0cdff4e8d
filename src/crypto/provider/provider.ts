/**
 * The CryptoProvider seam: the primitives everything else is built from. It stands below `identity/`, since
 * a key can do nothing without it. Every implementation passes `cryptoProviderCompliance` of
 * `hopwire/testing`, which holds it to the RFCs' vectors.
 *
 * All calls are synchronous and pure, but for the fresh randomness a caller passes in. A key, nonce or
 * signature of a wrong length is a defect of the caller and throws; a signature or ciphertext that does not
 * check out is a normal answer: `false` or `undefined`.
 */
export interface CryptoProvider {
  /** Shown in the logs and as a label of `hopwire_build_info`, since the speed differs by a factor of 27. */
  readonly name: string

  /** SHA-256, 32 bytes. */
  sha256(data: Uint8Array): Uint8Array

  /** The Ed25519 public key (32 bytes) of a 32-byte seed. RFC 8032, section 5.1.5. */
  ed25519PublicKey(seed: Uint8Array): Uint8Array
  /**
   * A 64-byte signature. RFC 8032, section 5.1.6. `publicKey` must be that of the seed: signing with a foreign
   * one can give the secret away.
   */
  ed25519Sign(message: Uint8Array, seed: Uint8Array, publicKey: Uint8Array): Uint8Array
  /** RFC 8032, section 5.1.7. Non-canonical encodings and keys of small order are refused. */
  ed25519Verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean

  /** The X25519 public key (32 bytes) of a 32-byte secret. RFC 7748, section 6.1. */
  x25519PublicKey(secret: Uint8Array): Uint8Array
  /** The 32-byte shared secret, or undefined where it would be all zeros. RFC 7748, section 6.1. */
  x25519SharedSecret(secret: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined

  /** ChaCha20-Poly1305: ciphertext followed by the 16-byte tag. Key 32, nonce 12 bytes. RFC 8439. */
  aeadEncrypt(
    key: Uint8Array,
    nonce: Uint8Array,
    plaintext: Uint8Array,
    associatedData: Uint8Array,
  ): Uint8Array
  /** The plaintext, or undefined where the tag does not match. */
  aeadDecrypt(
    key: Uint8Array,
    nonce: Uint8Array,
    ciphertext: Uint8Array,
    associatedData: Uint8Array,
  ): Uint8Array | undefined

  /** HKDF with SHA-256: `length` bytes. RFC 5869. */
  hkdfSha256(secret: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array
}

export const ED25519_KEY_BYTES = 32
export const ED25519_SEED_BYTES = 32
export const ED25519_SIGNATURE_BYTES = 64
export const X25519_KEY_BYTES = 32
export const AEAD_KEY_BYTES = 32
export const AEAD_NONCE_BYTES = 12
export const AEAD_TAG_BYTES = 16
