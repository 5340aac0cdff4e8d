/** The `[pings]` table of a scenario: the messages by which a mesh is measured. */
import type { Random } from '../runtime/random.ts'
import type { Fields } from './scenario-fields.ts'
import type { Topology } from './topology.ts'
import type { Graph } from './topology-graph.ts'

/**
 * Rounds of messages, each between a pair that is drawn when it is sent, so from among nodes that are up and
 * honest and have a way between them over such nodes.
 */
export interface PingPlan {
  readonly firstS: number
  readonly rounds: number
  /** From the start of a round to that of the next. */
  readonly everyS: number
  /** Messages of a round, and the time over which they are spread. */
  readonly count: number
  readonly overS: number
  /** What arrives later counts as lost. */
  readonly withinS: number
  /** Counts a message only when its receipt is back in time, as the echo of a ping has to be. */
  readonly answered: boolean
  readonly bytes: number
  /** Links on the shortest way between a pair, at least. */
  readonly minHops: number
  readonly pairs: PairRule
  /** From when times are counted, and before which no message is: the first round where nothing is said. */
  readonly sinceS: number | undefined
}

/** Any pair, pairs whose ends lie in different meshes of the start, or one pair throughout. */
export type PairRule = 'any' | 'across' | readonly [from: number, to: number]

const SECONDS = { min: 0, max: 7 * 86_400, fraction: true }
const MOST_PINGS = 1_000_000
/** Draws for one pair before the graph counts as having none. */
const MOST_DRAWS = 1000

export function readPings(fields: Fields): PingPlan {
  const plan = {
    firstS: fields.number('first_s', SECONDS, 0),
    rounds: fields.number('rounds', { min: 1, max: 100_000 }, 1),
    everyS: fields.number('every_s', { ...SECONDS, min: 0.001 }, 1),
    count: fields.number('count', { min: 1, max: 100_000 }, 1),
    overS: fields.number('over_s', SECONDS, 0),
    withinS: fields.number('within_s', { ...SECONDS, min: 0.001 }),
    answered: fields.flag('answered', false),
    bytes: fields.number('bytes', { min: 0, max: 60_000 }, 32),
    minHops: fields.number('min_hops', { min: 1, max: 1000 }, 1),
    pairs: readPairs(fields),
    sinceS: fields.has('since_s') ? fields.number('since_s', SECONDS) : undefined,
  }
  if (plan.rounds * plan.count > MOST_PINGS) fields.problem('', `rounds times count is over ${MOST_PINGS}`)
  fields.end()
  return plan
}

function readPairs(fields: Fields): PairRule {
  const isNode = (entry: unknown): entry is number => Number.isInteger(entry) && (entry as number) >= 0
  if (!fields.has('between')) return fields.choice('pairs', ['any', 'across'], 'any')
  const [from = 0, to = 1, ...more] = fields.list('between', 'two nodes, such as [0, 7]', isNode)
  if (from === to || more.length > 0) fields.problem('between', 'expected two different nodes')
  return [from, to]
}

/** When each message goes out, ms from the start, in order. */
export function pingTimes(plan: PingPlan): number[] {
  const times: number[] = []
  for (let round = 0; round < plan.rounds; round++) {
    const start = plan.firstS + round * plan.everyS
    for (let i = 0; i < plan.count; i++) times.push((start + (i * plan.overS) / plan.count) * 1000)
  }
  return times.sort((a, b) => a - b)
}

/** A pair for a message now; undefined where none is found that the plan allows. */
export function drawPair(
  { pairs, minHops }: PingPlan,
  { parts }: Topology,
  graph: Graph,
  random: Random,
): readonly [from: number, to: number] | undefined {
  const fits = (from: number, to: number): boolean => (graph.hops(from, to) ?? 0) >= minHops
  if (typeof pairs !== 'string') return fits(...pairs) ? pairs : undefined
  for (let draw = 0; draw < MOST_DRAWS; draw++) {
    const from = random.below(graph.nodes)
    const to = random.below(graph.nodes)
    if (from === to || (pairs === 'across' && partOf(parts, from) === partOf(parts, to))) continue
    if (fits(from, to)) return [from, to]
  }
  return undefined
}

function partOf(parts: readonly number[], node: number): number {
  let first = 0
  for (let part = 0; part < parts.length; part++) {
    first += parts[part] as number
    if (node < first) return part
  }
  return parts.length
}
