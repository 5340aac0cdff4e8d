/**
 * Every node of a simulated mesh verifies the same announces. The answer depends on nothing but the bytes, so
 * what one node has worked out serves all that come after: real signatures, each verified once. The nodes
 * still ask for every one of them, which is what the oracles and the counts of work look at.
 */
import {
  type CryptoProvider,
  ED25519_KEY_BYTES,
  ED25519_SIGNATURE_BYTES,
} from '../crypto/provider/provider.ts'
import { changedProvider } from './changed-crypto.ts'

/** Answers in each of two generations: about 20 MB of announces in all. */
const GENERATION = 32_768
/** Longer messages, which few nodes see, are verified anew: an answer must not cost much to keep. */
const LONGEST_BYTES = 512

interface Answer {
  readonly message: Uint8Array
  readonly valid: boolean
}

/** The provider with a memory of what it verified. */
export function sharedVerification(real: CryptoProvider): CryptoProvider {
  let young = new Map<string, Answer>()
  let old = new Map<string, Answer>()
  const keyBytes = Buffer.alloc(ED25519_SIGNATURE_BYTES + ED25519_KEY_BYTES)

  const ed25519Verify = (signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean => {
    if (
      message.length > LONGEST_BYTES ||
      signature.length !== ED25519_SIGNATURE_BYTES ||
      publicKey.length !== ED25519_KEY_BYTES
    ) {
      return real.ed25519Verify(signature, message, publicKey)
    }
    keyBytes.set(signature)
    keyBytes.set(publicKey, ED25519_SIGNATURE_BYTES)
    const key = keyBytes.toString('latin1')
    const known = young.get(key) ?? old.get(key)
    if (known && Buffer.compare(known.message, message) === 0) return known.valid
    const valid = real.ed25519Verify(signature, message, publicKey)
    if (young.size >= GENERATION) {
      old = young
      young = new Map()
    }
    young.set(key, { message: message.slice(), valid })
    return valid
  }
  return changedProvider(real, { ed25519Verify })
}
