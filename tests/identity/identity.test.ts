import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { selectProvider } from '../../src/crypto/provider/select.ts'
import { Address } from '../../src/identity/address.ts'
import { Identity } from '../../src/identity/identity.ts'
import { seededRandom } from '../../src/runtime/random.ts'

const SEED = Uint8Array.from({ length: 32 }, (_, i) => 0xa0 + i)

test('a fresh identity is another each time, and repeatable from a seeded generator', () => {
  assert.equal(Identity.generate().address.equals(Identity.generate().address), false)
  const [one, same] = [Identity.generate(seededRandom(1)), Identity.generate(seededRandom(1))]
  assert.deepEqual(one.exportSeed(), same.exportSeed())
})

test('the address follows from the public key', () => {
  const identity = Identity.fromSeed(SEED)
  assert.equal(identity.publicKey.length, 32)
  assert.ok(identity.address.equals(Address.ofPublicKey(identity.publicKey)))
})

test('signatures check out under its public key, with either provider', () => {
  const message = new TextEncoder().encode('hello')
  for (const name of ['sodium', 'noble'] as const) {
    const signature = Identity.fromSeed(SEED, selectProvider(name)).sign(message)
    const { publicKey } = Identity.fromSeed(SEED)
    assert.equal(selectProvider('noble').ed25519Verify(signature, message, publicKey), true)
    assert.equal(selectProvider('sodium').ed25519Verify(signature, message, publicKey), true)
  }
})

test('the peer id is the one that libp2p derives from the same seed', async () => {
  for (let i = 0; i < 5; i++) {
    const identity = Identity.generate(seededRandom(i))
    const key = await generateKeyPairFromSeed('Ed25519', identity.exportSeed())
    assert.equal(identity.peerId, peerIdFromPrivateKey(key).toString())
    assert.match(identity.peerId, /^12D3Koo/)
  }
})

test('a seed of a wrong length is refused, and not shown', () => {
  for (const length of [0, 31, 33, 64]) {
    assert.throws(() => Identity.fromSeed(new Uint8Array(length)), {
      name: 'MeshError',
      code: 'ERR_USAGE',
      message: `an Ed25519 seed has 32 bytes, not ${length}`,
    })
  }
})

test('the seed is copied on the way in and on the way out', () => {
  const seed = Uint8Array.from(SEED)
  const identity = Identity.fromSeed(seed)
  const signature = identity.sign(SEED)
  seed.fill(0)
  identity.exportSeed().fill(0)
  assert.deepEqual(identity.exportSeed(), SEED)
  assert.deepEqual(identity.sign(SEED), signature)
})

test('nothing that shows an identity shows its seed', () => {
  const identity = Identity.fromSeed(SEED)
  const shown = [
    JSON.stringify(identity),
    JSON.stringify({ identity }),
    String(identity),
    inspect(identity),
    inspect({ identity }, { depth: Number.POSITIVE_INFINITY }),
    inspect(identity, { showHidden: true, customInspect: false, depth: 10, maxArrayLength: null }),
    inspect(structuredClone(identity), { depth: 10, maxArrayLength: null }),
  ]
  const hex = Buffer.from(SEED).toString('hex')
  for (const text of shown) {
    assert.equal(text.includes(hex), false)
    assert.doesNotMatch(text, /160,\s*161,\s*162/)
    assert.doesNotMatch(text, /a0 a1 a2/)
  }
  assert.equal(inspect(identity), `Identity(${identity.address})`)
  assert.equal(JSON.stringify(identity), `{"address":"${identity.address}"}`)
})
