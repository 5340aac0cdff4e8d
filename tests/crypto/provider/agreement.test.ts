import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { CryptoProvider } from '../../../src/crypto/provider/provider.ts'
import { selectProvider } from '../../../src/crypto/provider/select.ts'

const sodium = selectProvider('sodium')
const noble = selectProvider('noble')

const key = fc.uint8Array({ minLength: 32, maxLength: 32 })
const nonce = fc.uint8Array({ minLength: 12, maxLength: 12 })
const data = fc.uint8Array({ maxLength: 300 })
const runs = { numRuns: 60 }

function same<T>(compute: (provider: CryptoProvider) => T): T {
  const result = compute(sodium)
  assert.deepEqual(compute(noble), result)
  return result
}

test('both providers make the same digests, keys and signatures, and take each other’s', () => {
  fc.assert(
    fc.property(key, data, (seed, message) => {
      same((provider) => provider.sha256(message))
      const publicKey = same((provider) => provider.ed25519PublicKey(seed))
      const signature = same((provider) => provider.ed25519Sign(message, seed, publicKey))
      assert.equal(
        same((provider) => provider.ed25519Verify(signature, message, publicKey)),
        true,
      )
    }),
    runs,
  )
})

test('both providers agree about signatures with arbitrary parts', () => {
  const half = fc.oneof(key, fc.constantFrom(0, 1, 0xec, 0xed, 0xee, 0xff).map(nearTheEdge))
  fc.assert(
    fc.property(half, half, half, data, (r, s, publicKey, message) => {
      same((provider) => provider.ed25519Verify(Buffer.concat([r, s]), message, publicKey))
    }),
    { numRuns: 200 },
  )
})

/** A field element near 0 or near p = 2^255 - 19, where encodings stop being canonical. */
function nearTheEdge(low: number): Uint8Array {
  const bytes = new Uint8Array(32).fill(low > 1 ? 0xff : 0)
  bytes[0] = low
  bytes[31] = low > 1 ? 0x7f : 0
  return bytes
}

test('both providers agree about shared secrets, also for arbitrary public keys', () => {
  fc.assert(
    fc.property(key, key, key, (a, b, any) => {
      const [publicA, publicB] = [a, b].map((secret) => same((provider) => provider.x25519PublicKey(secret)))
      assert.ok(publicA !== undefined && publicB !== undefined)
      const shared = same((provider) => provider.x25519SharedSecret(a, publicB))
      assert.deepEqual(sodium.x25519SharedSecret(b, publicA), shared)
      same((provider) => provider.x25519SharedSecret(a, any))
    }),
    runs,
  )
})

test('both providers seal alike and open what the other sealed', () => {
  fc.assert(
    fc.property(key, nonce, data, data, (secret, number, plaintext, associated) => {
      const sealed = same((provider) => provider.aeadEncrypt(secret, number, plaintext, associated))
      assert.deepEqual(
        same((provider) => provider.aeadDecrypt(secret, number, sealed, associated)),
        plaintext,
      )
    }),
    runs,
  )
})

test('both providers derive the same keys', () => {
  fc.assert(
    fc.property(data, data, data, fc.integer({ min: 1, max: 300 }), (secret, salt, info, length) => {
      same((provider) => provider.hkdfSha256(secret, salt, info, length))
    }),
    runs,
  )
})

test('both providers refuse a wrong length in the same words, which show no secret', () => {
  const secret = new Uint8Array(31).fill(0xa7)
  for (const provider of [sodium, noble]) {
    assert.throws(() => provider.ed25519PublicKey(secret), {
      name: 'MeshError',
      code: 'ERR_USAGE',
      message: 'an Ed25519 seed has 32 bytes, not 31',
    })
    for (const length of [0, -1, 1.5, Number.NaN]) {
      assert.throws(() => provider.hkdfSha256(secret, secret, secret, length), {
        code: 'ERR_USAGE',
        message: `HKDF-SHA256 gives 1 to 8160 bytes, not ${length}`,
      })
    }
  }
})
