import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { defaultProvider } from '../../../../src/crypto/provider/select.ts'
import { Address } from '../../../../src/identity/address.ts'
import {
  type Introduction,
  MAX_NEIGHBOURS,
  Roster,
  shortId,
} from '../../../../src/transport/lora/link/roster.ts'
import { announceBy, identityOf, messageBy, T0 } from '../../../support/frames.ts'

const NOW_MS = T0 * 1000
const crypto = defaultProvider()
const [alice, bob] = [identityOf('alice'), identityOf('bob')]
const idOf = (name: string, alias = 0): number => shortId(identityOf(name).address, alias, crypto)

const rosterOf = (who = alice): Roster => new Roster(who.address, crypto)

function meet(
  roster: Roster,
  name: string,
  { id = idOf(name), now = 0, isReplay = false } = {},
): Introduction {
  return roster.introduce(id, announceBy(identityOf(name)), now, NOW_MS, isReplay)
}

describe('ids', () => {
  it('are the first two bytes of the address, or of the hash of it with a number', () => {
    const address = Address.at(Uint8Array.from({ length: 16 }, (_, i) => i + 1))
    assert.equal(shortId(address, 0, crypto), 0x0102)
    const hash = crypto.sha256(Uint8Array.of(...address.bytes, 1))
    assert.equal(shortId(address, 1, crypto), ((hash[0] as number) << 8) | (hash[1] as number))
    assert.equal(new Set([0, 1, 2, 3].map((alias) => shortId(address, alias, crypto))).size, 4)
  })

  it('are never the one that stands for everybody', () => {
    assert.equal(shortId(Address.at(new Uint8Array(16).fill(0xff)), 0, crypto), 0)
  })

  it('change to the next of four, and come round', () => {
    const roster = rosterOf()
    const ids = [0, 1, 2, 3, 4].map(() => {
      const { id } = roster
      roster.changeId()
      return id
    })
    assert.deepEqual(
      ids,
      [0, 1, 2, 3, 0].map((alias) => idOf('alice', alias)),
    )
  })
})

describe('who is in reach', () => {
  it('shows when it announces itself under one of its ids', () => {
    for (const alias of [0, 1, 2, 3]) {
      const roster = rosterOf()
      const met = meet(roster, 'bob', { id: idOf('bob', alias) })
      assert.equal(met.what, 'new')
      assert.ok(roster.of(idOf('bob', alias))?.address.equals(bob.address))
      assert.equal(meet(roster, 'bob', { id: idOf('bob', alias) }).what, 'known')
      assert.equal(roster.size, 1)
    }
  })

  it('does not show by what others forward, by what has run out, by a wrong id or signature, or by itself', () => {
    const roster = rosterOf()
    const introduce = (frame: Uint8Array, id = idOf('bob')): string =>
      roster.introduce(id, frame, 0, NOW_MS, false).what
    const forwarded = announceBy(bob)
    forwarded[forwarded.length - 3] = 1
    const forged = announceBy(bob)
    forged[20] = (forged[20] as number) ^ 1
    const unsigned = announceBy(bob)
    unsigned[60] = (unsigned[60] as number) ^ 1
    const late = announceBy(bob, { created: T0 - 100, lifetime: 100 })
    for (const frame of [forwarded, forged, unsigned, late, messageBy(bob, alice), new Uint8Array(0)]) {
      assert.equal(introduce(frame), 'refused')
    }
    assert.equal(introduce(announceBy(bob), idOf('bob') ^ 1), 'refused')
    assert.equal(introduce(announceBy(alice), idOf('alice')), 'refused')
    assert.equal(roster.size, 0)
  })

  it('is the same neighbour under another id', () => {
    const roster = rosterOf()
    const met = meet(roster, 'bob')
    assert.ok('neighbour' in met)
    const again = meet(roster, 'bob', { id: idOf('bob', 2) })
    assert.deepEqual(again, { what: 'known', neighbour: met.neighbour })
    assert.deepEqual([roster.size, roster.of(idOf('bob')), met.neighbour.id], [1, undefined, idOf('bob', 2)])
  })

  it('does not move nor appear by a packet that may be an old one', () => {
    const roster = rosterOf()
    assert.equal(meet(roster, 'bob', { isReplay: true }).what, 'refused')
    meet(roster, 'bob', { id: idOf('bob', 1) })
    assert.equal(meet(roster, 'bob', { isReplay: true }).what, 'refused')
    assert.equal(roster.of(idOf('bob', 1))?.id, idOf('bob', 1))
  })

  it("clashes where two go by one id, be it this node's own", () => {
    // Names that were looked for: their addresses begin alike.
    const [one, other] = namesakes()
    const roster = rosterOf()
    assert.equal(meet(roster, one).what, 'new')
    assert.equal(meet(roster, other).what, 'clash')
    assert.equal(meet(roster, other, { isReplay: true }).what, 'clash')
    assert.ok(roster.of(idOf(one))?.address.equals(identityOf(one).address))
    assert.equal(meet(rosterOf(identityOf(one)), other).what, 'clash')
  })

  it('is at most 64 neighbours, until one of them goes', () => {
    const roster = rosterOf()
    for (let n = 0; n < MAX_NEIGHBOURS; n++)
      assert.equal(meet(roster, `n${n}`, { now: 1000 - n }).what, 'new')
    assert.equal(meet(roster, 'one more').what, 'refused')
    const [first] = roster.all
    assert.ok(first)
    roster.remove(first, false, 0)
    assert.equal(meet(roster, 'one more').what, 'new')
  })

  it('is left alone for 5 minutes when it hears nothing, for twice as long each time, for an hour at most', () => {
    const roster = rosterOf()
    let now = 0
    for (const minutes of [5, 10, 20, 40, 60, 60]) {
      const met = meet(roster, 'bob', { now })
      assert.ok('neighbour' in met)
      roster.remove(met.neighbour, true, now)
      now += minutes * 60_000
      assert.equal(meet(roster, 'bob', { now: now - 1 }).what, 'refused', `${minutes} minutes`)
    }
    const met = meet(roster, 'bob', { now })
    assert.ok('neighbour' in met)
    roster.forgive(met.neighbour)
    roster.remove(met.neighbour, true, now)
    assert.equal(meet(roster, 'bob', { now: now + 300_000 }).what, 'new')
  })

  it('comes back at once when it had answered before', () => {
    const roster = rosterOf()
    const met = meet(roster, 'bob')
    assert.ok('neighbour' in met)
    roster.remove(met.neighbour, false, 0)
    assert.deepEqual([roster.size, roster.of(idOf('bob'))], [0, undefined])
    assert.equal(meet(roster, 'bob').what, 'new')
  })
})

function namesakes(): [string, string] {
  const seen = new Map<number, string>()
  for (let n = 0; ; n++) {
    const name = `namesake ${n}`
    const id = idOf(name)
    const other = seen.get(id)
    if (other !== undefined) return [other, name]
    seen.set(id, name)
  }
}
