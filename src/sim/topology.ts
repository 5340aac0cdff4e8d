/** Who has a link to whom: graphs for simulations, made from a few numbers and a seed. */
import type { Random } from '../runtime/random.ts'

/** Nodes are 0 to `nodes` - 1. Both ends see a link; no pair has two. */
export interface Topology {
  readonly nodes: number
  readonly links: readonly TopologyLink[]
  /** Metres, one point a node, where the graph comes from a map. */
  readonly positions?: readonly Point[]
  /** Nodes of each mesh, for graphs of several that nothing joins: the first has 0 to `parts[0]` - 1. */
  readonly parts: readonly number[]
}

export interface TopologyLink {
  readonly a: number
  readonly b: number
  /** The share of frames that arrive, 0 to 1, from `a` to `b` and back. */
  readonly qualityAB: number
  readonly qualityBA: number
}

export interface Point {
  readonly x: number
  readonly y: number
}

export function perfectLink(a: number, b: number): TopologyLink {
  return { a, b, qualityAB: 1, qualityBA: 1 }
}

/** A mesh in one piece. */
export function topologyOf(nodes: number, links: readonly TopologyLink[]): Topology {
  return { nodes, links, parts: [nodes] }
}

/** Each node has links to those left, right, above and below. Node numbers run along the rows. */
export function grid(width: number, height: number): Topology {
  const links: TopologyLink[] = []
  for (let node = 0; node < width * height; node++) {
    if ((node + 1) % width !== 0) links.push(perfectLink(node, node + 1))
    if (node + width < width * height) links.push(perfectLink(node, node + width))
  }
  return topologyOf(width * height, links)
}

export function line(nodes: number): Topology {
  return grid(nodes, 1)
}

/** Each node but the first hangs on one that came before it, all equally likely: a random recursive tree. */
export function randomTree(nodes: number, random: Random): Topology {
  const links = Array.from({ length: nodes - 1 }, (_, i) => perfectLink(random.below(i + 1), i + 1))
  return topologyOf(nodes, links)
}

/** Several meshes side by side with no link between them, the nodes of the later ones renumbered. */
export function sideBySide(meshes: readonly Topology[]): Topology {
  const links: TopologyLink[] = []
  let nodes = 0
  for (const mesh of meshes) {
    const first = nodes
    for (const link of mesh.links) links.push({ ...link, a: link.a + first, b: link.b + first })
    nodes += mesh.nodes
  }
  return { nodes, links, parts: meshes.map((mesh) => mesh.nodes) }
}

/** A number for a pair of nodes, the same from both ends. */
export function pairKey(a: number, b: number): number {
  return a < b ? a * 2 ** 26 + b : b * 2 ** 26 + a
}
