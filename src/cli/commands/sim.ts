import {
  type Failure,
  type FigureReport,
  inWords,
  type ScenarioReport,
  shownFigure,
} from '../../sim/report.ts'
import type { Progress } from '../../sim/runner.ts'
import { command, usageError } from '../command.ts'
import { Exit } from '../exit.ts'
import { JSON_OPTION } from '../node-client.ts'
import { printJson, printLines, printTable } from '../table.ts'
import { printable } from '../terminal.ts'

const MOST_SEEDS = 100_000
/** Fates of pings in the report for people; --json has all. */
const MOST_SHOWN = 12
/** Things found wrong with one seed that are printed. */
const MOST_OF_A_SEED = 5

export const sim = command({
  name: 'sim',
  usage: '[SCENARIO]...',
  about: `\
Runs the node's own code on a simulated mesh, in virtual time, and holds what it measures against the
targets of the scenario. SCENARIO is one of those that --list names, or a file that ends in .toml.

A run is repeatable: the same seed gives the same run. All figures are simulated; wall_s and memory_mb
are those of this machine. Exits with 1 where a target is missed or an oracle was contradicted, and
prints the command that runs each failing seed again.`,
  options: {
    list: { type: 'boolean', help: 'List the scenarios and what each of them shows.' },
    seed: {
      type: 'string',
      value: 'S',
      help: 'The first seed, any text. Runs it alone unless --seeds is given.',
    },
    seeds: { type: 'string', value: 'N', help: 'How many seeds to run. Default: what the scenario says.' },
    topology: {
      type: 'string',
      value: 'FILE',
      help: 'A graph instead of that of the scenario: {"nodes": N, "links": [[a, b], ...]} in JSON.',
    },
    json: JSON_OPTION,
  },
  arguments: { min: 0, max: 1000 },
  async run({ list = false, seed, seeds, topology: topologyFile, json = false }, names) {
    const { loadScenario, scenarioNames } = await import('../../sim/scenario-folder.ts')
    if (list) {
      const scenarios = await Promise.all((await scenarioNames()).map(loadScenario))
      if (json) printJson(scenarios)
      else
        printTable(
          [{ head: 'SCENARIO' }, { head: 'SEEDS', right: true }, { head: 'SHOWS' }],
          scenarios.map(({ name, seeds, shows }) => [name, String(seeds), shows]),
        )
      return Exit.ok
    }
    if (names.length === 0) throw usageError('sim', 'name a scenario; --list has all')
    const count = seeds === undefined ? undefined : wholeNumber('--seeds', seeds)
    const scenarios = await Promise.all(names.map(loadScenario))
    const topology =
      topologyFile === undefined
        ? undefined
        : await (await import('../../sim/topology-file.ts')).readTopology(topologyFile)
    const { runSeed, seedsFrom } = await import('../../sim/runner.ts')
    const { reportOf } = await import('../../sim/report.ts')

    const reports: ScenarioReport[] = []
    for (const [index, scenario] of scenarios.entries()) {
      const wanted = seedsFrom(seed ?? '1', count ?? (seed === undefined ? scenario.seeds : 1))
      const runs = []
      for (const [nth, each] of wanted.entries()) {
        const onProgress = (progress: Progress): void =>
          showProgress(`${scenario.name}: seed ${nth + 1} of ${wanted.length}`, progress)
        runs.push(await runSeed(scenario, each, { topology, onProgress }))
      }
      clearProgress()
      const report = reportOf(scenario, runs, names[index], topologyFile)
      if (!json) printReport(report, reports.length > 0)
      reports.push(report)
    }
    const ok = reports.every((report) => report.ok)
    if (json) printJson({ ok, reports })
    return ok ? Exit.ok : Exit.failed
  },
})

function printReport(report: ScenarioReport, notFirst: boolean): void {
  const { scenario, shows, nodes, links, grade, seconds, runs, signatures, figures, failures, ok } = report
  const signed = signatures === 'ed25519' ? 'real signatures' : 'stand-in signatures'
  const many = runs.length === 1 ? `seed ${runs[0]?.seed}` : `${runs.length} seeds from ${runs[0]?.seed} on`
  printLines(
    [
      ...(notFirst ? [''] : []),
      `${scenario}: ${shows}`,
      `simulated: ${nodes} nodes, ${links} ${links === 1 ? 'link' : 'links'} (${grade}), ${seconds} s, ${many}, ${signed}`,
    ].map(printable),
  )
  printTable(
    [
      { head: 'FIGURE' },
      { head: 'UNIT' },
      { head: 'MEDIAN', right: true },
      { head: 'LEAST', right: true },
      { head: 'MOST', right: true },
      { head: 'TARGET' },
      { head: '' },
      { head: 'PUBLISHED' },
    ],
    figures.map(cells),
  )
  printLines(shortList(failures).map(printable))
  const lost = runs.flatMap((run) =>
    Object.entries(run.lost).map(([fate, count]) => `${run.seed}: ${count} ${fate}`),
  )
  if (lost.length > 0)
    printLines([printable(`did not arrive, by seed: ${lost.slice(0, MOST_SHOWN).join(', ')}`)])
  printLines([ok ? 'ok' : 'failed'])
}

/** A few of the failures of each seed, and once the command that runs it again. */
function shortList(failures: readonly Failure[]): string[] {
  const bySeed = Map.groupBy(failures, ({ seed }) => seed)
  return [...bySeed].flatMap(([seed, all]) => [
    ...all.slice(0, MOST_OF_A_SEED).map(({ why }) => `seed ${seed}: ${why}`),
    ...(all.length > MOST_OF_A_SEED
      ? [`seed ${seed}: ${all.length - MOST_OF_A_SEED} more (--json has them)`]
      : []),
    ...all.slice(0, 1).map(({ replay }) => `  ${replay}`),
  ])
}

function cells({ figure, unit, median, min, max, target, met }: FigureReport): string[] {
  const wanted = target === undefined ? '' : inWords(target)
  const verdict = met === undefined ? '' : met ? 'met' : 'missed'
  return [
    figure,
    unit,
    shownFigure(median),
    shownFigure(min),
    shownFigure(max),
    wanted,
    verdict,
    target?.published ?? '',
  ]
}

function wholeNumber(option: string, written: string): number {
  const value = /^\d{1,9}$/.test(written) ? Number(written) : 0
  if (value >= 1 && value <= MOST_SEEDS) return value
  const shown = JSON.stringify(written.slice(0, 40))
  throw usageError('sim', `${option}: expected a whole number, 1 to ${MOST_SEEDS}, got ${shown}`)
}

/** One line that is written over again and again, on a terminal only. */
function showProgress(what: string, { atS, ofS }: Progress): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${what}, ${Math.round(atS)} of ${ofS} s …`)
}

function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
}
