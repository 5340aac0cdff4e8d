/** `npm run soak`: nodes under faults for as long as one likes. Exits with 1 when a message got lost or doubled. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Soak, type SoakOptions, type SoakReport } from './soak.ts'
import { isClean } from './verdict.ts'

const HELP = `npm run soak -- [options]

  --seconds N      how long; without it the soak ends after --faults and --messages
  --faults N       default 21: each kind three times
  --messages N     default 600
  --seed TEXT      of what goes wrong and who sends; printed in any case
  --keep           leaves the folder with the journals and stores`

/** MB an hour that are nobody's leak: what a heap of some ten MB, and its process, move by themselves. */
const FLAT_HEAP = 3
const FLAT_RESIDENT = 10

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string' },
      faults: { type: 'string', default: '21' },
      messages: { type: 'string', default: '600' },
      seed: { type: 'string', default: String(Date.now()) },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(HELP)
    return
  }
  const folder = await mkdtemp(join(tmpdir(), 'hopwire-soak-'))
  const isLong = values.seconds !== undefined
  const options: SoakOptions = {
    seed: values.seed,
    folder,
    until: isLong
      ? { seconds: Number(values.seconds) }
      : { faults: Number(values.faults), messages: Number(values.messages) },
    faultEveryMs: isLong ? 4000 : 700,
    messagesPerS: isLong ? 15 : 40,
    announceS: isLong ? 20 : 3,
    lastWaitMs: 240_000,
    say: (line) => console.log(`${new Date().toISOString()} ${line}`),
  }
  console.log(`seed ${values.seed}, in ${folder}`)
  const report = await new Soak(options).run()
  console.log(JSON.stringify(report, undefined, 2))
  for (const failure of failuresIn(report)) {
    console.log(`FAILED: ${failure}`)
    process.exitCode = 1
  }
  if (process.exitCode === undefined) console.log('no message was lost or doubled')
  if (values.keep || process.exitCode !== undefined) console.log(`the journals are in ${folder}`)
  else await rm(folder, { recursive: true })
}

function failuresIn({ verdict, uncleanStops, memory }: SoakReport): string[] {
  const failures: string[] = []
  if (!isClean(verdict)) failures.push('messages were lost, doubled or wrongly acknowledged')
  if (uncleanStops.length > 0) failures.push('a node did not shut down in order')
  for (const { node, heapSlope, residentSlope } of memory) {
    const isFlat = heapSlope <= FLAT_HEAP && residentSlope <= FLAT_RESIDENT
    if (!isFlat) failures.push(`${node} grows: heap ${heapSlope}, process ${residentSlope} MB an hour`)
  }
  return failures
}

await main()
