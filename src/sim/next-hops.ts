/** The way through a simulated mesh as the nodes' own tables have it, next hop after next hop. */
import type { SimNode } from './sim-node.ts'

export class NextHops {
  readonly #nodes: readonly SimNode[]
  readonly #byAddress: ReadonlyMap<string, number>

  constructor(nodes: readonly SimNode[]) {
    this.#nodes = nodes
    this.#byAddress = new Map(nodes.map(({ address, index }) => [address.toString(), index]))
  }

  /** The neighbour to which `at` sends what is for `to`, or undefined. */
  next(at: number, to: number): number | undefined {
    const destination = this.#nodes[to]?.address
    const path = destination && this.#nodes[at]?.node?.pathTo(destination)
    return path === undefined ? undefined : this.#byAddress.get(path.nextHop)
  }

  /** The nodes from one to the other, both included; `ends` or `loops` where they do not lead there. */
  walk(from: number, to: number): readonly number[] | 'ends' | 'loops' {
    const way = [from]
    const seen = new Set(way)
    for (let at = from; at !== to; ) {
      const next = this.next(at, to)
      if (next === undefined) return 'ends'
      if (seen.has(next)) return 'loops'
      seen.add(next)
      way.push(next)
      at = next
    }
    return way
  }
}
