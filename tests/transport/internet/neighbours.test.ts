import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Address } from '../../../src/identity/address.ts'
import { VirtualClock } from '../../../src/sim/clock.ts'
import { SIMULTANEOUS_DIAL_MS } from '../../../src/transport/internet/limits.ts'
import { Neighbours } from '../../../src/transport/internet/neighbours.ts'
import type { StreamLink } from '../../../src/transport/internet/stream-link.ts'

const SMALL = Address.parse('1'.repeat(32))
const LARGE = Address.parse('2'.repeat(32))
const OTHER = Address.parse('3'.repeat(32))

function bench(own: Address, maxLinks = 10) {
  const clock = new VirtualClock()
  const neighbours = new Neighbours(own, clock, maxLinks)
  const link = (neighbour: Address, direction: 'inbound' | 'outbound') =>
    ({ neighbour, direction, upSince: clock.monotonic() }) as StreamLink
  return { clock, neighbours, link }
}

describe('which of two links stays', () => {
  it('is the one the smaller address dials, while both are being made', async () => {
    for (const [own, other, expected] of [
      [SMALL, LARGE, 'duplicate'],
      [LARGE, SMALL, undefined],
    ] as const) {
      const { neighbours } = bench(own)
      await neighbours.during('dialling', other, async () => {
        assert.equal(neighbours.refusalFor(other, 0, false), expected)
        assert.equal(neighbours.refusalFor(OTHER, 0, false), undefined)
      })
      assert.equal(neighbours.refusalFor(other, 0, false), undefined)
    }
  })

  it('is the one the smaller address dialled, when the other call is only a little late', () => {
    const small = bench(SMALL)
    small.neighbours.up(small.link(LARGE, 'outbound'), 0)
    small.clock.advance(SIMULTANEOUS_DIAL_MS - 1)
    assert.equal(small.neighbours.refusalFor(LARGE, 0, false), 'duplicate')
    const large = bench(LARGE)
    large.neighbours.up(large.link(SMALL, 'outbound'), 0)
    assert.equal(large.neighbours.refusalFor(SMALL, 0, false), undefined)
  })

  it('is the new one, when a neighbour has lost its end of an older link', () => {
    const { neighbours, clock, link } = bench(SMALL)
    const old = link(LARGE, 'outbound')
    neighbours.up(old, 0)
    clock.advance(SIMULTANEOUS_DIAL_MS)
    assert.equal(neighbours.refusalFor(LARGE, 0, false), undefined)
    const fresh = link(LARGE, 'inbound')
    assert.equal(neighbours.up(fresh, 0), old)
    neighbours.down(old)
    assert.equal(neighbours.linkTo(LARGE), fresh)
  })

  it('is the new one at once, when a neighbour has restarted or the link is in doubt', () => {
    const { neighbours, link } = bench(SMALL)
    neighbours.up(link(LARGE, 'outbound'), 7)
    assert.equal(neighbours.refusalFor(LARGE, 7, false), 'duplicate')
    assert.equal(neighbours.refusalFor(LARGE, 0, false), 'duplicate')
    assert.equal(neighbours.refusalFor(LARGE, 8, false), undefined)
    assert.equal(neighbours.refusalFor(LARGE, 7, true), undefined)
  })

  it('is the new one, when the same neighbour dials twice', () => {
    for (const [own, other] of [
      [SMALL, LARGE],
      [LARGE, SMALL],
    ] as const) {
      const { neighbours, link } = bench(own)
      neighbours.up(link(other, 'inbound'), 0)
      assert.equal(neighbours.refusalFor(other, 0, false), undefined)
    }
  })
})

describe('the links of a node', () => {
  it('are no more than allowed, but a neighbour may replace its own', () => {
    const { neighbours, link } = bench(LARGE, 1)
    const only = link(SMALL, 'inbound')
    neighbours.up(only, 0)
    assert.equal(neighbours.refusalFor(OTHER, 0, false), 'full')
    assert.equal(neighbours.refusalFor(SMALL, 0, false), undefined)
    neighbours.down(only)
    assert.equal(neighbours.refusalFor(OTHER, 0, false), undefined)
    assert.deepEqual(neighbours.links, [])
  })

  it('count from the moment the neighbour is accepted, so that many at once do not slip in', async () => {
    const { neighbours } = bench(LARGE, 1)
    await neighbours.during('accepting', SMALL, async () => {
      assert.equal(neighbours.refusalFor(OTHER, 0, false), 'full')
      assert.ok(neighbours.isAccepting(SMALL))
    })
    assert.ok(!neighbours.isAccepting(SMALL))
    assert.equal(neighbours.refusalFor(OTHER, 0, false), undefined)
  })
})
