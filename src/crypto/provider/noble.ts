/**
 * The @noble packages: plain JavaScript, for machines where the native addon has no build, and the
 * cross-check of that addon in the tests. A signature check costs 27 times as much as with libsodium.
 */
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

type Curves = typeof import('@noble/curves/ed25519.js')
type Chacha = typeof import('@noble/ciphers/chacha.js')
type Sha2 = typeof import('@noble/hashes/sha2.js')
type Hkdf = typeof import('@noble/hashes/hkdf.js')

/** Loads the packages at the first call: a node that runs on libsodium never pays for them. */
export function nobleProvider(): CryptoProvider {
  const load = createRequire(import.meta.url)
  const { ed25519, x25519 } = load('@noble/curves/ed25519.js') as Curves
  const { chacha20poly1305 } = load('@noble/ciphers/chacha.js') as Chacha
  const { sha256, sha512 } = load('@noble/hashes/sha2.js') as Sha2
  const { hkdf } = load('@noble/hashes/hkdf.js') as Hkdf
  const { Point } = ed25519

  /**
   * The check of RFC 8032, section 5.1.7, without the cofactor: what libsodium does. noble's own verify
   * multiplies by the cofactor and so accepts signatures that libsodium refuses; two nodes of one mesh must
   * not differ over that.
   */
  function verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
    const r = signature.subarray(0, 32)
    const s = numberOf(signature.subarray(32))
    if (s >= Point.Fn.ORDER) return false
    const key = decodePoint(publicKey)
    if (key === undefined || key.isSmallOrder()) return false
    const k = numberOf(sha512.create().update(r).update(publicKey).update(message).digest()) % Point.Fn.ORDER
    const expected = Point.BASE.multiplyUnsafe(s).subtract(key.multiplyUnsafe(k))
    return !expected.isSmallOrder() && Buffer.compare(expected.toBytes(), r) === 0
  }

  function decodePoint(bytes: Uint8Array): InstanceType<typeof Point> | undefined {
    try {
      return Point.fromBytes(bytes)
    } catch {
      return undefined
    }
  }

  return {
    name: 'noble',

    sha256: (data) => sha256(data),

    ed25519PublicKey(seed) {
      requireLength('an Ed25519 seed', seed, ED25519_SEED_BYTES)
      return ed25519.getPublicKey(seed)
    },

    ed25519Sign(message, seed, publicKey) {
      requireLength('an Ed25519 seed', seed, ED25519_SEED_BYTES)
      requireLength('an Ed25519 public key', publicKey, ED25519_KEY_BYTES)
      return ed25519.sign(message, seed)
    },

    ed25519Verify(signature, message, publicKey) {
      requireLength('an Ed25519 signature', signature, ED25519_SIGNATURE_BYTES)
      requireLength('an Ed25519 public key', publicKey, ED25519_KEY_BYTES)
      return verify(signature, message, publicKey)
    },

    x25519PublicKey(secret) {
      requireLength('an X25519 secret', secret, X25519_KEY_BYTES)
      return x25519.getPublicKey(secret)
    },

    x25519SharedSecret(secret, publicKey) {
      requireLength('an X25519 secret', secret, X25519_KEY_BYTES)
      requireLength('an X25519 public key', publicKey, X25519_KEY_BYTES)
      try {
        return x25519.getSharedSecret(secret, publicKey)
      } catch {
        return undefined // with the lengths right, an all-zero result is the one failure there is
      }
    },

    aeadEncrypt(key, nonce, plaintext, associatedData) {
      requireLength('an AEAD key', key, AEAD_KEY_BYTES)
      requireLength('an AEAD nonce', nonce, AEAD_NONCE_BYTES)
      return chacha20poly1305(key, nonce, associatedData).encrypt(plaintext)
    },

    aeadDecrypt(key, nonce, ciphertext, associatedData) {
      requireLength('an AEAD key', key, AEAD_KEY_BYTES)
      requireLength('an AEAD nonce', nonce, AEAD_NONCE_BYTES)
      if (ciphertext.length < AEAD_TAG_BYTES) return undefined
      try {
        return chacha20poly1305(key, nonce, associatedData).decrypt(ciphertext)
      } catch {
        return undefined // with the lengths right, a tag that does not match is the one failure there is
      }
    },

    hkdfSha256(secret, salt, info, length) {
      requireHkdfLength(length)
      return hkdf(sha256, secret, salt, info, length)
    },
  }
}

function numberOf(littleEndian: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(littleEndian).reverse().toString('hex')}`)
}
