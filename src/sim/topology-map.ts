/** Graphs of nodes that lie on a plane and have links to those near them. */
import type { Random } from '../runtime/random.ts'
import { type Point, pairKey, perfectLink, type Topology, type TopologyLink } from './topology.ts'

/**
 * A random geometric graph: nodes anywhere on a square kilometre, a link between all that are closer than a
 * radius that gives them `degree` links on average. What is left apart is joined by its shortest way to
 * another piece, so the graph is connected.
 */
export function geometric(nodes: number, degree: number, random: Random): Topology {
  const positions = randomPoints(nodes, 1000, random)
  // Edge nodes have fewer than the π r² n / A neighbours of those inside; degree is the mean of the latter.
  const radius = Math.sqrt((degree * 1e6) / (Math.PI * nodes))
  const cells = new Cells(positions, radius)
  const pieces = new Pieces(nodes)
  const links: TopologyLink[] = []
  const join = (a: number, b: number): void => {
    links.push(perfectLink(a, b))
    pieces.join(a, b)
  }
  for (let node = 0; node < nodes; node++) {
    for (const other of cells.around(node, 1)) {
      if (other > node && distance(positions, node, other) <= radius) join(node, other)
    }
  }
  while (pieces.count > 1) joinNearest(positions, cells, pieces, join)
  return { nodes, links, positions, parts: [nodes] }
}

/** Nodes anywhere on a square, and links between the pairs that are closest, as many as are wanted. */
export function nearest(nodes: number, links: number, sideMetres: number, random: Random): Topology {
  const positions = randomPoints(nodes, sideMetres, random)
  return { nodes, links: nearestLinks(positions, links), positions, parts: [nodes] }
}

/** Each point is moved by the same distance, in a direction of its own. Nothing stops it at an edge. */
export function moved(points: readonly Point[], metres: number, random: Random): Point[] {
  return points.map(({ x, y }) => {
    const angle = 2 * Math.PI * random.float()
    return { x: x + metres * Math.cos(angle), y: y + metres * Math.sin(angle) }
  })
}

/** The `count` shortest of all possible links. */
export function nearestLinks(points: readonly Point[], count: number): TopologyLink[] {
  const pairs: { a: number; b: number; metres: number }[] = []
  for (let a = 0; a < points.length; a++) {
    for (let b = a + 1; b < points.length; b++) pairs.push({ a, b, metres: distance(points, a, b) })
  }
  pairs.sort((one, other) => one.metres - other.metres || pairKey(one.a, one.b) - pairKey(other.a, other.b))
  return pairs.slice(0, count).map(({ a, b }) => perfectLink(a, b))
}

function randomPoints(count: number, side: number, random: Random): Point[] {
  return Array.from({ length: count }, () => ({ x: side * random.float(), y: side * random.float() }))
}

function distance(points: readonly Point[], a: number, b: number): number {
  const from = points[a] as Point
  const to = points[b] as Point
  return Math.hypot(from.x - to.x, from.y - to.y)
}

/** Joins each piece but the largest to the node outside it that is nearest to one of its own. */
function joinNearest(
  points: readonly Point[],
  cells: Cells,
  pieces: Pieces,
  join: (a: number, b: number) => void,
): void {
  for (const members of pieces.smaller()) {
    let best: { a: number; b: number; metres: number } | undefined
    for (let rings = 1; best === undefined; rings++) {
      for (const a of members) {
        for (const b of cells.around(a, rings)) {
          if (pieces.of(a) === pieces.of(b)) continue
          const metres = distance(points, a, b)
          if (best === undefined || metres < best.metres) best = { a, b, metres }
        }
      }
      if (rings > cells.perSide) break // another piece has joined this one: there is nobody outside
    }
    if (best !== undefined) join(best.a, best.b)
  }
}

/** Points sorted into squares, to find those near by without looking at all. */
class Cells {
  readonly perSide: number
  readonly #cellOf: readonly number[]
  readonly #members: readonly number[][]

  constructor(points: readonly Point[], size: number) {
    const perSide = Math.max(1, Math.floor(1000 / size))
    const place = (metres: number): number => Math.min(perSide - 1, Math.floor((metres * perSide) / 1000))
    const members = Array.from({ length: perSide * perSide }, (): number[] => [])
    this.perSide = perSide
    this.#cellOf = points.map(({ x, y }) => place(y) * perSide + place(x))
    this.#cellOf.forEach((cell, node) => {
      members[cell]?.push(node)
    })
    this.#members = members
  }

  /** Nodes in the square of `node` and the squares up to `rings` away, itself among them. */
  *around(node: number, rings: number): Generator<number> {
    const cell = this.#cellOf[node] as number
    const column = cell % this.perSide
    const row = (cell - column) / this.perSide
    for (let y = Math.max(0, row - rings); y <= Math.min(this.perSide - 1, row + rings); y++) {
      for (let x = Math.max(0, column - rings); x <= Math.min(this.perSide - 1, column + rings); x++) {
        yield* this.#members[y * this.perSide + x] ?? []
      }
    }
  }
}

/** Which nodes hang together: union-find with path halving. */
class Pieces {
  readonly #parent: Int32Array
  count: number

  constructor(nodes: number) {
    this.#parent = Int32Array.from({ length: nodes }, (_, node) => node)
    this.count = nodes
  }

  of(node: number): number {
    const parent = this.#parent
    let at = node
    while (parent[at] !== at) {
      parent[at] = parent[parent[at] as number] as number
      at = parent[at] as number
    }
    return at
  }

  join(a: number, b: number): void {
    const root = this.of(a)
    const other = this.of(b)
    if (root === other) return
    this.#parent[root] = other
    this.count -= 1
  }

  /** The members of each piece but the largest. */
  smaller(): number[][] {
    const byRoot = new Map<number, number[]>()
    for (let node = 0; node < this.#parent.length; node++) {
      const root = this.of(node)
      const members = byRoot.get(root)
      if (members === undefined) byRoot.set(root, [node])
      else members.push(node)
    }
    return [...byRoot.values()].toSorted((a, b) => b.length - a.length).slice(1)
  }
}
