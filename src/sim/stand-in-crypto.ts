/**
 * Signatures for simulations of thousands of nodes: a hash of the public key and the message, a hundred times
 * cheaper than Ed25519. It finds every changed byte, so damage and forgeries by those who do not know the
 * trick are refused as usual; it keeps nothing secret. Reports say where it was used.
 */
import {
  type CryptoProvider,
  ED25519_KEY_BYTES,
  ED25519_SIGNATURE_BYTES,
} from '../crypto/provider/provider.ts'
import { defaultProvider } from '../crypto/provider/select.ts'
import { changedProvider } from './changed-crypto.ts'
import { WordHash } from './word-hash.ts'

const hash = new WordHash()

/** Everything but the signatures is that of the default provider. */
export function standInProvider(): CryptoProvider {
  const real = defaultProvider()
  return changedProvider(real, {
    name: 'stand-in',
    ed25519PublicKey: (seed) => real.sha256(Uint8Array.of(0x73, ...seed)),
    ed25519Sign(message, _seed, publicKey) {
      const signature = new Uint8Array(ED25519_SIGNATURE_BYTES)
      digest(message, publicKey)
      for (let at = 0; at < ED25519_SIGNATURE_BYTES; at += 4) {
        const word = hash.next()
        signature[at] = word >>> 24
        signature[at + 1] = word >>> 16
        signature[at + 2] = word >>> 8
        signature[at + 3] = word
      }
      return signature
    },
    ed25519Verify(signature, message, publicKey) {
      if (signature.length !== ED25519_SIGNATURE_BYTES || publicKey.length !== ED25519_KEY_BYTES) return false
      digest(message, publicKey)
      let difference = 0
      for (let at = 0; at < ED25519_SIGNATURE_BYTES; at += 4) {
        const given =
          ((signature[at] as number) << 24) |
          ((signature[at + 1] as number) << 16) |
          ((signature[at + 2] as number) << 8) |
          (signature[at + 3] as number)
        difference |= given ^ hash.next()
      }
      return difference === 0
    },
  })
}

function digest(message: Uint8Array, publicKey: Uint8Array): void {
  hash.reset()
  hash.bytes(publicKey)
  hash.bytes(message)
}
