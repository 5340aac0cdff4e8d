import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Address } from '../../src/identity/address.ts'
import type { Identity } from '../../src/identity/identity.ts'
import { NodeCounters } from '../../src/node/counters.ts'
import { FormerAddresses } from '../../src/node/former-addresses.ts'
import type { FormerKey } from '../../src/node/key-rotation.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { VirtualClock } from '../../src/sim/clock.ts'
import { AnnounceView } from '../../src/wire/announce.ts'
import { encodeSuccession } from '../../src/wire/succession.ts'
import { identityOf, T0 } from '../support/frames.ts'

const DAY_S = 86_400
const [oldest, older, present] = ['oldest', 'older', 'present'].map(identityOf) as [
  Identity,
  Identity,
  Identity,
]

function former(identity: Identity, next: Identity, created: number): FormerKey {
  const keys = { created, oldKey: identity.publicKey, newKey: next.publicKey }
  const succession = encodeSuccession(
    keys,
    (part) => identity.sign(part),
    (part) => next.sign(part),
  )
  return { identity, succession }
}

const keys = [former(oldest, older, T0 - 40 * DAY_S), former(older, present, T0 - 10 * DAY_S)]

function addressesAt(nowS: number): { addresses: FormerAddresses; clock: VirtualClock } {
  const clock = new VirtualClock(nowS * 1000)
  const addresses = new FormerAddresses({
    keys,
    toldForS: 30 * DAY_S,
    speech: {
      clock,
      random: seededRandom('originator'),
      counters: new NodeCounters(),
      announceLifetimeS: 1800,
    },
  })
  return { addresses, clock }
}

describe('former addresses', () => {
  it('are those whose time is not over', () => {
    const { addresses } = addressesAt(T0)
    assert.deepEqual(addresses.addresses.map(String), [older.address.toString()])
    assert.deepEqual(addresses.successions(), [keys[1]?.succession])
    assert.deepEqual(addressesAt(T0 + 20 * DAY_S).addresses.addresses, [])
    assert.equal(addressesAt(T0 - 20 * DAY_S).addresses.addresses.length, 2)
  })

  it('are announced in their own name, until their time is over', () => {
    const { addresses, clock } = addressesAt(T0)
    const [announce, ...more] = addresses.makeAnnounces()
    assert.ok(announce)
    assert.deepEqual(more, [])
    const view = new AnnounceView(announce)
    assert.ok(Address.ofPublicKey(view.publicKey).equals(older.address))
    assert.equal(view.capabilities, 0)
    assert.deepEqual([view.hops, view.metric], [1, 1], 'as if from behind the node')
    clock.advance(20 * DAY_S * 1000)
    assert.deepEqual(addresses.makeAnnounces(), [])
    assert.deepEqual(addresses.successions(), [])
  })

  it('have somebody who speaks for them', () => {
    const { addresses } = addressesAt(T0)
    assert.ok(addresses.originatorOf(older.address))
    assert.equal(addresses.originatorOf(oldest.address), undefined)
    assert.equal(addresses.originatorOf(present.address), undefined)
  })
})
