/** Graphs from files: `{"nodes": N, "links": [[a, b, qualityAB, qualityBA], ...]}`, nodes 0 to N - 1. */
import { describe, isTable } from '../config/show.ts'
import { MeshError } from '../runtime/errors.ts'
import { readText } from './scenario-text.ts'
import { pairKey, type Topology, type TopologyLink, topologyOf } from './topology.ts'

const MAX_TOPOLOGY_BYTES = 64 * 1024 * 1024
export const MAX_TOPOLOGY_NODES = 100_000

/** @throws MeshError ERR_CONFIG that names the file and the first thing wrong with it. */
export async function readTopology(file: string): Promise<Topology> {
  return parseTopology(await readText(file, MAX_TOPOLOGY_BYTES), file)
}

/**
 * The same for a text that has been read already.
 *
 * @param file names the text in errors.
 */
export function parseTopology(text: string, file: string): Topology {
  const complaint = (what: string): MeshError =>
    new MeshError('ERR_CONFIG', `${file}: ${what}`, { context: { file } })
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw complaint('not valid JSON')
  }
  if (!isTable(json)) throw complaint(`expected {"nodes": N, "links": [...]}, got ${describe(json)}`)
  const unknown = Object.keys(json).find((key) => key !== 'nodes' && key !== 'links')
  if (unknown !== undefined) throw complaint(`unknown key ${JSON.stringify(unknown.slice(0, 40))}`)
  const { nodes, links } = json as { nodes?: unknown; links?: unknown }
  if (nodes === undefined || links === undefined) {
    throw complaint(`${nodes === undefined ? 'nodes' : 'links'} is missing`)
  }
  if (!isWhole(nodes, 1, MAX_TOPOLOGY_NODES)) {
    throw complaint(`nodes: expected a whole number, 1 to ${MAX_TOPOLOGY_NODES}, got ${describe(nodes)}`)
  }
  if (!Array.isArray(links)) throw complaint(`links: expected a list, got ${describe(links)}`)
  const seen = new Set<number>()
  return topologyOf(
    nodes,
    links.map((link: unknown, index) => {
      const wrong = wrongWithLink(link, nodes, seen)
      if (wrong !== undefined) throw complaint(`links[${index}]: ${wrong}`)
      const [a, b, qualityAB = 1, qualityBA = 1] = link as number[]
      return { a, b, qualityAB, qualityBA } as TopologyLink
    }),
  )
}

function wrongWithLink(link: unknown, nodes: number, seen: Set<number>): string | undefined {
  if (!Array.isArray(link) || (link.length !== 2 && link.length !== 4)) {
    const got = Array.isArray(link) ? `a list of ${link.length}` : describe(link)
    return `expected [a, b] or [a, b, qualityAB, qualityBA], got ${got}`
  }
  const [a, b, ...qualities] = link as readonly unknown[]
  for (const end of [a, b]) {
    if (!isWhole(end, 0, nodes - 1)) return `expected a node, 0 to ${nodes - 1}, got ${describe(end)}`
  }
  for (const quality of qualities) {
    if (typeof quality !== 'number' || !(quality >= 0 && quality <= 1)) {
      return `expected a quality, 0 to 1, got ${describe(quality)}`
    }
  }
  if (a === b) return `joins node ${a} to itself`
  const key = pairKey(a as number, b as number)
  if (seen.has(key)) return `joins nodes ${a} and ${b} a second time`
  seen.add(key)
  return undefined
}

function isWhole(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
}
