import { formatCount, formatDuration } from '../../observability/format.ts'
import { command } from '../command.ts'
import { Exit } from '../exit.ts'
import { ANSWER_MS, connectToNode, JSON_OPTION, NODE_OPTIONS } from '../node-client.ts'
import { printRadios } from '../radios.ts'
import { pairs, printJson, printLines } from '../table.ts'

export const status = command({
  name: 'status',
  usage: '',
  about: `\
Shows how a running node is: its address, its health and where it listens, and how much it has to do. Of
each radio it shows how it modulates, and the seconds of airtime that are used and left of this hour.`,
  options: { ...NODE_OPTIONS, json: JSON_OPTION },
  arguments: { min: 0, max: 0 },
  async run({ json = false, ...where }) {
    using node = await connectToNode(where)
    const [seen, health] = await Promise.all([
      node.call('status', {}, { timeoutMs: ANSWER_MS }),
      node.call('health', {}, { timeoutMs: ANSWER_MS }),
    ])
    if (json) {
      printJson({ ...seen, checks: health.checks })
      return Exit.ok
    }
    const checks = Object.entries(health.checks).map(([name, { status, detail }]) => {
      return [`  ${name}`, `${status}: ${detail}`] as const
    })
    printLines(
      pairs([
        ...(seen.name === '' ? [] : [['name', seen.name] as const]),
        ['address', seen.address],
        ['version', seen.version],
        ['running for', formatDuration(seen.uptimeSeconds)],
        ['health', health.status],
        ...checks,
        ...seen.listen.map((address, index) => [index === 0 ? 'listening on' : '', address] as const),
        ...seen.reach.map(({ reach, address }) => [reach, address] as const),
        ['http', seen.http ?? 'off'],
        ['neighbours', formatCount(seen.neighbours)],
        ['links', formatCount(seen.links)],
        ['destinations', formatCount(seen.paths)],
        ['messages kept', formatCount(seen.stored)],
        ['under way', formatCount(seen.outbox)],
      ]),
    )
    if (seen.radios.length > 0) printRadios(seen.radios)
    return Exit.ok
  },
})
