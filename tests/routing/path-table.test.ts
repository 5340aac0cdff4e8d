import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MAX_ALTERNATES, type PathInfo, PathTable } from '../../src/routing/path-table.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { announce, keyOf, offer, originOf, rowOf } from './path-offers.ts'

type Table = PathTable<string>

function table(capacity = 16, maxLinks?: number): Table {
  const options = maxLinks === undefined ? { capacity } : { capacity, maxLinks }
  return new PathTable(options, seededRandom('paths'))
}

function pathTo(paths: Table, origin = 1): PathInfo<string> {
  return paths.info(rowOf(paths, origin))
}

function linksOf(paths: Table): (string | undefined)[] {
  const { link, alternates } = pathTo(paths)
  return [link, ...alternates.map((alternate) => alternate.link)]
}

/** A path in use over 'east' at 1,010 and alternates over 'west' at 1,015 and 'north' at 1,020. */
function withAlternates(): Table {
  const paths = table()
  paths.learn(offer('east', { told: 1000 }), 0)
  paths.learn(offer('north', { told: 1005, cost: 15 }), 0)
  paths.learn(offer('west', { told: 1005 }), 0)
  return paths
}

describe('learning a path', () => {
  it('takes the first offer, with this node one hop and the cost of the link farther than the neighbour', () => {
    const paths = table()
    assert.equal(paths.learn(offer('east', { told: 122, hops: 4, cost: 7 }), 5), 'new')
    const { destination, ...rest } = pathTo(paths)
    assert.deepEqual(destination.bytes, originOf(1))
    assert.deepEqual(rest, {
      link: 'east',
      hops: 5,
      metric: 129,
      sequence: 1,
      capabilities: 3,
      learnedAt: 5,
      expiresAt: 1e9,
      alternates: [],
      why: 'only path',
    })
    assert.equal(paths.feasibleOf(rowOf(paths)), 129)
  })

  it('follows a newer announce wherever it comes from, drops all older candidates, and refuses an older one', () => {
    const paths = withAlternates()
    assert.equal(paths.learn(offer('south', { sequence: 2, told: 50_000 }), 0), 'fresher')
    assert.deepEqual(linksOf(paths), ['south'])
    assert.equal(paths.feasibleOf(rowOf(paths)), paths.metricOf(rowOf(paths)))
    assert.equal(paths.isStale(rowOf(paths), 1), true)
    assert.equal(paths.isStale(rowOf(paths), 2), false)
    assert.equal(paths.learn(offer('east', { sequence: 1, told: 1 }), 0), 'stale')
    assert.deepEqual(linksOf(paths), ['south'])
  })

  it('refuses an announce that has run out', () => {
    const paths = table()
    assert.equal(paths.learn(offer('east', { expiresAt: 100 }), 100), 'stale')
    assert.equal(paths.size, 0)
  })

  it('believes, for one sequence number, only who has told less than the least metric it has had', () => {
    const paths = table()
    paths.learn(offer('east', { told: 1000, cost: 10 }), 0)
    assert.equal(paths.learn(offer('west', { told: 1010, cost: 1 }), 0), 'worse')
    assert.equal(paths.learn(offer('west', { told: 1009, cost: 1 }), 0), 'alternate')
    paths.linkDown('east')
    paths.linkDown('west')
    assert.equal(paths.learn(offer('north', { told: 1010 }), 0), 'worse')
    assert.equal(paths.linkOf(rowOf(paths)), undefined)
    assert.equal(paths.learn(offer('north', { told: 1009 }), 0), 'better')
    assert.equal(paths.linkOf(rowOf(paths)), 'north')
  })

  it('changes over to a path that is cheaper by a tenth and by 1 ms, and keeps lesser gains as alternates', () => {
    const dear = table()
    dear.learn(offer('east', { told: 990 }), 0)
    assert.equal(dear.learn(offer('west', { told: 891 }), 0), 'alternate')
    assert.equal(dear.learn(offer('north', { told: 890 }), 0), 'better')
    assert.deepEqual(linksOf(dear), ['north', 'west'], 'east has told more than this node has had since')
    const cheap = table()
    cheap.learn(offer('east', { told: 20 }), 0)
    assert.equal(cheap.learn(offer('west', { told: 11 }), 0), 'alternate')
    assert.equal(cheap.learn(offer('north', { told: 10 }), 0), 'better')
  })

  it('keeps the three best alternates, one for each link', () => {
    const paths = table()
    paths.learn(offer('used', { told: 1000 }), 0)
    for (const told of [1007, 1005, 1006]) {
      assert.equal(paths.learn(offer(`told ${told}`, { told }), 0), 'alternate')
    }
    assert.equal(paths.learn(offer('told 1008', { told: 1008 }), 0), 'worse')
    assert.equal(paths.learn(offer('told 1004', { told: 1004 }), 0), 'alternate')
    assert.deepEqual(linksOf(paths), ['used', 'told 1004', 'told 1005', 'told 1006'])
    assert.equal(MAX_ALTERNATES, 3)
  })

  it('lets an announce live no longer than when it was first told, however late it is told again', () => {
    const paths = table()
    paths.learn(offer('east', { told: 1000, expiresAt: 500 }), 0)
    paths.learn(offer('west', { told: 1000, expiresAt: 900 }), 0)
    assert.equal(paths.expiresAt(rowOf(paths)), 500)
    paths.learn(offer('north', { told: 1000, expiresAt: 400 }), 0)
    assert.equal(paths.expiresAt(rowOf(paths)), 400)
  })

  it('refuses what is out of reach over this link, and keeps what it has', () => {
    const paths = table()
    const farthest = 4095 * 2 ** 15
    assert.equal(paths.learn(offer('east', { told: farthest, cost: 1 }), 0), 'worse')
    assert.equal(paths.size, 0)
    paths.learn(offer('west', { told: 5 }), 0)
    assert.equal(paths.learn(offer('east', { told: farthest, sequence: 2 }), 0), 'worse')
    assert.equal(paths.sequenceOf(rowOf(paths)), 1)
  })
})

describe('a neighbour that tells again', () => {
  it('is refused when it tells the same', () => {
    const paths = withAlternates()
    assert.equal(paths.learn(offer('east', { told: 1000 }), 9), 'worse')
    assert.equal(paths.learn(offer('west', { told: 1005 }), 9), 'worse')
    assert.equal(pathTo(paths).learnedAt, 0)
  })

  it('makes the path in use cheaper or dearer, which is worth telling on when it is by enough', () => {
    const paths = table()
    paths.learn(offer('east', { told: 990 }), 0)
    assert.equal(paths.learn(offer('east', { told: 980 }), 1), 'alternate')
    assert.equal(paths.metricOf(rowOf(paths)), 990)
    assert.equal(paths.feasibleOf(rowOf(paths)), 990)
    assert.equal(paths.learn(offer('east', { told: 500 }), 2), 'better')
    assert.equal(paths.feasibleOf(rowOf(paths)), 510)
    assert.equal(paths.learn(offer('east', { told: 505 }), 3), 'alternate')
    assert.equal(paths.learn(offer('east', { told: 2000 }), 4), 'dearer')
    assert.equal(paths.metricOf(rowOf(paths)), 2010)
    assert.equal(paths.feasibleOf(rowOf(paths)), 510, 'the feasible distance never grows')
    assert.equal(pathTo(paths).learnedAt, 4)
  })

  it('hands over to an alternate when its path becomes dearer than that by enough', () => {
    const paths = withAlternates()
    assert.equal(paths.learn(offer('east', { told: 1100 }), 0), 'alternate')
    assert.deepEqual(linksOf(paths), ['east', 'west', 'north'])
    assert.equal(paths.learn(offer('east', { told: 1150 }), 0), 'dearer')
    assert.deepEqual(linksOf(paths), ['west', 'north', 'east'])
    assert.equal(pathTo(paths).why, 'lowest metric')
  })

  it('takes over with an alternate that has become better by enough', () => {
    const paths = withAlternates()
    assert.equal(paths.learn(offer('west', { told: 950 }), 0), 'alternate')
    assert.equal(pathTo(paths).why, 'no other is better by enough')
    assert.equal(paths.learn(offer('west', { told: 899 }), 0), 'better')
    assert.equal(paths.linkOf(rowOf(paths)), 'west')
  })

  it('is still believed with a dearer path, since what it told before bounds what it routes through', () => {
    const paths = table()
    paths.learn(offer('east', { told: 20, hops: 3 }), 0)
    assert.equal(paths.learn(offer('east', { told: 5000, hops: 4 }), 0), 'dearer')
    assert.deepEqual(linksOf(paths), ['east'])
  })

  it('is not, when its path is dearer and by two or more hops longer: it may lead back through here', () => {
    const paths = table()
    paths.learn(offer('east', { told: 20, hops: 3 }), 0)
    assert.equal(
      paths.learn(offer('east', { told: 29, hops: 5 }), 0),
      'alternate',
      'longer, yet nearer than here',
    )
    assert.equal(paths.learn(offer('east', { told: 31, hops: 7 }), 0), 'lost')
    assert.deepEqual(linksOf(paths), [undefined])
    const two = withAlternates()
    assert.equal(two.learn(offer('east', { told: 1050, hops: 2 }), 0), 'dearer')
    assert.deepEqual(linksOf(two), ['west', 'north'])
    assert.equal(two.learn(offer('north', { told: 1050, hops: 2 }), 0), 'worse')
    assert.deepEqual(linksOf(two), ['west'])
  })

  it('loses the path when it tells more than a path may cost', () => {
    const paths = table()
    paths.learn(offer('east', { told: 20 }), 0)
    assert.equal(paths.learn(offer('east', { told: 4095 * 2 ** 15 }), 0), 'lost')
  })

  it('counts for nothing on a broadcast link when it tells more: it may be another one, or an echo', () => {
    const paths = table()
    const radio = { broadcast: true, cost: 1000 }
    paths.learn(offer('radio', { ...radio, told: 1000, hops: 1 }), 0)
    assert.equal(paths.learn(offer('radio', { ...radio, told: 3000, hops: 3 }), 0), 'worse')
    assert.equal(paths.learn(offer('radio', { ...radio, told: 1500, hops: 1 }), 0), 'worse')
    assert.equal(paths.metricOf(rowOf(paths)), 2000)
    assert.equal(paths.learn(offer('radio', { ...radio, told: 500, hops: 1 }), 0), 'better')
    assert.equal(paths.metricOf(rowOf(paths)), 1500)
  })
})

describe('losing a path', () => {
  it('goes on at once over the best alternate when the link goes down', () => {
    const paths = withAlternates()
    paths.learn(offer('east', { origin: 2, told: 1 }), 0)
    paths.learn(offer('west', { origin: 3, told: 1 }), 0)
    paths.learn(offer('east', { origin: 4, told: 1 }), 0)
    paths.learn(offer('west', { origin: 4, told: 1 }), 0)
    assert.deepEqual(paths.linkDown('east'), { switched: [0, 3], lost: [1] })
    assert.deepEqual(linksOf(paths), ['west', 'north'])
    assert.equal(pathTo(paths).why, 'took over when another was lost')
    assert.equal(pathTo(paths, 3).link, 'west')
    assert.equal(pathTo(paths, 2).why, 'no path')
    assert.deepEqual(paths.linkDown('east'), { switched: [], lost: [] })
  })

  it('leaves the destination known, with its announce and the last hops and metric', () => {
    const paths = table()
    paths.learn(offer('east', { told: 122, hops: 4, cost: 7 }), 0)
    assert.deepEqual(paths.linkDown('east'), { switched: [], lost: [0] })
    assert.equal(paths.use(0, 0), undefined)
    assert.equal(paths.size, 1)
    assert.deepEqual(paths.keyAt(0), keyOf(1))
    assert.equal(paths.hopsOf(0), 5)
    assert.equal(paths.metricOf(0), 129)
  })

  it('drops what a neighbour shows it cannot keep', () => {
    const paths = withAlternates()
    assert.equal(paths.drop(0, 'nowhere'), true)
    assert.equal(paths.drop(0, 'west'), true)
    assert.deepEqual(linksOf(paths), ['east', 'north'])
    assert.equal(paths.drop(0, 'east'), true)
    assert.deepEqual(linksOf(paths), ['north'])
    assert.equal(paths.drop(0, 'north'), false)
    assert.equal(paths.drop(0, 'north'), false)
    assert.deepEqual(linksOf(paths), [undefined])
  })

  it('does not mistake a new link for the old one whose number it has', () => {
    const paths = table(16, 1)
    paths.learn(offer('east', { told: 10 }), 0)
    assert.equal(paths.learn(offer('west', { origin: 2 }), 0), 'table_full', 'no more links can be numbered')
    paths.linkDown('east')
    assert.equal(paths.learn(offer('west', { origin: 2, cost: 99 }), 0), 'new')
    assert.equal(pathTo(paths, 1).link, undefined)
    assert.equal(pathTo(paths, 2).metric, 109)
  })
})

describe('a link whose cost has changed', () => {
  it('weighs its paths anew, and changes over where another is better by enough', () => {
    const paths = withAlternates()
    assert.deepEqual(paths.costChanged('east', 30, 5), [])
    assert.equal(paths.metricOf(0), 1030)
    assert.equal(pathTo(paths).why, 'no other is better by enough')
    assert.deepEqual(paths.costChanged('east', 300, 6), [0])
    assert.deepEqual(linksOf(paths), ['west', 'north', 'east'])
    assert.equal(pathTo(paths).learnedAt, 6)
    assert.deepEqual(paths.costChanged('elsewhere', 1, 7), [])
  })

  it('lowers the feasible distance with the path in use, and trusts only alternates below it', () => {
    const paths = table()
    paths.learn(offer('east', { told: 1000, cost: 500 }), 0)
    paths.learn(offer('west', { told: 1400 }), 0)
    paths.learn(offer('north', { told: 1050, cost: 600 }), 0)
    paths.costChanged('east', 100, 0)
    assert.equal(paths.feasibleOf(0), 1100)
    assert.deepEqual(linksOf(paths), ['east', 'north'])
    paths.costChanged('east', 500, 0)
    assert.equal(paths.feasibleOf(0), 1100, 'the feasible distance never grows')
  })

  it('loses the paths that cost more than a path may', () => {
    const paths = table()
    paths.learn(offer('east', { told: 1000 }), 0)
    assert.deepEqual(paths.costChanged('east', Number.POSITIVE_INFINITY, 0), [0])
    assert.equal(paths.linkOf(0), undefined)
  })

  it('is told by costChanged alone: an offer with another cost is weighed with the known one', () => {
    const paths = table()
    paths.learn(offer('east', { told: 100, cost: 50 }), 0)
    paths.learn(offer('east', { told: 90, cost: 1 }), 0)
    assert.equal(paths.metricOf(0), 140)
  })
})

describe('the announce', () => {
  it('is kept as it was, and given out with the hops and metric from here', () => {
    const paths = table()
    for (const [origin, data] of [undefined, 0, 5, 6, 7, 65, 66, 67, 128].entries()) {
      const told = { origin, told: 5000, hops: 2, ...(data === undefined ? {} : { data }) }
      paths.learn(offer('east', told), 0)
      const expected = announce({ ...told, hops: 3, told: 5010 })
      const view = paths.announceOf(rowOf(paths, origin))
      assert.deepEqual(view.frame, expected.frame)
      assert.ok(view.metric >= 5010, 'rounded up')
    }
  })

  it('is a copy each time, so that nothing done to it reaches the table', () => {
    const paths = table()
    paths.learn(offer('east'), 0)
    paths.frameOf(0).fill(0)
    paths.keyAt(0).fill(0)
    assert.deepEqual(paths.keyAt(0), keyOf(1))
    assert.equal(paths.announceOf(0).sequence, 1)
  })

  it('counts no more than 255 hops', () => {
    const paths = table()
    paths.learn(offer('east', { hops: 255 }), 0)
    assert.equal(paths.announceOf(0).hops, 255)
  })
})

describe('a full table', () => {
  it('makes room by the least recently used, but never by a neighbour', () => {
    const paths = table(8)
    paths.learn(offer('east', { origin: 1, told: 0, direct: true }), 0)
    for (let n = 0; n < 500; n++) {
      const outcome = paths.learn(offer('east', { origin: 100 + n }), n)
      assert.ok(outcome === 'new' || outcome === 'table_full')
      assert.ok(paths.size <= 8)
    }
    assert.equal(pathTo(paths, 1).link, 'east')
  })

  it('keeps a neighbour that is reached another way at present', () => {
    const paths = table(1)
    paths.learn(offer('radio', { told: 0, cost: 1000, direct: true }), 0)
    paths.learn(offer('east', { told: 100 }), 0)
    assert.equal(paths.linkOf(0), 'east')
    assert.equal(paths.learn(offer('east', { origin: 2 }), 0), 'table_full')
    paths.linkDown('radio')
    assert.equal(paths.learn(offer('east', { origin: 2 }), 0), 'new')
  })

  it('keeps a path for a minute after it was used, also soon after the start of the clock', () => {
    const paths = table(1)
    paths.learn(offer('east'), 0)
    assert.equal(paths.use(0, 10), 'east')
    assert.equal(paths.learn(offer('east', { origin: 2 }), 60_000), 'table_full')
    assert.equal(paths.learn(offer('east', { origin: 2 }), 60_100), 'new')
    assert.equal(paths.learn(offer('east', { origin: 3 }), 60_100), 'new', 'origin 2 was never used')
  })

  it('tells used from unused after ten years', () => {
    const tenYears = 10 * 365 * 86_400_000
    const forever = { expiresAt: Number.POSITIVE_INFINITY }
    const paths = table(1)
    paths.learn(offer('east', forever), tenYears)
    paths.use(0, tenYears)
    assert.equal(paths.learn(offer('east', { origin: 2, ...forever }), tenYears + 59_000), 'table_full')
    assert.equal(paths.learn(offer('east', { origin: 2, ...forever }), tenYears + 61_000), 'new')
  })

  it('gives up a destination without a path first, were it a neighbour used just now', () => {
    const paths = table(3)
    paths.learn(offer('east', { origin: 1 }), 0)
    paths.learn(offer('west', { origin: 2, told: 0, direct: true }), 0)
    paths.learn(offer('east', { origin: 3 }), 0)
    paths.linkDown('west')
    paths.use(rowOf(paths, 2), 0)
    assert.equal(paths.learn(offer('east', { origin: 4 }), 0), 'new')
    assert.equal(rowOf(paths, 2), -1)
  })

  it('prefers to give up what was used longest ago', () => {
    let keptLatest = 0
    for (let seed = 0; seed < 50; seed++) {
      const paths = new PathTable<string>({ capacity: 8 }, seededRandom(seed))
      for (let origin = 0; origin < 8; origin++) {
        paths.learn(offer('east', { origin }), 0)
        paths.use(rowOf(paths, origin), 1000 * origin)
      }
      assert.equal(paths.learn(offer('east', { origin: 9 }), 100_000), 'new')
      if (rowOf(paths, 7) >= 0) keptLatest += 1
    }
    assert.equal(keptLatest, 50)
  })
})

describe('expiry', () => {
  it('forgets what has run out and reuses its row', () => {
    const paths = table(1)
    paths.learn(offer('east', { expiresAt: 100 }), 0)
    assert.equal(paths.expire(99), 0)
    assert.equal(paths.expire(100), 1)
    assert.equal(paths.size, 0)
    assert.equal(paths.has(0), false)
    assert.deepEqual([...paths.rows()], [])
    assert.equal(paths.learn(offer('west', { origin: 2, sequence: 7 }), 100), 'new')
    assert.deepEqual(pathTo(paths, 2).alternates, [])
    assert.equal(paths.sequenceOf(0), 7)
  })

  it('leaves nothing of the former row behind', () => {
    const paths = table(1)
    paths.learn(offer('east', { told: 10, expiresAt: 100 }), 0)
    paths.learn(offer('west', { told: 11, expiresAt: 100 }), 0)
    paths.use(0, 0)
    paths.linkDown('east')
    paths.expire(100)
    paths.learn(offer('north', { origin: 2, told: 500 }), 100)
    const { alternates, why, learnedAt } = pathTo(paths, 2)
    assert.deepEqual({ alternates, why, learnedAt }, { alternates: [], why: 'only path', learnedAt: 100 })
    assert.equal(paths.learn(offer('north', { origin: 3 }), 100), 'new', 'the new one has not been used')
  })
})

describe('a warm start', () => {
  it('knows the origin again, without a path, and takes the first that is offered', () => {
    const paths = table()
    const known = announce({ told: 300, hops: 4, sequence: 5 })
    assert.equal(paths.restore(originOf(1), known, 1000, 7), true)
    assert.deepEqual(paths.frameOf(0), known.frame)
    const { link, hops, metric, why, learnedAt, expiresAt } = pathTo(paths)
    assert.deepEqual(
      { link, hops, metric, why, learnedAt, expiresAt },
      { link: undefined, hops: 4, metric: 300, why: 'no path', learnedAt: 7, expiresAt: 1000 },
    )
    assert.equal(paths.learn(offer('east', { sequence: 4 }), 8), 'stale')
    assert.equal(paths.learn(offer('east', { sequence: 5, told: 40_000 }), 8), 'better')
    assert.equal(paths.linkOf(0), 'east')
    assert.equal(paths.feasibleOf(0), paths.metricOf(0))
  })

  it('changes nothing that is known already, takes nothing that has run out, and gives nothing up', () => {
    const paths = table(1)
    assert.equal(paths.restore(originOf(1), announce(), 100, 100), false)
    paths.learn(offer('east'), 0)
    assert.equal(paths.restore(originOf(1), announce({ sequence: 9 }), 1000, 0), false)
    assert.equal(paths.restore(originOf(2), announce({ origin: 2 }), 1000, 0), false)
    assert.equal(paths.linkOf(0), 'east')
    assert.equal(paths.size, 1)
  })
})

describe('PathTable', () => {
  it('refuses sizes that it cannot keep', () => {
    for (const capacity of [0, 1.5, 2 ** 27]) {
      assert.throws(() => table(capacity), { name: 'MeshError', code: 'ERR_USAGE' })
    }
    for (const maxLinks of [0, 1.5, 65_536]) {
      assert.throws(() => table(1, maxLinks), { name: 'MeshError', code: 'ERR_USAGE' })
    }
  })

  it('has no row where none was given out', () => {
    const paths = table()
    assert.equal(paths.has(-1), false)
    assert.equal(paths.has(0), false)
    assert.equal(paths.has(1e6), false)
    assert.equal(rowOf(paths), -1)
  })

  it('takes at most 120 bytes for an entry, without its announce', () => {
    const paths = table(4096)
    for (let origin = 0; origin < 4096; origin++) paths.learn(offer('east', { origin }), 0)
    assert.equal(paths.size, 4096)
    assert.ok(paths.bytes / paths.size <= 120, `${paths.bytes / paths.size}`)
    assert.ok(paths.announceBytes >= 4096 * 113)
  })
})
