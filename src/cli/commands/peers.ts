import { formatBytes, formatMilliseconds } from '../../observability/format.ts'
import { command } from '../command.ts'
import { Exit } from '../exit.ts'
import { ANSWER_MS, connectToNode, JSON_OPTION, NODE_OPTIONS } from '../node-client.ts'
import { printJson, printTable } from '../table.ts'

export const peers = command({
  name: 'peers',
  usage: '',
  about: 'Lists the neighbours that a running node has a link to.',
  options: { ...NODE_OPTIONS, json: JSON_OPTION },
  arguments: { min: 0, max: 0 },
  async run({ json = false, ...where }) {
    using node = await connectToNode(where)
    const { peers } = await node.call('peers', {}, { timeoutMs: ANSWER_MS })
    if (json) {
      printJson(peers)
      return Exit.ok
    }
    printTable(
      [
        { head: 'ADDRESS' },
        { head: 'OVER' },
        { head: 'DIRECTION' },
        { head: 'LATENCY', right: true },
        { head: 'QUEUED', right: true },
        { head: 'REMOTE' },
      ],
      peers.map(({ address, transport, direction, latencyMs, queuedBytes, remote }) => [
        address ?? 'unknown',
        transport,
        direction,
        formatMilliseconds(latencyMs),
        formatBytes(queuedBytes),
        remote,
      ]),
    )
    return Exit.ok
  },
})
