/** The oracles that look at the state of nodes rather than at what passes between them. */
import type { MetricsSnapshot } from '../observability/snapshot.ts'
import type { Random } from '../runtime/random.ts'
import type { Network } from './network.ts'
import type { NextHops } from './next-hops.ts'
import type { SimNode } from './sim-node.ts'

/** Pairs that are walked at most; in a larger mesh they are drawn. */
const MOST_WALKS = 5000

/** Nodes from which the mesh is searched at most. */
const MOST_SEARCHES = 64
/** A clock further off than this may find good announces too old or too new, ms. */
const CLOCK_MS = 300_000

/** A line for each table that has more in it than it may. */
export function capacityProblems(snapshot: MetricsSnapshot | undefined): string[] {
  if (snapshot === undefined) return []
  const { routing, store, outbox, seen } = snapshot
  const tables: readonly (readonly [name: string, size: number, capacity: number])[] = [
    ['paths', routing.paths, routing.capacity],
    ['outbox', outbox.waiting, outbox.capacity],
    ['seen', seen.entries, seen.capacity],
    ['store messages', store?.messages ?? 0, store?.maxMessages ?? 0],
    ['store bytes', store?.bytes ?? 0, store?.maxBytes ?? 0],
  ]
  return tables
    .filter(([, size, capacity]) => size > capacity)
    .map(([name, size, capacity]) => `${name}: ${size} of ${capacity}`)
}

/** What a frame with a wrong signature must leave as it is. */
export function footprint({ run }: SimNode): string {
  const snapshot = run?.metricsSnapshot()
  if (snapshot === undefined) return ''
  const { routing, seen, store } = snapshot
  return `paths ${routing.paths}, accepted ${routing.announcesAccepted}, seen ${seen.entries}, store ${store?.stored}`
}

/** The chains of next hops that come back to where they have been. */
export function loops(
  nodes: readonly SimNode[],
  hops: NextHops,
  random: Random,
): { node: number; detail: string }[] {
  const found: { node: number; detail: string }[] = []
  const walk = (from: number, to: number): void => {
    if (from === to || hops.walk(from, to) !== 'loops') return
    found.push({ node: from, detail: `the way to node ${to} leads in a circle` })
  }
  const { length } = nodes
  if (length * length <= MOST_WALKS) {
    for (let from = 0; from < length; from++) for (let to = 0; to < length; to++) walk(from, to)
  } else {
    for (let drawn = 0; drawn < MOST_WALKS; drawn++) walk(random.below(length), random.below(length))
  }
  return found
}

/**
 * Pairs without a path, though there is a way between them over sound links and nodes that announces may go. Left
 * out is what the design leaves to path requests: nodes beyond the reach of announces, tables too small for the
 * mesh, and nodes that have refused frames for being too many.
 */
export function pathless(
  nodes: readonly SimNode[],
  network: Network,
  hops: NextHops,
  random: Random,
): { node: number; detail: string }[] {
  const sound = nodes.map((node) => isSound(node, nodes.length))
  const sources = nodes.length <= MOST_SEARCHES ? nodes : draw(nodes, MOST_SEARCHES, random)
  return sources.flatMap(({ index: from, config }) => {
    if (sound[from] !== true) return []
    const way = new Map([[from, 0]])
    for (const [at, distance] of way) {
      if (distance >= config.announce.max_hops || (at !== from && !isRelay(nodes[at]))) continue
      for (const next of network.soundNeighbours(at)) {
        if (sound[next] === true && !way.has(next)) way.set(next, distance + 1)
      }
    }
    return [...way.keys()]
      .filter((to) => to !== from && hops.next(from, to) === undefined)
      .map((to) => ({ node: from, detail: `no path to node ${to}, ${way.get(to)} sound links away` }))
  })
}

function isSound(node: SimNode, mesh: number): boolean {
  const snapshot = node.run?.metricsSnapshot()
  if (snapshot === undefined || node.machine.isPaused) return false
  const isLimited =
    Object.values(snapshot.rateLimited).some((count) => count > 0) ||
    snapshot.envelopes.some(
      ({ reason, count }) => (reason === 'storm' || reason === 'congested') && count > 0,
    )
  return !isLimited && snapshot.routing.capacity >= mesh && Math.abs(node.machine.offsetMs) < CLOCK_MS
}

function isRelay(node: SimNode | undefined): boolean {
  return node?.config.node.capabilities.includes('relay') ?? false
}

function draw(nodes: readonly SimNode[], count: number, random: Random): SimNode[] {
  return Array.from({ length: count }, () => nodes[random.below(nodes.length)] as SimNode)
}
