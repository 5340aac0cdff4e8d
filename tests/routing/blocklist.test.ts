import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Address } from '../../src/identity/address.ts'
import { Blocklist } from '../../src/routing/blocklist.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { identityOf, messageBy } from '../support/frames.ts'

const alice = identityOf('alice')
const bob = identityOf('bob')
const carol = identityOf('carol')

function listOf(...addresses: Address[]): Blocklist {
  const list = new Blocklist(seededRandom('blocklist'))
  list.replace(addresses)
  return list
}

describe('a blocklist', () => {
  it('blocks nobody while it is empty', () => {
    assert.equal(listOf().size, 0)
    assert.equal(listOf().has(alice.address), false)
    assert.equal(listOf().hasEnvelope(messageBy(alice, bob)), false)
  })

  it('finds an address in a frame, as its source or its destination', () => {
    const frame = messageBy(alice, bob)
    assert.equal(listOf(alice.address).hasEnvelope(frame), true)
    assert.equal(listOf(bob.address).hasEnvelope(frame), true)
    assert.equal(listOf(carol.address).hasEnvelope(frame), false)
    assert.equal(listOf(alice.address).hasAt(frame, 18), true)
    assert.equal(listOf(alice.address).hasAt(frame, 2), false)
  })

  it('is replaced as a whole, and tells whom it did not block before', () => {
    const list = listOf(alice.address, bob.address)
    const added = list.replace([bob.address, carol.address, carol.address])
    assert.deepEqual(added.map(String), [carol.address.toString()])
    assert.deepEqual(
      [alice, bob, carol].map(({ address }) => list.has(address)),
      [false, true, true],
    )
    assert.equal(list.size, 2)
    assert.deepEqual(list.replace([]), [])
    assert.equal(list.has(bob.address), false)
  })

  it('blocks exactly those of the last list', () => {
    const address = fc
      .integer({ min: 0, max: 300 })
      .map((n) => Address.at(new Uint8Array(16).fill(n, 0, 1).fill(n >> 4, 1)))
    fc.assert(
      fc.property(
        fc.array(fc.array(address, { maxLength: 200 }), { maxLength: 5 }),
        address,
        (lists, probe) => {
          const list = new Blocklist(seededRandom('model'))
          let held = new Set<string>()
          for (const addresses of lists) {
            const wanted = new Set(addresses.map(String))
            const added = list.replace(addresses)
            assert.deepEqual(new Set(added.map(String)), new Set([...wanted].filter((one) => !held.has(one))))
            held = wanted
          }
          assert.equal(list.size, held.size)
          assert.equal(list.has(probe), held.has(probe.toString()))
        },
      ),
    )
  })
})
