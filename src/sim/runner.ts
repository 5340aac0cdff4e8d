/** Plays scenarios: one seed, or many, and gathers what there is to say of each. */
import { systemClock } from '../runtime/clock.ts'
import type { Scenario } from './scenario.ts'
import { type Figures, pingFigures } from './scenario-figures.ts'
import { pingTimes } from './scenario-pings.ts'
import { Stage } from './scenario-stage.ts'
import type { Flow, Violation } from './simulation.ts'
import type { Topology } from './topology.ts'

/** How much virtual time passes between two reports of progress, ms. */
const STEP_MS = 1000
/** Pairs whose next hops are followed at the end of a run. */
const SAMPLED_PATHS = 200

export interface RunOptions {
  /** Stands in for the scenario's own graph. */
  readonly topology?: Topology | undefined
  /** Told about once for every second of virtual time. */
  readonly onProgress?: (progress: Progress) => void
}

export interface Progress {
  readonly seed: string
  /** Virtual seconds. */
  readonly atS: number
  readonly ofS: number
}

/** What came of one seed. */
export interface SeedRun {
  readonly seed: string
  readonly nodes: number
  readonly links: number
  readonly figures: Figures
  /** What has become of the pings that did not arrive: how many are in which state, or failed with which code. */
  readonly lost: Readonly<Record<string, number>>
  readonly violations: readonly Violation[]
  /** The same for every run of the same seed by the same code. */
  readonly traceHash: string
}

interface Act {
  readonly atMs: number
  readonly run: () => void | Promise<void>
}

/** @throws MeshError ERR_USAGE for a scenario that takes its graph from a file where none is given. */
export async function runSeed(scenario: Scenario, seed: string, options: RunOptions = {}): Promise<SeedRun> {
  const startedAt = systemClock.monotonic()
  const stage = new Stage(scenario, seed, options.topology)
  const { simulation, topology } = stage
  const { nodes, links } = topology
  const flows: Flow[] = []
  const acts = [...eventActs(scenario, stage), ...pingActs(scenario, stage, flows)]
  const durationMs = scenario.durationS * 1000
  await stage.start()
  try {
    const startMs = simulation.now
    const runTo = async (untilMs: number): Promise<void> => {
      for (let now = simulation.now - startMs; now < untilMs; now = simulation.now - startMs) {
        await simulation.run(Math.min(STEP_MS, untilMs - now))
        options.onProgress?.({ seed, atS: (simulation.now - startMs) / 1000, ofS: scenario.durationS })
      }
    }
    for (const { atMs, run } of acts.toSorted((a, b) => a.atMs - b.atMs)) {
      if (atMs > durationMs) break
      await runTo(atMs)
      await run()
    }
    await runTo(durationMs)
    const violations = simulation.check()
    const paths = stage.paths(SAMPLED_PATHS)
    return {
      seed,
      nodes,
      links: links.length,
      lost: fatesOf(flows),
      violations,
      traceHash: simulation.traceHash(),
      figures: {
        ...pingFigures(
          flows.map((flow) => sinceStart(flow, startMs)),
          scenario.pings,
        ),
        ...(paths === undefined ? {} : { paths }),
        ...trafficFigures(simulation.traffic(), scenario.durationS),
        wall_s: (systemClock.monotonic() - startedAt) / 1000,
        memory_mb: process.resourceUsage().maxRSS / 1000,
      },
    }
  } finally {
    await simulation.stop()
  }
}

function eventActs(scenario: Scenario, stage: Stage): Act[] {
  return scenario.events.flatMap((event) =>
    Array.from({ length: event.times }, (_, time) => time).flatMap((time): Act[] => {
      const atMs = (event.atS + time * event.everyS) * 1000
      let undo: Awaited<ReturnType<Stage['play']>>
      const act: Act = {
        atMs,
        run: async () => {
          undo = await stage.play(event)
        },
      }
      if (!('forS' in event) || event.forS === undefined) return [act]
      return [act, { atMs: atMs + event.forS * 1000, run: () => undo?.() }]
    }),
  )
}

function pingActs(scenario: Scenario, stage: Stage, flows: Flow[]): Act[] {
  return pingTimes(scenario.pings).map((atMs) => ({
    atMs,
    run: () => {
      const flow = stage.ping()
      if (flow !== undefined) flows.push(flow)
    },
  }))
}

function sinceStart({ sentAt, deliveredAt, receiptAt }: Flow, startMs: number) {
  return {
    sentAt: sentAt - startMs,
    deliveredAt: deliveredAt === undefined ? undefined : deliveredAt - startMs,
    receiptAt: receiptAt === undefined ? undefined : receiptAt - startMs,
  }
}

function fatesOf(flows: readonly Flow[]): Record<string, number> {
  const fates = new Map<string, number>()
  for (const { deliveredAt, state, error } of flows) {
    if (deliveredAt !== undefined) continue
    const fate = error === undefined ? state : `${state} (${error.replace(/:.*/s, '')})`
    fates.set(fate, (fates.get(fate) ?? 0) + 1)
  }
  return Object.fromEntries(fates)
}

/** Means over the nodes and the whole run. */
function trafficFigures(
  traffic: Readonly<Record<'controlBytesReceived' | 'bytesReceived' | 'framesReceived', readonly number[]>>,
  seconds: number,
): Figures {
  const rate = (counts: readonly number[]): number =>
    counts.reduce((sum, count) => sum + count, 0) / Math.max(1, counts.length) / seconds
  return {
    control_bytes_per_s: rate(traffic.controlBytesReceived),
    bytes_per_s: rate(traffic.bytesReceived),
    frames_per_s: rate(traffic.framesReceived),
  }
}

/** `count` seeds from `first` on: 7, 8, 9 or night, night-2, night-3. */
export function seedsFrom(first: string, count: number): string[] {
  const number = /^\d{1,15}$/.test(first) ? Number(first) : undefined
  return Array.from({ length: count }, (_, i) => {
    if (i === 0) return first
    return number === undefined ? `${first}-${i + 1}` : String(number + i)
  })
}
