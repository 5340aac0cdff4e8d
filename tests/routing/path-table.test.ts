import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Identity } from '../../src/identity/identity.ts'
import { type Learned, PathTable } from '../../src/routing/path-table.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { AnnounceView, relayedAnnounce } from '../../src/wire/announce.ts'
import { announceBy, identityOf, T0 } from '../support/frames.ts'

const alice = identityOf('alice')
const LINKS = ['east', 'west', 'north'] as const
type LinkName = (typeof LINKS)[number]

interface OfferOptions {
  origin?: Identity
  sequence?: number
  /** As the neighbour tells it; the link adds 1. */
  told?: number
  link?: LinkName
  direct?: boolean
  expiresAt?: number
}

function learn(table: PathTable<LinkName>, options: OfferOptions, now = 0): Learned {
  const { origin = alice, sequence = T0, told = 10 } = options
  const { link = 'east', direct = false, expiresAt = 1e6 } = options
  const announce = new AnnounceView(relayedAnnounce(announceBy(origin, { sequence }), 0, told))
  const metric = told + 1
  return table.learn(
    { origin: origin.address.bytes, announce, link, direct, hops: 1, metric, expiresAt },
    now,
  )
}

function linkTo(table: PathTable<LinkName>, origin = alice): LinkName | undefined {
  const row = table.find(origin.address.bytes, 0)
  return row < 0 ? undefined : table.linkOf(row)
}

describe('PathTable', () => {
  const table = (capacity = 16): PathTable<LinkName> => new PathTable(capacity, seededRandom('paths'))

  it('learns, prefers a better path of the same announce, and refuses a worse one', () => {
    const paths = table()
    assert.equal(learn(paths, { told: 10 }), 'new')
    assert.equal(learn(paths, { told: 10, link: 'west' }), 'worse')
    assert.equal(learn(paths, { told: 9, link: 'west' }), 'better')
    assert.equal(linkTo(paths), 'west')
  })

  it('follows a newer announce wherever it comes from, and refuses an older one', () => {
    const paths = table()
    learn(paths, { told: 10 })
    assert.equal(learn(paths, { sequence: T0 + 1, told: 99, link: 'north' }), 'fresher')
    assert.equal(linkTo(paths), 'north')
    assert.equal(learn(paths, { sequence: T0, told: 1 }), 'stale')
  })

  it('takes a dead path back from a neighbour that is nearer, but not from one that may route through here', () => {
    const paths = table()
    learn(paths, { told: 10, link: 'east' })
    paths.linkDown('east')
    assert.equal(linkTo(paths), undefined)
    assert.equal(learn(paths, { told: 11, link: 'west' }), 'worse')
    assert.equal(learn(paths, { told: 10, link: 'north' }), 'better')
    assert.equal(linkTo(paths), 'north')
    paths.linkDown('north')
    assert.equal(learn(paths, { sequence: T0 + 1, told: 30, link: 'west' }), 'fresher')
  })

  it('keeps the announce as this node passes it on', () => {
    const paths = table()
    learn(paths, { told: 122 })
    const announce = paths.announceOf(paths.find(alice.address.bytes, 0))
    assert.equal(announce.hops, 1)
    assert.equal(announce.metric, 123)
    assert.deepEqual(announce.publicKey, alice.publicKey)
  })

  it('forgets what has run out and reuses its row', () => {
    const paths = table(1)
    learn(paths, { expiresAt: 100 })
    assert.equal(paths.expire(99), 0)
    assert.equal(paths.expire(100), 1)
    assert.equal(paths.size, 0)
    assert.equal(learn(paths, { origin: identityOf('bob') }), 'new')
  })

  it('makes room for a newcomer by what is used least, but never by a neighbour', () => {
    const neighbour = identityOf('neighbour')
    const paths = table(8)
    learn(paths, { origin: neighbour, direct: true })
    for (let n = 0; n < 500; n++) {
      const outcome = learn(paths, { origin: identityOf(`far ${n}`) }, n)
      assert.ok(outcome === 'new' || outcome === 'table_full')
      assert.ok(paths.size <= 8)
    }
    assert.equal(linkTo(paths, neighbour), 'east')
  })

  it('refuses a newcomer where all are neighbours', () => {
    const paths = table(2)
    learn(paths, { origin: identityOf('one'), direct: true })
    learn(paths, { origin: identityOf('two'), direct: true })
    assert.equal(learn(paths, { origin: identityOf('three'), direct: true }), 'table_full')
  })

  it('never adopts, for one sequence number, what a neighbour no nearer than itself has told', () => {
    const step = fc.record({
      sequence: fc.integer({ min: T0, max: T0 + 3 }),
      told: fc.integer({ min: 0, max: 50 }),
      link: fc.constantFrom(...LINKS),
      down: fc.option(fc.constantFrom(...LINKS)),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const paths = table()
        let sequence = 0
        let nearest = Number.POSITIVE_INFINITY
        for (const { down, ...offer } of steps) {
          if (down !== null) paths.linkDown(down)
          const outcome = learn(paths, offer)
          const adopted = outcome === 'new' || outcome === 'fresher' || outcome === 'better'
          if (offer.sequence < sequence) assert.equal(outcome, 'stale')
          if (offer.sequence > sequence) {
            assert.ok(adopted)
            nearest = Number.POSITIVE_INFINITY
          }
          if (!adopted) continue
          assert.ok(offer.told < nearest)
          sequence = offer.sequence
          nearest = Math.min(nearest, offer.told + 1)
        }
      }),
    )
  })
})
