/** What the seeds of a scenario come to: figures against targets, and which seeds to look at again. */
import type { SeedRun } from './runner.ts'
import type { FigureTarget, Scenario } from './scenario.ts'
import { FIGURES, type FigureName, median } from './scenario-figures.ts'

export interface ScenarioReport {
  readonly scenario: string
  readonly shows: string
  readonly simulated: true
  readonly signatures: Scenario['signatures']
  readonly grade: string
  readonly nodes: number
  readonly links: number
  /** Virtual time of each run. */
  readonly seconds: number
  /** All targets are met and no oracle was contradicted. */
  readonly ok: boolean
  readonly figures: readonly FigureReport[]
  readonly failures: readonly Failure[]
  readonly runs: readonly SeedRun[]
}

/** Over the seeds. Infinite is "never"; in JSON, which has no infinity, that is null. */
export interface FigureReport {
  readonly figure: FigureName
  readonly unit: string
  readonly median: number
  readonly min: number
  readonly max: number
  /** One for each seed that has it. */
  readonly values: readonly number[]
  readonly target?: FigureTarget
  /** Whether the median keeps the target. */
  readonly met?: boolean
}

/** One seed with something wrong, and how to see it again. */
export interface Failure {
  readonly seed: string
  readonly why: string
  readonly replay: string
}

/**
 * @param written the scenario as it was asked for on the command line.
 * @param topologyFile the file of its graph, where one was given.
 */
export function reportOf(
  scenario: Scenario,
  runs: readonly SeedRun[],
  written: string = scenario.name,
  topologyFile?: string,
): ScenarioReport {
  const replay = (seed: string): string => replayCommand(written, seed, topologyFile)
  const figures = (Object.keys(FIGURES) as FigureName[]).flatMap((figure): FigureReport[] => {
    return figureReport(figure, runs, scenario.targets)
  })
  const failures = runs.flatMap((run): Failure[] => {
    const why = [...figures.flatMap((figure) => missOf(figure, run)), ...violationsOf(run)]
    return why.map((what) => ({ seed: run.seed, why: what, replay: replay(run.seed) }))
  })
  const [first] = runs
  return {
    scenario: scenario.name,
    shows: scenario.shows,
    simulated: true,
    signatures: scenario.signatures,
    grade: scenario.grade.name,
    nodes: first?.nodes ?? 0,
    links: first?.links ?? 0,
    seconds: scenario.durationS,
    ok: figures.every(({ met }) => met !== false) && runs.every(({ violations }) => violations.length === 0),
    figures,
    failures,
    runs,
  }
}

/** A target speaks of a figure that a run does not have: then it is missed. */
function figureReport(
  figure: FigureName,
  runs: readonly SeedRun[],
  targets: readonly FigureTarget[],
): FigureReport[] {
  const target = targets.find((each) => each.figure === figure)
  const values = runs.flatMap(({ figures }) => figures[figure] ?? [])
  const { unit } = FIGURES[figure]
  if (values.length === 0 && target === undefined) return []
  const [min, max] = values.length === 0 ? [NaN, NaN] : [Math.min(...values), Math.max(...values)]
  const report = { figure, unit, median: median(values), min, max, values }
  if (target === undefined) return [report]
  return [{ ...report, target, met: values.length === runs.length && keeps(report.median, target) }]
}

/** A seed is worth a look where it misses a target that the median misses too. */
function missOf({ figure, target, met }: FigureReport, { figures }: SeedRun): string[] {
  if (target === undefined || met !== false) return []
  const value = figures[figure]
  if (value !== undefined && keeps(value, target)) return []
  return [`${figure} is ${value === undefined ? 'unknown' : shownFigure(value)}, not ${inWords(target)}`]
}

function violationsOf({ violations }: SeedRun): string[] {
  return violations.map(({ oracle, at, node, detail }) => {
    return `oracle ${oracle}: ${detail} (node ${node}, at ${shownFigure(at / 1000)} s)`
  })
}

export function keeps(value: number, { bound, value: limit }: FigureTarget): boolean {
  return bound === 'at least' ? value >= limit : value <= limit
}

/** `at most 2` */
export function inWords({ bound, value }: FigureTarget): string {
  return `${bound} ${shownFigure(value)}`
}

const NUMBERS = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 4 })

export function shownFigure(value: number): string {
  if (Number.isNaN(value)) return 'unknown'
  return Number.isFinite(value) ? NUMBERS.format(value) : 'never'
}

/** The command that runs one seed again. */
export function replayCommand(written: string, seed: string, topologyFile?: string): string {
  const words = ['hopwire', 'sim', written, '--seed', seed]
  if (topologyFile !== undefined) words.push('--topology', topologyFile)
  return words.map(shellWord).join(' ')
}

function shellWord(word: string): string {
  return /^[\w./:=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
