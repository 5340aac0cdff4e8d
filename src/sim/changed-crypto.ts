import type { CryptoProvider } from '../crypto/provider/provider.ts'

/** A provider that does what `real` does, but for the calls that `changes` names. */
export function changedProvider(real: CryptoProvider, changes: Partial<CryptoProvider>): CryptoProvider {
  return {
    name: real.name,
    sha256: (data) => real.sha256(data),
    ed25519PublicKey: (seed) => real.ed25519PublicKey(seed),
    ed25519Sign: (message, seed, publicKey) => real.ed25519Sign(message, seed, publicKey),
    ed25519Verify: (signature, message, publicKey) => real.ed25519Verify(signature, message, publicKey),
    x25519PublicKey: (secret) => real.x25519PublicKey(secret),
    x25519SharedSecret: (secret, publicKey) => real.x25519SharedSecret(secret, publicKey),
    aeadEncrypt: (key, nonce, plaintext, data) => real.aeadEncrypt(key, nonce, plaintext, data),
    aeadDecrypt: (key, nonce, ciphertext, data) => real.aeadDecrypt(key, nonce, ciphertext, data),
    hkdfSha256: (secret, salt, info, length) => real.hkdfSha256(secret, salt, info, length),
    ...changes,
  }
}
