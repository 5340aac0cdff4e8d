import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { seededRandom } from '../../src/runtime/random.ts'
import { grid, line, pairKey, randomTree, sideBySide, type Topology } from '../../src/sim/topology.ts'
import { Graph } from '../../src/sim/topology-graph.ts'
import { geometric, moved, nearest, nearestLinks } from '../../src/sim/topology-map.ts'

const seed = fc.integer({ min: 0, max: 2 ** 31 })

function graphOf({ nodes, links }: Topology): Graph {
  return new Graph(nodes, links)
}

function isConnected(topology: Topology): boolean {
  const graph = graphOf(topology)
  return Array.from({ length: topology.nodes }, (_, node) => graph.hops(0, node)).every(
    (hops) => hops !== undefined,
  )
}

/** Each link joins two nodes that exist, and no pair twice. */
function assertSimple({ nodes, links }: Topology): void {
  const keys = new Set(links.map(({ a, b }) => pairKey(a, b)))
  assert.equal(keys.size, links.length)
  for (const { a, b } of links) assert.ok(a !== b && a >= 0 && b >= 0 && a < nodes && b < nodes)
}

describe('grid', () => {
  it('has the links that meshnet-lab counts', () => {
    for (const [width, links] of [
      [7, 84],
      [10, 180],
      [17, 544],
    ] as const) {
      assert.equal(grid(width, width).links.length, links)
    }
  })

  it('is as far across as its rows and columns', () => {
    const graph = graphOf(grid(4, 3))
    assert.equal(graph.hops(0, 11), 5)
    assert.equal(graph.hops(3, 4), 4)
    assertSimple(grid(4, 3))
  })

  it('of one row is a line', () => {
    assert.deepEqual(
      line(4).links.map(({ a, b }) => [a, b]),
      [
        [0, 1],
        [1, 2],
        [2, 3],
      ],
    )
  })
})

describe('a random tree', () => {
  it('is in one piece, with a link less than it has nodes', () => {
    fc.assert(
      fc.property(seed, fc.integer({ min: 2, max: 200 }), (n, nodes) => {
        const tree = randomTree(nodes, seededRandom(n))
        assert.equal(tree.links.length, nodes - 1)
        assert.ok(isConnected(tree))
      }),
    )
  })
})

describe('a geometric graph', () => {
  it('is in one piece whatever its degree, and the same for the same seed', () => {
    fc.assert(
      fc.property(
        seed,
        fc.integer({ min: 2, max: 150 }),
        fc.double({ min: 1, max: 12, noNaN: true }),
        (n, nodes, degree) => {
          const topology = geometric(nodes, degree, seededRandom(n))
          assertSimple(topology)
          assert.ok(isConnected(topology))
          assert.deepEqual(geometric(nodes, degree, seededRandom(n)), topology)
        },
      ),
    )
  })

  it('joins exactly those that are closer than a radius, where that leaves nobody out', () => {
    const { positions = [], links, nodes } = geometric(400, 14, seededRandom('dense'))
    const radius = Math.sqrt((14 * 1e6) / (Math.PI * nodes))
    const joined = new Set(links.map(({ a, b }) => pairKey(a, b)))
    for (const [a, from] of positions.entries()) {
      for (const [b, to] of positions.entries()) {
        if (a < b) assert.equal(joined.has(pairKey(a, b)), Math.hypot(from.x - to.x, from.y - to.y) <= radius)
      }
    }
  })

  it('of 10,000 nodes has about the degree that was asked for', () => {
    const { links } = geometric(10_000, 8, seededRandom('large'))
    const degree = (2 * links.length) / 10_000
    assert.ok(degree > 7.5 && degree < 8.1, String(degree))
  })
})

describe('a map', () => {
  it('has the shortest links', () => {
    const points = [
      { x: 0, y: 0 },
      { x: 10, y: 0 },
      { x: 11, y: 0 },
      { x: 30, y: 0 },
    ]
    const links = nearestLinks(points, 3).map(({ a, b }) => [a, b])
    assert.deepEqual(links, [
      [1, 2],
      [0, 1],
      [0, 2],
    ])
  })

  it('moves each node by the distance', () => {
    const { positions = [], links } = nearest(50, 150, 1000, seededRandom(1))
    assert.equal(links.length, 150)
    const after = moved(positions, 60, seededRandom(2))
    for (const [node, { x, y }] of positions.entries()) {
      const to = after[node]
      assert.ok(to !== undefined && Math.abs(Math.hypot(to.x - x, to.y - y) - 60) < 1e-9)
    }
  })
})

describe('meshes side by side', () => {
  it('have no link between them', () => {
    const both = sideBySide([line(3), line(2)])
    assert.deepEqual(both.parts, [3, 2])
    const graph = graphOf(both)
    assert.equal(graph.hops(0, 2), 2)
    assert.equal(graph.hops(3, 4), 1)
    assert.equal(graph.hops(2, 3), undefined)
  })
})

describe('a graph', () => {
  it('leads round nodes that cannot be used, and to none of them', () => {
    const graph = graphOf(grid(3, 3))
    assert.equal(graph.hops(3, 5), 2)
    graph.setUsable(4, false)
    assert.equal(graph.hops(3, 5), 4)
    assert.equal(graph.hops(3, 4), undefined)
    graph.setUsable(4, true)
    assert.equal(graph.hops(3, 4), 1)
  })

  it('changes with its links', () => {
    const graph = graphOf(line(3))
    graph.disconnect(1, 0)
    assert.equal(graph.hops(0, 2), undefined)
    graph.connect(0, 2)
    assert.equal(graph.hops(0, 1), 2)
    assert.deepEqual(graph.links(), [
      { a: 0, b: 2 },
      { a: 1, b: 2 },
    ])
  })
})
