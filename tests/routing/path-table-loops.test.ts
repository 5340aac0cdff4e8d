/**
 * Small meshes of path tables that tell each other of one destination, in any order, with losses, repetitions,
 * failing links, measured costs and restarts: at no moment may the paths in use lead in a circle.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { PathTable } from '../../src/routing/path-table.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { AnnounceView } from '../../src/wire/announce.ts'
import { announce, offer, originOf } from './path-offers.ts'

const ORIGIN = 0
const LIFETIME = 60

/** One end of a connection while it lasts: what the node `at` sends and receives by. */
interface End {
  readonly at: number
  readonly to: number
  isUp: boolean
}

interface Told {
  readonly from: End
  readonly frame: Uint8Array
}

class Mesh {
  readonly size: number
  readonly tables: PathTable<End>[]
  /** For every edge its two ends. */
  readonly edges: [End, End][]
  readonly underWay: Told[] = []
  readonly #costs = new Map<number, number>()
  /** When the announce of each sequence number was made. */
  readonly #bornAt: number[] = []
  readonly #saved: (Uint8Array | undefined)[] = []
  #sequence = 0
  #now = 0

  constructor(size: number, edges: readonly (readonly [number, number])[]) {
    this.size = size
    this.tables = Array.from({ length: size }, () => newTable())
    this.edges = edges.map(([a, b]) => connect(a, b))
  }

  /** The origin makes a new announce and tells all its neighbours. */
  announce(): void {
    this.#sequence += 1
    for (const end of this.#endsOf(ORIGIN)) this.#send(end, this.#own())
  }

  /** A node tells one neighbour what it has now. */
  tell(edge: number, side: number): void {
    const end = this.#edge(edge)[side % 2] as End
    if (!end.isUp) return
    if (end.at === ORIGIN) {
      if (this.#sequence > 0) this.#send(end, this.#own())
      return
    }
    const table = this.#table(end.at)
    const row = table.find(originOf(ORIGIN), 0)
    if (row >= 0 && table.linkOf(row) !== undefined) this.#send(end, table.frameOf(row))
  }

  /** One of the frames under way arrives; `again` leaves it there to arrive once more. */
  deliver(number: number, again = false): string | undefined {
    if (this.underWay.length === 0) return undefined
    const at = number % this.underWay.length
    const { from, frame } = this.underWay[at] as Told
    if (!again) this.underWay.splice(at, 1)
    const back = this.#otherEnd(from)
    if (back === undefined || back.at === ORIGIN) return undefined
    const view = new AnnounceView(frame)
    const expiresAt = (this.#bornAt[view.sequence] as number) + LIFETIME
    const options = { ...offer(back), announce: view, cost: this.costOf(back.at, back.to), expiresAt }
    return this.#table(back.at).learn({ ...options, origin: originOf(ORIGIN) }, this.#now)
  }

  lose(number: number): void {
    if (this.underWay.length > 0) this.underWay.splice(number % this.underWay.length, 1)
  }

  /** One side notices that the link is gone; when both have, it comes up again as a new one. */
  fail(edge: number, side: number): void {
    const ends = this.#edge(edge)
    this.#down(ends[side % 2] as End)
    if (ends.some(({ isUp }) => isUp)) return
    this.edges[edge % this.edges.length] = connect(ends[0].at, ends[0].to)
  }

  changeCost(edge: number, side: number, cost: number): void {
    const end = this.#edge(edge)[side % 2] as End
    this.#costs.set(this.size * end.at + end.to, cost)
    if (end.isUp) this.#table(end.at).costChanged(end, cost, this.#now)
  }

  /** The neighbour on one link shows that it has no path. */
  drop(edge: number, side: number): void {
    const end = this.#edge(edge)[side % 2] as End
    const table = this.#table(end.at)
    const row = table.find(originOf(ORIGIN), 0)
    if (row >= 0) table.drop(row, end)
  }

  /** A node remembers what it knows, for its next start. */
  save(node: number): void {
    const table = this.#table(node)
    const row = table.find(originOf(ORIGIN), 0)
    this.#saved[node % this.size] = row < 0 ? undefined : table.frameOf(row)
  }

  /** A node forgets everything but what it has saved, as its neighbours lose their links to it. */
  restart(node: number): void {
    const at = node % this.size
    this.edges.forEach((ends, edge) => {
      if (!ends.some((end) => end.at === at)) return
      for (const end of ends) this.#down(end)
      this.edges[edge] = connect(ends[0].at, ends[0].to)
    })
    this.tables[at] = newTable()
    const saved = this.#saved[at]
    if (saved === undefined) return
    const view = new AnnounceView(saved)
    const expiresAt = (this.#bornAt[view.sequence] as number) + LIFETIME
    this.#table(at).restore(originOf(ORIGIN), view, expiresAt, this.#now)
  }

  /** A node gives up what it knows for want of room, while its neighbours go on using it. */
  forget(node: number): void {
    this.tables[node] = newTable()
  }

  wait(): void {
    this.#now += 1
  }

  expire(node: number): void {
    this.#table(node).expire(this.#now)
  }

  costOf(at: number, to: number): number {
    return this.#costs.get(this.size * at + to) ?? 1 + ((5 * at + 3 * to) % 11)
  }

  /** The nodes along the paths in use, from one on. */
  walk(from: number): number[] {
    const walked = [from]
    for (let at = from; at !== ORIGIN; ) {
      const table = this.#table(at)
      const row = table.find(originOf(ORIGIN), 0)
      const next = row < 0 ? undefined : table.linkOf(row)?.to
      if (next === undefined) break
      assert.ok(!walked.includes(next), `a loop: ${[...walked, next].join(' → ')}`)
      walked.push(next)
      at = next
    }
    return walked
  }

  assertNoLoop(): void {
    for (let node = 0; node < this.size; node++) this.walk(node)
  }

  /** Tells whatever changes until nothing does any more. */
  settle(): void {
    this.underWay.length = 0
    this.announce()
    while (this.underWay.length > 0) {
      const { from } = this.underWay[0] as Told
      const learned = this.deliver(0)
      this.assertNoLoop()
      if (!['new', 'fresher', 'better', 'dearer'].includes(learned ?? '')) continue
      this.edges.forEach(([a], edge) => {
        for (const side of [0, 1]) if ((side === 0 ? a.at : a.to) === from.to) this.tell(edge, side)
      })
    }
  }

  #own(): Uint8Array {
    this.#bornAt[this.#sequence] ??= this.#now
    return announce({ origin: ORIGIN, sequence: this.#sequence, told: 0 }).frame
  }

  #send(from: End, frame: Uint8Array): void {
    if (from.isUp) this.underWay.push({ from, frame })
  }

  #down(end: End): void {
    if (!end.isUp) return
    end.isUp = false
    this.#table(end.at).linkDown(end)
  }

  /** The end at which what was sent from one arrives, while both take it for up. */
  #otherEnd(from: End): End | undefined {
    const ends = this.edges.find((pair) => pair.includes(from))
    const other = ends?.find((end) => end !== from)
    return other?.isUp === true ? other : undefined
  }

  #endsOf(node: number): End[] {
    return this.edges.flat().filter(({ at }) => at === node)
  }

  #edge(number: number): [End, End] {
    return this.edges[number % this.edges.length] as [End, End]
  }

  #table(node: number): PathTable<End> {
    return this.tables[node % this.size] as PathTable<End>
  }
}

function newTable(): PathTable<End> {
  return new PathTable({ capacity: 4 }, seededRandom('mesh'))
}

function connect(a: number, b: number): [End, End] {
  return [
    { at: a, to: b, isUp: true },
    { at: b, to: a, isUp: true },
  ]
}

/** A connected graph: each node but the first hangs on an earlier one, and some edges more. */
const graph = fc.integer({ min: 3, max: 7 }).chain((size) =>
  fc
    .tuple(
      fc.tuple(...Array.from({ length: size - 1 }, (_, node) => fc.integer({ min: 0, max: node }))),
      fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 2 * size }),
    )
    .map(([parents, more]) => {
      const pairs = [...parents.map((parent, node) => [parent, node + 1] as const), ...more]
      const keys = new Map(pairs.map(([a, b]) => [`${Math.min(a, b)} ${Math.max(a, b)}`, [a, b] as const]))
      return { size, edges: [...keys.values()].filter(([a, b]) => a !== b) }
    }),
)

const number = fc.nat(999)
const event = fc.record({
  kind: fc.oneof(
    { weight: 6, arbitrary: fc.constant('tell' as const) },
    { weight: 14, arbitrary: fc.constant('deliver' as const) },
    { weight: 2, arbitrary: fc.constant('again' as const) },
    { weight: 1, arbitrary: fc.constant('lose' as const) },
    { weight: 1, arbitrary: fc.constant('announce' as const) },
    { weight: 2, arbitrary: fc.constant('fail' as const) },
    { weight: 3, arbitrary: fc.constant('cost' as const) },
    { weight: 1, arbitrary: fc.constant('drop' as const) },
    { weight: 1, arbitrary: fc.constant('save' as const) },
    { weight: 1, arbitrary: fc.constant('restart' as const) },
    { weight: 2, arbitrary: fc.constant('wait' as const) },
    { weight: 1, arbitrary: fc.constant('expire' as const) },
  ),
  a: number,
  b: number,
  cost: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 100_000 })),
})

function apply(
  mesh: Mesh,
  { kind, a, b, cost }: typeof event extends fc.Arbitrary<infer E> ? E : never,
): void {
  if (kind === 'tell') mesh.tell(a, b)
  else if (kind === 'deliver') mesh.deliver(a)
  else if (kind === 'again') mesh.deliver(a, true)
  else if (kind === 'lose') mesh.lose(a)
  else if (kind === 'announce') mesh.announce()
  else if (kind === 'fail') mesh.fail(a, b)
  else if (kind === 'cost') mesh.changeCost(a, b, cost)
  else if (kind === 'drop') mesh.drop(a, b)
  else if (kind === 'save') mesh.save(a)
  else if (kind === 'restart') mesh.restart(a)
  else if (kind === 'wait') mesh.wait()
  else mesh.expire(a)
}

describe('a mesh of path tables', () => {
  test('never has a loop of next hops, at any moment', () => {
    fc.assert(
      fc.property(graph, fc.array(event, { maxLength: 300, size: 'max' }), ({ size, edges }, events) => {
        const mesh = new Mesh(size, edges)
        mesh.announce()
        for (const one of events) {
          apply(mesh, one)
          mesh.assertNoLoop()
        }
      }),
      { numRuns: 500 },
    )
  })

  test('has a path from everywhere once a new announce has gone round, whatever was before', () => {
    fc.assert(
      fc.property(graph, fc.array(event, { maxLength: 100, size: 'max' }), ({ size, edges }, events) => {
        const mesh = new Mesh(size, edges)
        for (const one of events) apply(mesh, one)
        for (let edge = 0; edge < mesh.edges.length; edge++) {
          for (const side of [0, 1]) if (mesh.edges[edge]?.some(({ isUp }) => !isUp)) mesh.fail(edge, side)
        }
        mesh.settle()
        for (let node = 0; node < size; node++) assert.equal(mesh.walk(node).at(-1), ORIGIN)
      }),
      { numRuns: 200 },
    )
  })

  test('breaks, with the next word of it, the loop through a node that has forgotten what it told', () => {
    const [east, south, west] = [1, 2, 3]
    const mesh = new Mesh(4, [
      [ORIGIN, east],
      [east, south],
      [south, west],
      [west, east],
    ])
    mesh.changeCost(3, 0, 5000)
    mesh.settle()
    assert.deepEqual(mesh.walk(west), [west, south, east, ORIGIN])
    mesh.fail(0, 1)
    mesh.forget(east)
    mesh.tell(3, 0)
    assert.equal(mesh.deliver(0), 'new')
    assert.throws(() => mesh.assertNoLoop(), /a loop: 1 → 3 → 2 → 1/)
    mesh.tell(1, 0)
    assert.equal(mesh.deliver(0), 'lost')
    mesh.assertNoLoop()
  })
})
