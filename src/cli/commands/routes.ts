import { formatCount, formatDuration, formatMilliseconds } from '../../observability/format.ts'
import { command } from '../command.ts'
import { Exit } from '../exit.ts'
import { ANSWER_MS, connectToNode, JSON_OPTION, NODE_OPTIONS } from '../node-client.ts'
import { printJson, printTable } from '../table.ts'

export const routes = command({
  name: 'routes',
  usage: '',
  about: `\
Lists the destinations that a running node knows, with the neighbour that leads to each. The cost is
how long a frame of 200 bytes is expected to travel. The best paths come first, at most 1,000 of them.`,
  options: { ...NODE_OPTIONS, json: JSON_OPTION },
  arguments: { min: 0, max: 0 },
  async run({ json = false, ...where }) {
    using node = await connectToNode(where)
    const { routes, total } = await node.call('routes', {}, { timeoutMs: ANSWER_MS })
    if (json) printJson(routes)
    else {
      printTable(
        [
          { head: 'DESTINATION' },
          { head: 'HOPS', right: true },
          { head: 'COST', right: true },
          { head: 'NEXT HOP' },
          { head: 'OVER' },
          { head: 'EXPIRES', right: true },
          { head: 'CAPABILITIES' },
        ],
        routes.map(({ destination, hops, metricMs, nextHop, transport, expiresInSeconds, capabilities }) => [
          destination,
          String(hops),
          formatMilliseconds(metricMs),
          nextHop,
          transport,
          formatDuration(expiresInSeconds, 1),
          capabilities.join(' '),
        ]),
      )
    }
    if (total > routes.length) {
      process.stderr.write(`${formatCount(total - routes.length)} further destinations are not shown\n`)
    }
    return Exit.ok
  },
})
