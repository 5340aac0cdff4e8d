import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { selectProvider } from '../../src/crypto/provider/select.ts'
import { changedProvider } from '../../src/sim/changed-crypto.ts'
import { sharedVerification } from '../../src/sim/shared-verification.ts'
import { cryptoProviderCompliance } from '../../src/testing/crypto-compliance.ts'

const real = selectProvider('auto')
const seed = new Uint8Array(32).fill(7)
const publicKey = real.ed25519PublicKey(seed)

cryptoProviderCompliance('shared verification', sharedVerification(real))

/** The real one, and how often it verified. */
function counted() {
  const calls = { verified: 0 }
  const crypto = changedProvider(real, {
    ed25519Verify(signature, message, key) {
      calls.verified += 1
      return real.ed25519Verify(signature, message, key)
    },
  })
  return { crypto: sharedVerification(crypto), calls }
}

test('a signature is worked out once, however many nodes ask', () => {
  const { crypto, calls } = counted()
  const message = new Uint8Array(180).fill(3)
  const signature = crypto.ed25519Sign(message, seed, publicKey)
  for (let node = 0; node < 50; node += 1) {
    assert.equal(crypto.ed25519Verify(signature.slice(), message.slice(), publicKey.slice()), true)
  }
  assert.equal(calls.verified, 1)
})

test('any changed byte is worked out for itself, before and after the answer for the true one is known', () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 600 })
  fc.assert(
    fc.property(bytes, fc.nat(), fc.constantFrom('message', 'signature', 'key'), (message, at, part) => {
      const { crypto } = counted()
      const parts = { message, signature: crypto.ed25519Sign(message, seed, publicKey), key: publicKey }
      const changed = parts[part].slice()
      const place = at % changed.length
      changed[place] = (changed[place] as number) ^ (1 + (at % 255))
      const bad = { ...parts, [part]: changed }
      for (let round = 0; round < 2; round += 1) {
        assert.equal(crypto.ed25519Verify(bad.signature, bad.message, bad.key), false)
        assert.equal(crypto.ed25519Verify(parts.signature, parts.message, parts.key), true)
      }
    }),
  )
})

test('a message that its owner overwrites afterwards does not change the answer', () => {
  const { crypto } = counted()
  const message = new Uint8Array(64).fill(1)
  const signature = crypto.ed25519Sign(message, seed, publicKey)
  assert.equal(crypto.ed25519Verify(signature, message, publicKey), true)
  message.fill(2)
  assert.equal(crypto.ed25519Verify(signature, message, publicKey), false)
  assert.equal(crypto.ed25519Verify(signature, message.fill(1), publicKey), true)
})
