import { execFileSync } from 'node:child_process'
import { atMost, type Bench, type Row, row } from './report.ts'
import { StagedPackage } from './staged-package.ts'
import { alternate, ratios } from './stats.ts'

const IDLE_MS = 3000
const QUICK_IDLE_MS = 300
const NOTHING = ['--eval', 'setInterval(() => {}, 1e6); console.log("ready")']

export const start: Bench = {
  name: 'start',
  title: '`hopwire run`, from nothing to ready',
  async run({ quick, nodes }) {
    using staged = new StagedPackage()
    const rows: Row[] = []
    for (const node of [process.execPath, ...nodes]) rows.push(...(await measure(staged, node, quick)))
    return {
      workload:
        'The built package without its sources, with the configuration that `hopwire init` writes but free ports on ' +
        'the loopback interface: from spawning the process to its ready line, and its resident memory ' +
        `${IDLE_MS / 1000} s later. Once with the compile cache that an earlier start has left, and once with none.`,
      against: 'a Node.js process of the same version that prints a line and waits.',
      rows,
      notes: ['Resident memory is VmRSS of /proc, so this runs on Linux only.'],
    }
  },
}

async function measure(staged: StagedPackage, node: string, quick: boolean): Promise<Row[]> {
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
  const idleMs = quick ? QUICK_IDLE_MS : IDLE_MS
  const memory: number[] = []
  const bareMemory: number[] = []
  await staged.launch(node, staged.run('warm'), 0)
  const seconds = await alternate(quick ? 1 : 5, {
    warm: async () => {
      const { seconds, megabytes } = await staged.launch(node, staged.run('warm'), idleMs)
      memory.push(megabytes)
      return seconds
    },
    bare: async () => {
      const { seconds, megabytes } = await staged.launch(node, { argv: NOTHING, env: {} }, idleMs)
      bareMemory.push(megabytes)
      return seconds
    },
    cold: async (round) => (await staged.launch(node, staged.run(`cold-${version}-${round}`), 0)).seconds,
  })
  return [
    row(`Node.js ${version}: to ready`, 's', seconds.warm, atMost(1)),
    row(`Node.js ${version}: to ready, first start ever`, 's', seconds.cold, atMost(1)),
    row(`Node.js ${version}: bare, to its first line`, 's', seconds.bare),
    row(`Node.js ${version}: to ready against bare`, 'ratio', ratios(seconds.warm, seconds.bare)),
    row(`Node.js ${version}: resident memory, idle`, 'MB', memory, atMost(110)),
    row(`Node.js ${version}: bare, resident memory`, 'MB', bareMemory),
  ]
}
