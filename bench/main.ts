/** `npm run bench`: all benchmarks, or those that are named. */
import { parseArgs } from 'node:util'
import { announces } from './announces.ts'
import { core } from './core.ts'
import { writeDocument } from './document.ts'
import { hop } from './hop.ts'
import { link, quicLink } from './link.ts'
import { lora } from './lora.ts'
import { describeMachine } from './machine.ts'
import { neighbours } from './neighbours.ts'
import { paths } from './paths.ts'
import { peers } from './peers.ts'
import { radio } from './radio.ts'
import { radioDays } from './radio-days.ts'
import { recovery } from './recovery.ts'
import { relay } from './relay.ts'
import type { Bench, BenchOptions, Report } from './report.ts'
import { asJson, asMarkdown, asText } from './show.ts'
import { sim } from './sim.ts'
import { start } from './start.ts'
import { store } from './store.ts'

const BENCHES: readonly Bench[] = [
  relay,
  link,
  quicLink,
  hop,
  neighbours,
  recovery,
  peers,
  core,
  paths,
  announces,
  store,
  start,
  lora,
  radio,
  radioDays,
  sim,
]

const HELP = `npm run bench -- [NAME…] [options]

${BENCHES.map(({ name, title }) => `  ${name.padEnd(12)}${title}`).join('\n')}

  --quick         a minute for all of them: whether they run, not how fast
  --json          for programs
  --markdown      the sections of docs/benchmarks.md
  --write         puts those sections into docs/benchmarks.md
  --node FILE     start: measure with this Node.js as well; may be repeated
  --profile DIR   CPU profiles of all processes`

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      markdown: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      node: { type: 'string', multiple: true, default: [] },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(HELP)
    return
  }
  const { quick, profile, node: nodes } = values
  if (quick && values.write) throw new Error('figures of --quick are not for the document')
  const reports: Report[] = []
  for (const bench of chosen(positionals)) {
    console.error(`${bench.name}: ${bench.title} …`)
    const report = await measure(bench, { quick, profile, nodes })
    reports.push(report)
    if (!values.json && !values.markdown) console.log(`${asText(report)}\n`)
  }
  if (values.json) console.log(asJson(reports))
  if (values.markdown) console.log(reports.map(asMarkdown).join('\n\n'))
  if (values.write) writeDocument(reports)
}

function chosen(names: readonly string[]): readonly Bench[] {
  const unknown = names.find((name) => !BENCHES.some((bench) => bench.name === name))
  if (unknown !== undefined) {
    throw new Error(`no benchmark is called '${unknown}': ${BENCHES.map(({ name }) => name).join(', ')}`)
  }
  return names.length === 0 ? BENCHES : BENCHES.filter(({ name }) => names.includes(name))
}

async function measure(bench: Bench, options: BenchOptions): Promise<Report> {
  const machine = describeMachine()
  const finding = await bench.run(options)
  return {
    name: bench.name,
    title: bench.title,
    date: new Date().toISOString().slice(0, 10),
    machine,
    ...finding,
  }
}

try {
  await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
