/** What a run is measured by. */
import type { PingPlan } from './scenario-pings.ts'

/** Every figure there is: its unit, and what it says. Scenarios set targets by these names. */
export const FIGURES = {
  delivery: { unit: 'share', about: 'pings that arrived in time, of those sent' },
  converged_s: {
    unit: 's',
    about:
      'from since_s until 95 % of a round had arrived, the first from which on each round came as far in time',
  },
  next_delivery_s: { unit: 's', about: 'from since_s to the first arrival of a ping sent after it' },
  paths: {
    unit: 'share',
    about: 'pairs with a way between them at the end, whose next hops lead to the other',
  },
  latency_ms: { unit: 'ms', about: 'one way, median of the pings that arrived in time' },
  control_bytes_per_s: { unit: 'B/s', about: 'control traffic that a node received, mean over the nodes' },
  bytes_per_s: { unit: 'B/s', about: 'all traffic that a node received, mean over the nodes' },
  frames_per_s: { unit: 'frames/s', about: 'the same in frames' },
  pings: { unit: 'pings', about: 'pings that were sent and counted' },
  wall_s: { unit: 's', about: 'time the simulation took on this machine' },
  memory_mb: { unit: 'MB', about: 'the most memory the process has had so far' },
} as const

export type FigureName = keyof typeof FIGURES

/** Infinite is "never". A figure is missing where a run has nothing to say about it. */
export type Figures = { readonly [F in FigureName]?: number }

/** The share of a round's pings by which a mesh counts as converged, as others measure it. */
const CONVERGED = 0.95

/** One ping: times in ms from the start of the run; undefined for what has not happened. */
export interface Ping {
  readonly sentAt: number
  readonly deliveredAt?: number | undefined
  readonly receiptAt?: number | undefined
}

export function pingFigures(pings: readonly Ping[], plan: PingPlan): Figures {
  const sinceMs = (plan.sinceS ?? plan.firstS) * 1000
  const counted = pings.filter(({ sentAt }) => sentAt > sinceMs - 1e-6)
  const arrived = counted.filter((ping) => arrival(ping, plan) < Infinity)
  if (counted.length === 0) return { pings: 0 }
  const next = counted.reduce((least, { deliveredAt }) => Math.min(least, deliveredAt ?? Infinity), Infinity)
  return {
    pings: counted.length,
    delivery: arrived.length / counted.length,
    converged_s: (convergedAt(counted, plan) - sinceMs) / 1000,
    ...(plan.sinceS === undefined ? {} : { next_delivery_s: (next - sinceMs) / 1000 }),
    ...(arrived.length === 0
      ? {}
      : { latency_ms: median(arrived.map(({ sentAt, deliveredAt = Infinity }) => deliveredAt - sentAt)) }),
  }
}

/** When it arrived, or where the plan asks for it its answer did, ms; infinite where it was not in time. */
function arrival(ping: Ping, { answered, withinS }: PingPlan): number {
  const at = (answered ? ping.receiptAt : ping.deliveredAt) ?? Infinity
  return at - ping.sentAt <= withinS * 1000 ? at : Infinity
}

/**
 * Takes the first round from which on 95 % of every round's pings arrived in time.
 *
 * @returns when it had that many, ms; infinite where not even the last round is good.
 */
function convergedAt(pings: readonly Ping[], plan: PingPlan): number {
  const rounds = Map.groupBy(pings, ({ sentAt }) =>
    Math.floor((sentAt - plan.firstS * 1000) / (plan.everyS * 1000) + 1e-9),
  )
  let converged = Infinity
  for (const round of [...rounds.keys()].toSorted(descending)) {
    const arrivals = (rounds.get(round) ?? []).map((ping) => arrival(ping, plan)).toSorted(ascending)
    const enough = arrivals[Math.ceil(CONVERGED * arrivals.length) - 1] ?? Infinity
    if (enough === Infinity) break
    converged = enough
  }
  return converged
}

// Not by subtraction, which makes no number of two infinite ones.
function ascending(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function descending(a: number, b: number): number {
  return ascending(b, a)
}

/** The middle value; of an even number the mean of the two. Infinite values count as the largest. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted(ascending)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  if (sorted.length % 2 === 1) return upper
  return ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}
