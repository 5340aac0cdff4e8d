/** The oracles that look at the state of nodes rather than at what passes between them. */
import type { MetricsSnapshot } from '../observability/snapshot.ts'
import type { Random } from '../runtime/random.ts'
import type { NextHops } from './next-hops.ts'
import type { SimNode } from './sim-node.ts'

/** Pairs that are walked at most; in a larger mesh they are drawn. */
const MOST_WALKS = 5000

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
