import { formatDuration, formatMilliseconds } from '../../observability/format.ts'
import type { PathView } from '../../observability/snapshot.ts'
import { MeshError } from '../../runtime/errors.ts'
import { command } from '../command.ts'
import { requireAddress } from '../destination.ts'
import { Exit } from '../exit.ts'
import { connectToNode, JSON_OPTION, NODE_OPTIONS } from '../node-client.ts'
import { tellAfterASecond } from '../progress.ts'
import { printJson, printLines, printTable } from '../table.ts'

const PROBES_MS = 5000
const ANSWER_MS = PROBES_MS + 5000

export const trace = command({
  name: 'trace',
  usage: 'ADDRESS',
  about: `\
Asks every node on the path to ADDRESS to answer, and prints them in order with the time there and
back; below them why this path is in use, and what would take over. ADDRESS may be cut to its first
6 digits or more where that is clear. Hops get 5 seconds.`,
  options: { ...NODE_OPTIONS, json: JSON_OPTION },
  arguments: { min: 1, max: 1 },
  async run({ json = false, ...where }, [address = '']) {
    const to = requireAddress(address)
    using node = await connectToNode(where)
    const answer = node.call('trace', { to, timeoutMs: PROBES_MS }, { timeoutMs: ANSWER_MS })
    const { destination, path, hops } = await tellAfterASecond('waiting for the hops to answer', answer)
    if (json) printJson({ destination, path, hops })
    else {
      printTable(
        [{ head: 'HOP', right: true }, { head: 'ADDRESS' }, { head: 'TIME', right: true }],
        hops.map(({ hop, address, roundTripMs }) => [
          String(hop),
          address ?? '*',
          roundTripMs === null ? '*' : formatMilliseconds(roundTripMs),
        ]),
      )
      printLines(['', ...pathInWords(path)])
    }
    if (hops.at(-1)?.address === destination) return Exit.ok
    throw new MeshError('ERR_NOT_DELIVERED', `${destination} did not answer within ${PROBES_MS / 1000} s`)
  },
})

function pathInWords({ nextHop, hops, metricMs, ageSeconds, reason, alternates }: PathView): string[] {
  const age = formatDuration(ageSeconds, 1)
  return [
    `path in use   ${nextHop}  ${hopsAndCost(hops, metricMs)}, known for ${age}: ${reason}`,
    ...alternates.map(
      (other) => `alternate     ${other.nextHop}  ${hopsAndCost(other.hops, other.metricMs)}`,
    ),
  ]
}

function hopsAndCost(hops: number, metricMs: number): string {
  return `${hops} ${hops === 1 ? 'hop' : 'hops'}, ${formatMilliseconds(metricMs)}`
}
