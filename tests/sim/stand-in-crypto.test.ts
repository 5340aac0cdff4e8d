import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Identity } from '../../src/identity/identity.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { standInProvider } from '../../src/sim/stand-in-crypto.ts'

const crypto = standInProvider()
const bytes = fc.uint8Array({ maxLength: 300 })
const seed = fc.uint8Array({ minLength: 32, maxLength: 32 })

describe('the stand-in for signatures', () => {
  it('accepts what its key has signed, and nothing that differs from it in a bit', () => {
    fc.assert(
      fc.property(seed, bytes, fc.nat(), fc.nat(7), (secret, message, place, bit) => {
        const key = crypto.ed25519PublicKey(secret)
        const signature = crypto.ed25519Sign(message, secret, key)
        assert.equal(signature.length, 64)
        assert.ok(crypto.ed25519Verify(signature, message, key))
        for (const part of [signature, message, key]) {
          if (part.length === 0) continue
          const at = place % part.length
          part[at] = (part[at] as number) ^ (1 << bit)
          assert.ok(!crypto.ed25519Verify(signature, message, key))
          part[at] = (part[at] as number) ^ (1 << bit)
        }
        assert.ok(!crypto.ed25519Verify(signature, Uint8Array.of(...message, 0), key))
      }),
    )
  })

  it('gives every seed another key, and is the real thing but for signatures', () => {
    const random = seededRandom('stand-in')
    const keys = new Set(
      Array.from({ length: 100 }, () => Identity.generate(random, crypto).address.toString()),
    )
    assert.equal(keys.size, 100)
    assert.equal(
      Buffer.from(crypto.sha256(Buffer.from('abc'))).toString('hex'),
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    )
  })
})
