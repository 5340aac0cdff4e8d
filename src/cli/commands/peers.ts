import { formatBytes, formatDuration, formatMilliseconds, formatShare } from '../../observability/format.ts'
import type { KnownAddressView } from '../../observability/snapshot.ts'
import { command } from '../command.ts'
import { Exit } from '../exit.ts'
import { ANSWER_MS, connectToNode, JSON_OPTION, NODE_OPTIONS } from '../node-client.ts'
import { printJson, printTable } from '../table.ts'

export const peers = command({
  name: 'peers',
  usage: '',
  about: `\
Lists the neighbours that a running node has a link to. With --addresses it lists where neighbours are
known to be reached, linked or not, and how that went: the best address of each first.`,
  options: {
    ...NODE_OPTIONS,
    addresses: { type: 'boolean', help: 'List the known addresses instead of the links.' },
    json: JSON_OPTION,
  },
  arguments: { min: 0, max: 0 },
  async run({ json = false, addresses: wantsAddresses = false, ...where }) {
    using node = await connectToNode(where)
    const { peers, addresses } = await node.call('peers', {}, { timeoutMs: ANSWER_MS })
    if (json) {
      printJson(wantsAddresses ? addresses : peers)
      return Exit.ok
    }
    if (wantsAddresses) {
      printAddresses(addresses)
      return Exit.ok
    }
    printTable(
      [
        { head: 'ADDRESS' },
        { head: 'OVER' },
        { head: 'DIRECTION' },
        { head: 'LATENCY', right: true },
        { head: 'LOSS', right: true },
        { head: 'QUEUED', right: true },
        { head: 'REMOTE' },
      ],
      peers.map(({ address, transport, direction, latencyMs, loss, queuedBytes, remote }) => [
        address ?? 'unknown',
        transport,
        direction,
        formatMilliseconds(latencyMs),
        loss === undefined ? '-' : formatShare(loss),
        formatBytes(queuedBytes),
        remote,
      ]),
    )
    return Exit.ok
  },
})

function printAddresses(addresses: readonly KnownAddressView[]): void {
  printTable(
    [
      { head: 'NEIGHBOUR' },
      { head: 'OVER' },
      { head: 'SOURCE' },
      { head: 'LINKED', right: true },
      { head: 'FAILED', right: true },
      { head: 'ADDRESS' },
    ],
    addresses.map(({ neighbour, transport, source, linkedSecondsAgo, failures, address }) => [
      neighbour,
      transport,
      source,
      linkedSecondsAgo === undefined ? 'never' : `${formatDuration(linkedSecondsAgo)} ago`,
      String(failures),
      address,
    ]),
  )
}
