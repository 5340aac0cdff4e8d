import { formatBytes, formatCount } from '../../observability/format.ts'
import { command } from '../command.ts'
import { Exit } from '../exit.ts'
import { ANSWER_MS, connectToNode, JSON_OPTION, NODE_OPTIONS } from '../node-client.ts'
import { pairs, printJson, printLines } from '../table.ts'

export const store = command({
  name: 'store',
  usage: '',
  about:
    'Shows how many messages a running node keeps, and what became of those it has kept since its start.',
  options: { ...NODE_OPTIONS, json: JSON_OPTION },
  arguments: { min: 0, max: 0 },
  async run({ json = false, ...where }) {
    using node = await connectToNode(where)
    const kept = await node.call('store', {}, { timeoutMs: ANSWER_MS })
    if (json) {
      printJson(kept)
      return Exit.ok
    }
    printLines(
      pairs([
        ['messages', `${formatCount(kept.messages)} of at most ${formatCount(kept.maxMessages)}`],
        ['size', `${formatBytes(kept.bytes)} of at most ${formatBytes(kept.maxBytes)}`],
        ['stored', formatCount(kept.stored)],
        ['handed over', formatCount(kept.delivered)],
        ['expired', formatCount(kept.expired)],
      ]),
    )
    return Exit.ok
  },
})
