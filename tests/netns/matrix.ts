/**
 * Each kind of NAT against each, over each carrier: `node tests/netns/matrix.ts`, as root, some ten minutes.
 * Prints the tables of docs/network.md.
 */
import { Lab } from './lab.ts'
import { CARRIERS, type Carrier, meet, startRelay } from './meeting.ts'
import { NAT_KINDS, type NatKind } from './nat.ts'
import { labMissing } from './system.ts'

/** libp2p tries one way for 5 s, and then the other, up to three times. */
const PATIENCE_MS = 15_000
/** Most of the time is spent waiting. */
const AT_ONCE = 3

type Pair = readonly [dialled: NatKind, dialling: NatKind]

const PAIRS: readonly Pair[] = NAT_KINDS.flatMap((dialled) =>
  NAT_KINDS.map((dialling) => [dialled, dialling] as const),
)

async function seen(carrier: Carrier, pair: Pair): Promise<string> {
  await using lab = await Lab.open()
  try {
    const { linkedMs, directMs } = await meet(lab, await startRelay(lab, carrier), carrier, pair, PATIENCE_MS)
    return directMs === undefined ? `relayed, ${inSeconds(linkedMs)}` : `**direct**, ${inSeconds(directMs)}`
  } catch (error) {
    process.stderr.write(`${error}\n`)
    return 'no link'
  }
}

function inSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

async function table(carrier: Carrier): Promise<string> {
  const cells = new Map<Pair, string>()
  const rest = [...PAIRS]
  const work = async (): Promise<void> => {
    for (let pair = rest.shift(); pair !== undefined; pair = rest.shift()) {
      cells.set(pair, await seen(carrier, pair))
      process.stderr.write(`${carrier} ${pair.join(' ')}: ${cells.get(pair)}\n`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  const rows = NAT_KINDS.map((kind) => {
    const row = PAIRS.filter(([dialled]) => dialled === kind).map((pair) => cells.get(pair))
    return `| ${kind} | ${row.join(' | ')} |`
  })
  return [
    `| ${carrier} | ${NAT_KINDS.join(' | ')} |`,
    `|${'---|'.repeat(NAT_KINDS.length + 1)}`,
    ...rows,
  ].join('\n')
}

const missing = labMissing()
if (missing !== undefined) {
  process.stderr.write(`${missing}\n`)
  process.exitCode = 1
} else {
  for (const carrier of CARRIERS) process.stdout.write(`${await table(carrier)}\n\n`)
}
