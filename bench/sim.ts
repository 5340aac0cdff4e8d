import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { type ScenarioReport, shownFigure } from '../src/sim/report.ts'
import { type Bench, type Row, row } from './report.ts'

/** Scenarios with targets, and over how many seeds. */
const SCENARIOS: Readonly<Record<string, number>> = {
  'converge-grid-49': 10,
  'converge-line-50': 10,
  'converge-tree-50': 10,
  'overhead-grid-49': 5,
  'overhead-grid-100': 3,
  'overhead-grid-289': 1,
  'mobility-50': 5,
  'relay-death': 10,
  'byzantine-grid-100': 5,
  'merge-1000': 1,
  'geometric-10000': 1,
}
const MAIN = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
const QUICK = ['converge-tree-50', 'relay-death']

/** A folder with graphs of real networks, which are not part of the repository. */
const GRAPHS = process.env['HOPWIRE_TOPOLOGIES']

export const sim: Bench = {
  name: 'sim',
  title: 'Simulated meshes: convergence, control traffic, healing, size',
  async run({ quick, profile }) {
    const rows: Row[] = []
    const notes: string[] = []
    const take = (report: ScenarioReport, name = report.scenario): void => {
      rows.push(...rowsOf(report, name))
      notes.push(...notesOf(report, name))
    }
    for (const [scenario, seeds] of Object.entries(SCENARIOS)) {
      if (quick && !QUICK.includes(scenario)) continue
      take(await measure(scenario, quick ? 1 : seeds, undefined, profile))
    }
    for (const file of quick ? [] : realGraphs()) {
      take(await measure('freifunk', 1, file, profile), basename(file, '.json'))
    }
    if (GRAPHS === undefined) notes.push('HOPWIRE_TOPOLOGIES names no folder: no figures of real networks.')
    return {
      workload:
        'Scenarios of `sim/scenarios`, each over several seeds, the median of which is held against the target. ' +
        'All of them are **simulated**: the code that ships, in virtual time, on simulated links. docs/simulation.md ' +
        'tells what each does, and `hopwire sim NAME --seed 1` runs one again.',
      against:
        'what others have published for the same graphs and procedures, in brackets; theirs were measured on real or ' +
        'emulated networks.',
      rows,
      notes,
    }
  },
}

/** The command itself, in a process of its own, so that memory is that of one scenario. */
async function measure(
  scenario: string,
  seeds: number,
  topology: string | undefined,
  profile: string | undefined,
): Promise<ScenarioReport> {
  const args = [MAIN, 'sim', scenario, '--seeds', String(seeds), '--json']
  if (topology !== undefined) args.push('--topology', topology)
  if (profile !== undefined) args.unshift('--cpu-prof', `--cpu-prof-dir=${profile}`)
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [printed, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  if (printed === '') throw new Error(`hopwire sim ${scenario} ended with ${code} and no report`)
  // JSON has no infinity: what was never reached is null.
  const { reports } = JSON.parse(printed, (_, value) => value ?? Number.POSITIVE_INFINITY) as Printed
  return reports[0]
}

interface Printed {
  readonly reports: readonly [ScenarioReport]
}

function rowsOf({ figures }: ScenarioReport, name: string): Row[] {
  return figures.flatMap(({ figure, unit, values, target }) => {
    if (target === undefined || values.length === 0) return []
    const published = target.published === undefined ? '' : ` [${target.published}]`
    return [row(`${name}: ${figure}${published}`, unit, values, { bound: target.bound, value: target.value })]
  })
}

function notesOf({ figures, failures, runs, signatures, nodes }: ScenarioReport, name: string): string[] {
  const violated = runs.filter(({ violations }) => violations.length > 0)
  const wall = figures.find(({ figure }) => figure === 'wall_s')
  const stand = signatures === 'stand-in' ? ', stand-in signatures' : ''
  const said = `${name}: ${nodes} nodes${stand}, ${shownFigure(wall?.median ?? Number.NaN)} s a seed`
  if (violated.length === 0) return [`${said}; no oracle contradicted.`]
  return [`${said}; oracles contradicted with ${violated.length} seeds: \`${failures[0]?.replay}\``]
}

function realGraphs(): string[] {
  if (GRAPHS === undefined) return []
  const files = readdirSync(GRAPHS).filter((file) => /^freifunk-.*\.json$/.test(file))
  return files.toSorted().map((file) => join(GRAPHS, file))
}
