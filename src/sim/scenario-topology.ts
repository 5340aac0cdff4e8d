/** The `[topology]` table of a scenario: what it says, and the graph it makes. */
import { MeshError } from '../runtime/errors.ts'
import type { Random } from '../runtime/random.ts'
import type { LinkModel } from './link-model.ts'
import type { Fields } from './scenario-fields.ts'
import {
  grid,
  line,
  pairKey,
  perfectLink,
  randomTree,
  sideBySide,
  type Topology,
  type TopologyLink,
  topologyOf,
} from './topology.ts'
import { MAX_TOPOLOGY_NODES } from './topology-file.ts'
import { geometric, nearest } from './topology-map.ts'

export type TopologySpec = OneMesh & {
  /** How many of them stand side by side. */
  readonly copies: number
}

type OneMesh =
  | { readonly kind: 'grid'; readonly width: number; readonly height: number }
  | { readonly kind: 'line' | 'tree'; readonly nodes: number }
  | { readonly kind: 'geometric'; readonly nodes: number; readonly degree: number }
  | { readonly kind: 'nearest'; readonly nodes: number; readonly links: number; readonly sideM: number }
  | { readonly kind: 'links'; readonly nodes: number; readonly links: readonly TopologyLink[] }
  | { readonly kind: 'file'; readonly qualityIsLoss: boolean }

const KINDS = ['grid', 'line', 'tree', 'geometric', 'nearest', 'links', 'file'] as const
const NODES = { min: 2, max: MAX_TOPOLOGY_NODES }
/** Pairs of nodes are compared one by one: beyond this the map would take minutes. */
const MOST_ON_A_MAP = 2000

export function readTopologySpec(fields: Fields): TopologySpec {
  const kind = fields.choice('kind', KINDS)
  const spec = readMesh(fields, kind)
  const copies = fields.number('copies', { min: 1, max: 16 }, 1)
  if (kind === 'file' && copies > 1) fields.problem('copies', 'a file stands for one graph')
  fields.end()
  return { ...spec, copies }
}

function readMesh(fields: Fields, kind: (typeof KINDS)[number]): OneMesh {
  switch (kind) {
    case 'grid':
      return {
        kind,
        width: fields.number('width', { min: 1, max: 1000 }),
        height: fields.number('height', { min: 1, max: 1000 }),
      }
    case 'line':
    case 'tree':
      return { kind, nodes: fields.number('nodes', NODES) }
    case 'geometric':
      return {
        kind,
        nodes: fields.number('nodes', NODES),
        degree: fields.number('degree', { min: 1, max: 64, fraction: true }),
      }
    case 'nearest':
      return {
        kind,
        nodes: fields.number('nodes', { min: 2, max: MOST_ON_A_MAP }),
        links: fields.number('links', { min: 1, max: 100_000 }),
        sideM: fields.number('side_m', { min: 1, max: 1_000_000 }),
      }
    case 'links':
      return readLinks(fields)
    case 'file':
      return { kind, qualityIsLoss: fields.flag('quality_is_loss', false) }
  }
}

function readLinks(fields: Fields): OneMesh {
  const nodes = fields.number('nodes', NODES)
  const isLink = (entry: unknown): entry is readonly [number, number] =>
    Array.isArray(entry) &&
    entry.length === 2 &&
    entry.every((node) => Number.isInteger(node) && node >= 0 && node < nodes) &&
    entry[0] !== entry[1]
  const ends = fields.list('links', `a list of links [a, b] between two nodes, 0 to ${nodes - 1}`, isLink)
  if (new Set(ends.map(([a, b]) => pairKey(a, b))).size < ends.length) {
    fields.problem('links', 'joins two nodes twice')
  }
  return { kind: 'links', nodes, links: ends.map(([a, b]) => perfectLink(a, b)) }
}

/**
 * @param given stands in for what the scenario says: the graph of `--topology`.
 * @throws MeshError ERR_USAGE where the scenario is about graphs of files and none is given.
 */
export function buildTopology(spec: TopologySpec, random: Random, given?: Topology): Topology {
  if (given !== undefined) return spec.kind === 'file' && spec.qualityIsLoss ? withoutDeadLinks(given) : given
  if (spec.copies === 1) return buildMesh(spec, random)
  return sideBySide(
    Array.from({ length: spec.copies }, (_, copy) => buildMesh(spec, random.fork(`copy ${copy}`))),
  )
}

/** A link that carries nothing one way is none: each frame has to be acknowledged. */
function withoutDeadLinks(topology: Topology): Topology {
  return {
    ...topology,
    links: topology.links.filter(({ qualityAB, qualityBA }) => qualityAB * qualityBA > 0),
  }
}

/** What a link is like, where its quality counts. */
export function linkModel(
  spec: TopologySpec,
  grade: Partial<LinkModel>,
  { qualityAB, qualityBA }: TopologyLink,
): Partial<LinkModel> {
  if (spec.kind !== 'file' || !spec.qualityIsLoss) return grade
  return { ...grade, loss: 1 - qualityAB, reverse: { loss: 1 - qualityBA } }
}

function buildMesh(spec: OneMesh, random: Random): Topology {
  switch (spec.kind) {
    case 'grid':
      return grid(spec.width, spec.height)
    case 'line':
      return line(spec.nodes)
    case 'tree':
      return randomTree(spec.nodes, random)
    case 'geometric':
      return geometric(spec.nodes, spec.degree, random)
    case 'nearest':
      return nearest(spec.nodes, spec.links, spec.sideM, random)
    case 'links':
      return topologyOf(spec.nodes, spec.links)
    case 'file':
      throw new MeshError('ERR_USAGE', 'this scenario takes its graph from a file: give one with --topology')
  }
}
