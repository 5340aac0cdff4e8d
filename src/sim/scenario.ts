/** Scenarios: `sim/scenarios/*.toml`, read strictly (docs/simulation.md). */
import type { Assignments } from '../config/collect.ts'
import { collect } from '../config/collect.ts'
import type { PartialConfig } from '../config/config.ts'
import { isTable } from '../config/show.ts'
import { namedNodes, readEvents, type ScenarioEvent } from './scenario-events.ts'
import { type Fields, TomlFields } from './scenario-fields.ts'
import { FIGURES, type FigureName } from './scenario-figures.ts'
import type { LinkGrade } from './scenario-grades.ts'
import { type PingPlan, pingTimes, readPings } from './scenario-pings.ts'
import { readTopologySpec, type TopologySpec } from './scenario-topology.ts'
import { MAX_TOPOLOGY_NODES } from './topology-file.ts'

export interface Scenario {
  /** The name of its file without `.toml`. */
  readonly name: string
  /** What it shows, in a sentence. */
  readonly shows: string
  readonly topology: TopologySpec
  readonly grade: LinkGrade
  /** What the nodes' configuration has other than the defaults. */
  readonly config: PartialConfig
  readonly durationS: number
  /** How many seeds it runs over where nobody asks for another number. */
  readonly seeds: number
  /** Real signatures, or a stand-in that costs next to nothing, for meshes of more than 1,000 nodes. */
  readonly signatures: 'ed25519' | 'stand-in'
  readonly pings: PingPlan
  readonly events: readonly ScenarioEvent[]
  readonly targets: readonly FigureTarget[]
}

/** A bound on the median of a figure over the seeds. */
export interface FigureTarget {
  readonly figure: FigureName
  readonly bound: 'at least' | 'at most'
  readonly value: number
  /** The best that others have published, and who. */
  readonly published: string | undefined
}

/**
 * @param file names the text in errors, and the scenario.
 * @throws MeshError ERR_CONFIG: a line for each problem, with the file, its line and the key.
 */
export function parseScenario(text: string, file: string, grades: ReadonlyMap<string, LinkGrade>): Scenario {
  const toml = new TomlFields(text, file)
  const { top } = toml
  const scenario: Scenario = {
    name: file.replace(/^.*[/\\]/, '').replace(/\.toml$/, ''),
    shows: top.text('shows'),
    topology: readTopologySpec(top.table('topology')),
    grade: readGradeName(top, grades),
    config: readConfig(top, toml),
    durationS: top.number('duration_s', { min: 0.1, max: 7 * 86_400, fraction: true }),
    seeds: top.number('seeds', { min: 1, max: 10_000 }, 5),
    signatures: top.choice('signatures', ['ed25519', 'stand-in'], 'ed25519'),
    pings: readPings(top.table('pings')),
    events: readEvents(top.table('events')),
    targets: readTargets(top.table('targets')),
  }
  top.end()
  toml.problems.throwIfAny()
  checkTogether(scenario, top)
  toml.problems.throwIfAny()
  return scenario
}

function readGradeName(top: Fields, grades: ReadonlyMap<string, LinkGrade>): LinkGrade {
  const [first = '', ...others] = grades.keys()
  // An unknown name is a problem already: any grade will do for the rest of the reading.
  return grades.get(top.choice('grade', [first, ...others])) as LinkGrade
}

function readConfig(top: Fields, toml: TomlFields): PartialConfig {
  const table = top.table('config').raw()
  const assigned: Assignments = new Map()
  collect(table, (path) => toml.place(path === '' ? 'config' : `config.${path}`), assigned, toml.problems)
  return isTable(table) ? (table as PartialConfig) : {}
}

function readTargets(fields: Fields): FigureTarget[] {
  const targets: FigureTarget[] = []
  for (const name of Object.keys(FIGURES) as FigureName[]) {
    if (!fields.has(name)) continue
    const target = fields.table(name)
    const isAtLeast = target.has('at_least')
    if (isAtLeast === target.has('at_most')) target.problem('', 'needs one of at_least and at_most')
    targets.push({
      figure: name,
      bound: isAtLeast ? 'at least' : 'at most',
      value: target.number(isAtLeast ? 'at_least' : 'at_most', { min: 0, max: 1e12, fraction: true }, 0),
      published: target.has('published') ? target.text('published') : undefined,
    })
    target.end()
  }
  fields.end()
  return targets
}

function checkTogether({ topology, durationS, pings, events }: Scenario, top: Fields): void {
  const nodes = nodesOf(topology)
  if (nodes !== Number.POSITIVE_INFINITY && nodes > MAX_TOPOLOGY_NODES) {
    top.problem('topology', `${nodes} nodes are too many: at most ${MAX_TOPOLOGY_NODES}`)
  }
  const eventTables = top.table('events')
  for (const event of events) {
    const unknown = namedNodes(event).find((node) => node >= nodes)
    if (unknown !== undefined)
      eventTables.problem(event.name, `there is no node ${unknown}: the last is ${nodes - 1}`)
    if (event.atS > durationS) eventTables.problem(event.name, 'comes after the end, which is duration_s')
    if (event.kind === 'move' && topology.kind !== 'nearest') {
      eventTables.problem(event.name, 'needs a topology of the kind nearest: others have no map')
    }
  }
  const pingTable = top.table('pings')
  if (typeof pings.pairs !== 'string' && Math.max(...pings.pairs) >= nodes) {
    pingTable.problem('between', `there is no such node: the last is ${nodes - 1}`)
  }
  const lastS = (pingTimes(pings).at(-1) ?? 0) / 1000
  if (lastS + pings.withinS > durationS + 1e-6) {
    const needed = Math.ceil((lastS + pings.withinS) * 1000) / 1000
    pingTable.problem('', `the last ping has until ${needed} s to arrive, which is after the end, duration_s`)
  }
}

/** Infinite for a graph from a file, which nobody has seen yet. */
function nodesOf(topology: TopologySpec): number {
  switch (topology.kind) {
    case 'file':
      return Number.POSITIVE_INFINITY
    case 'grid':
      return topology.width * topology.height * topology.copies
    default:
      return topology.nodes * topology.copies
  }
}
