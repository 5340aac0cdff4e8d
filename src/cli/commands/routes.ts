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
how long a frame of 200 bytes is expected to travel, ALT how many further links could take over, WHY
the reason for the choice. The best paths come first, at most 1,000 of them; --json has all
alternates.`,
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
          { head: 'AGE', right: true },
          { head: 'EXPIRES', right: true },
          { head: 'ALT', right: true },
          { head: 'WHY' },
          { head: 'CAPABILITIES' },
        ],
        routes.map((route) => [
          route.destination,
          String(route.hops),
          route.transport === '' ? '-' : formatMilliseconds(route.metricMs),
          route.nextHop,
          route.transport === '' ? '-' : route.transport,
          formatDuration(route.ageSeconds, 1),
          formatDuration(route.expiresInSeconds, 1),
          String(route.alternates.length),
          route.reason,
          route.capabilities.join(' '),
        ]),
      )
    }
    if (total > routes.length) {
      process.stderr.write(`${formatCount(total - routes.length)} further destinations are not shown\n`)
    }
    return Exit.ok
  },
})
