import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { defaultProvider } from '../../../../src/crypto/provider/select.ts'
import type { Neighbour } from '../../../../src/transport/lora/link/neighbour.ts'
import { Roster, shortId } from '../../../../src/transport/lora/link/roster.ts'
import {
  coverageOf,
  hearsBlock,
  idsHeard,
  MAX_TOLD,
  sendsToAll,
} from '../../../../src/transport/lora/link/surroundings.ts'
import { announceBy, identityOf, T0 } from '../../../support/frames.ts'
import { LinkBench } from './bench.ts'

const crypto = defaultProvider()
const NAMES = ['ann', 'ben', 'cat', 'dan', 'eve', 'far'] as const
const addressOf = (name: string) => identityOf(name).address
const idOf = (name: string): number => shortId(addressOf(name), 0, crypto)

/** The roster of `me`, with these neighbours and whom they have said they hear; undefined for nothing said. */
function around(hearing: Record<string, readonly string[] | undefined>, me = 'me'): Roster {
  const roster = new Roster(addressOf(me), crypto)
  for (const [name, heard] of Object.entries(hearing)) {
    const met = roster.introduce(idOf(name), announceBy(identityOf(name)), 0, T0 * 1000, false)
    assert.ok('neighbour' in met)
    if (heard !== undefined) met.neighbour.hears = new Set(heard.map(idOf))
  }
  return roster
}

const cover = (roster: Roster, ...senders: string[]) => coverageOf(roster, senders.map(addressOf))

describe('whom transmissions reach', () => {
  it('is not known while nobody has said whom it hears', () => {
    assert.equal(cover(around({}), 'ann'), undefined)
    assert.equal(cover(around({ ann: undefined, ben: undefined }), 'ann'), undefined)
  })

  it('is everybody who hears one of the senders, by what they say themselves', () => {
    const roster = around({ ann: ['me', 'ben'], ben: ['me', 'ann'], cat: ['me'] })
    assert.equal(cover(roster, 'ann')?.uncovered, 1)
    assert.equal(cover(roster, 'ann', 'cat')?.uncovered, 0)
    assert.equal(cover(roster)?.uncovered, 3)
  })

  it('goes by the receiver where only one of the two hears the other', () => {
    const roster = around({ ann: ['me', 'ben'], ben: ['me'] })
    assert.equal(cover(roster, 'ann')?.uncovered, 1, 'ben does not hear ann')
    assert.equal(cover(roster, 'ben')?.uncovered, 0)
  })

  it('takes one that has said nothing to hear those that hear it', () => {
    const roster = around({ ann: ['me', 'ben'], ben: undefined, cat: undefined })
    assert.equal(cover(roster, 'ann')?.uncovered, 1, 'cat')
  })

  it('counts what a sender out of reach has covered, such as the origin', () => {
    const roster = around({ ann: ['me', 'far'], ben: ['me'] })
    assert.equal(cover(roster, 'far', 'ben')?.uncovered, 0)
  })

  it('is lossy where one that is open, and hears this node, loses much', () => {
    const roster = around({ ann: ['me', 'ben'], ben: ['me', 'ann'], cat: ['me'], dan: ['ann'] })
    const [ann, , cat, dan] = [...roster.all] as [Neighbour, Neighbour, Neighbour, Neighbour]
    const spoil = ({ loss }: Neighbour): void => {
      for (let n = 0; n < 50; n++) loss.observe(n % 2 === 0)
    }
    spoil(ann)
    spoil(dan)
    assert.equal(cover(roster, 'ben')?.isLossy, false, 'ann is covered, and dan does not hear me')
    assert.equal(cover(roster, 'cat')?.isLossy, true)
    spoil(cat)
    assert.equal(cover(roster, 'ben')?.isLossy, true)
  })

  it('lets those go first that bring it to more, of equals the lesser id, if they share what is open', () => {
    const first = NAMES.toSorted((a, b) => idOf(a) - idOf(b))[0] as string
    const [x, y] = NAMES.filter((name) => name !== first) as [string, string]
    const more = around({ ann: ['me', 'ben', 'dan', 'far'], ben: ['me', 'ann'], dan: ['me', 'ann'] })
    assert.deepEqual(
      cover(more, 'ben'),
      { uncovered: 1, ahead: 1, isLossy: false },
      'ann reaches far as well',
    )
    const equal = (me: string, other: string) =>
      around({ [other]: ['sender', me, 'open'], sender: [me, other], open: [me, other] }, me)
    assert.deepEqual(cover(equal(x, first), 'sender'), { uncovered: 1, ahead: 1, isLossy: false })
    assert.deepEqual(cover(equal(first, x), 'sender'), { uncovered: 1, ahead: 0, isLossy: false })
    const apart = around({ [y]: ['ben', 'me', 'far'], ben: ['me', y], open: ['me'] })
    assert.deepEqual(
      cover(apart, 'ben'),
      { uncovered: 1, ahead: 0, isLossy: false },
      'what it reaches is somebody else',
    )
  })

  it('is a matter of whole numbers that fit the neighbours, whatever they say', () => {
    const lists = fc.array(fc.option(fc.subarray([...NAMES, 'me']), { nil: undefined }), {
      minLength: NAMES.length,
      maxLength: NAMES.length,
    })
    fc.assert(
      fc.property(lists, fc.subarray([...NAMES]), (said, senders) => {
        const roster = around(Object.fromEntries(NAMES.map((name, n) => [name, said[n]])))
        const one = cover(roster, ...senders)
        assert.equal(
          one === undefined,
          said.every((list) => list === undefined),
        )
        if (one === undefined) return
        assert.ok(one.uncovered >= 0 && one.uncovered <= NAMES.length - senders.length)
        assert.ok(one.ahead >= 0 && one.ahead <= NAMES.length - one.uncovered - senders.length)
        for (const further of NAMES) {
          assert.ok((cover(roster, ...senders, further)?.uncovered ?? 99) <= one.uncovered)
        }
      }),
    )
  })
})

describe('how often an announce is to be sent', () => {
  it('is not known where a neighbour may pass it on, or has not said whom it hears', () => {
    assert.equal(sendsToAll(around({})), undefined)
    assert.equal(sendsToAll(around({ ann: ['me'], ben: undefined })), undefined)
    assert.equal(sendsToAll(around({ ann: ['me', 'far'] })), undefined, 'to one out of reach')
    assert.equal(sendsToAll(around({ ann: ['me', 'ben'], ben: ['ann'] })), undefined, 'ben does not hear me')
  })

  it('is once where nobody has anybody to pass it on to, and oftener where much is lost', () => {
    const roster = around({ ann: ['me', 'ben'], ben: ['me', 'ann'] })
    const [ann, ben] = [...roster.all] as [Neighbour, Neighbour]
    assert.equal(sendsToAll(roster), 1)
    for (let counter = 100; counter < 150; counter += 3) ann.window.add(counter)
    assert.equal(sendsToAll(roster), 2, 'most of what ann sends is lost')
    for (let counter = 150; counter < 250; counter++) ann.window.add(counter)
    assert.equal(sendsToAll(roster), 1)
    for (let n = 0; n < 100; n++) ben.loss.observe(n % 3 === 0)
    assert.equal(sendsToAll(roster), 2, 'a third of what ben is sent')
  })
})

describe('the block that says whom a node hears', () => {
  const names = Array.from({ length: MAX_TOLD + 8 }, (_, n) => `n${n}`)

  it('names the neighbours heard last, as many as there is room for', () => {
    const roster = around(Object.fromEntries(names.map((name) => [name, undefined])))
    for (const [n, name] of names.entries()) (roster.of(idOf(name)) as Neighbour).lastHeard = n
    const last = (count: number): number[] => names.slice(-count).reverse().map(idOf)
    const told = (bytes: number): number[] => {
      const block = hearsBlock(roster.all, bytes)
      return block === undefined ? [] : [...idsHeard(block)]
    }
    assert.deepEqual(told(200), last(MAX_TOLD))
    assert.deepEqual(told(7), last(3))
    for (const bytes of [1, 0, -1, -9]) assert.deepEqual(told(bytes), [])
    assert.equal(hearsBlock([], 200), undefined)
  })

  it('leaves out those of whom most is lost', () => {
    const roster = around({ ann: undefined, ben: undefined })
    const [ann, ben] = [...roster.all] as [Neighbour, Neighbour]
    for (let counter = 100; counter < 130; counter += 2) ann.window.add(counter)
    for (let counter = 100; counter < 130; counter += 3) ben.window.add(counter)
    const block = hearsBlock(roster.all, 200)
    assert.deepEqual(block && [...idsHeard(block)], [idOf('ann')])
  })

  it('is read whatever stands in it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 250 }), (content) => {
        const ids = idsHeard({ type: 6, flags: 0, content })
        assert.ok(ids.size <= Math.min(MAX_TOLD, content.length >> 1))
      }),
    )
  })

  it('goes along with the own announce, so that neighbours know whom it reaches', () => {
    const bench = new LinkBench()
    const nodes = bench.nodes(['ann', 'ben', 'cat'])
    const [ann, ben, cat] = nodes as [(typeof nodes)[0], (typeof nodes)[0], (typeof nodes)[0]]
    for (const node of nodes) {
      node.announce()
      bench.clock.advance(10_000)
    }
    const reached = (by: typeof ann) => ann.medium.coverageOf?.([by.identity.address])
    assert.deepEqual(reached(ben), { uncovered: 0, ahead: 0, isLossy: false })
    assert.deepEqual(ann.medium.coverageOf?.([]), { uncovered: 2, ahead: 0, isLossy: false })
    assert.equal(ann.to(ben)?.coverageOf?.([]), undefined, 'a link to one neighbour covers nobody else')
    let sent = 0
    bench.air.isLost = ({ port }, to) => port !== 'ann' && to.port !== 'ann' && ++sent % 3 > 0
    for (let times = 0; times < 40; times++) {
      for (const node of nodes) node.announce()
      bench.clock.advance(10_000)
    }
    assert.equal(reached(ben)?.uncovered, 1, 'cat loses two thirds of what ben sends')
    assert.equal(reached(cat)?.uncovered, 1)
  })
})
