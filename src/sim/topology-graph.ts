/** A graph whose links and nodes come and go: what the simulator knows and the nodes have to find out. */
import { pairKey } from './topology.ts'

export class Graph {
  readonly nodes: number
  readonly #neighbours: readonly Set<number>[]
  /** Nodes through which nothing can be expected to pass: they are down, or hostile. */
  readonly #unusable = new Set<number>()
  /** One slot a node for the walks: the walk that saw it last, and at what distance. */
  readonly #seen: Uint32Array
  readonly #distance: Uint32Array
  #walk = 0

  constructor(nodes: number, links: Iterable<{ readonly a: number; readonly b: number }>) {
    this.nodes = nodes
    this.#neighbours = Array.from({ length: nodes }, () => new Set<number>())
    this.#seen = new Uint32Array(nodes)
    this.#distance = new Uint32Array(nodes)
    for (const { a, b } of links) this.connect(a, b)
  }

  connect(a: number, b: number): void {
    this.#neighbours[a]?.add(b)
    this.#neighbours[b]?.add(a)
  }

  disconnect(a: number, b: number): void {
    this.#neighbours[a]?.delete(b)
    this.#neighbours[b]?.delete(a)
  }

  has(a: number, b: number): boolean {
    return this.#neighbours[a]?.has(b) ?? false
  }

  setUsable(node: number, usable: boolean): void {
    if (usable) this.#unusable.delete(node)
    else this.#unusable.add(node)
  }

  isUsable(node: number): boolean {
    return !this.#unusable.has(node)
  }

  links(): { readonly a: number; readonly b: number }[] {
    const links = new Map<number, { a: number; b: number }>()
    this.#neighbours.forEach((others, node) => {
      for (const other of others) {
        const [a, b] = node < other ? [node, other] : [other, node]
        links.set(pairKey(a, b), { a, b })
      }
    })
    return [...links.values()]
  }

  /** Links on the shortest way between two usable nodes over usable ones; undefined where there is none. */
  hops(from: number, to: number): number | undefined {
    if (!this.isUsable(from) || !this.isUsable(to)) return undefined
    if (from === to) return 0
    this.#walk += 1
    this.#seen[from] = this.#walk
    this.#distance[from] = 0
    const queue = [from]
    for (let next = 0; next < queue.length; next++) {
      const node = queue[next] as number
      const hops = (this.#distance[node] as number) + 1
      for (const other of this.#neighbours[node] as Set<number>) {
        if (other === to) return hops
        if (this.#seen[other] === this.#walk || this.#unusable.has(other)) continue
        this.#seen[other] = this.#walk
        this.#distance[other] = hops
        queue.push(other)
      }
    }
    return undefined
  }
}
