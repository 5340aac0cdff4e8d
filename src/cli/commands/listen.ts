import { command } from '../command.ts'
import { JSON_OPTION, NODE_OPTIONS } from '../node-client.ts'

const OPTIONS = {
  out: {
    type: 'string',
    value: 'DIR',
    help: 'Save files there, never over another. Default: only name them.',
  },
  json: { ...JSON_OPTION, help: 'Print each message as a line of JSON, its payload in base64.' },
  ...NODE_OPTIONS,
} as const

export const listen = command({
  name: 'listen',
  usage: '',
  about: `\
Prints the messages that a running node receives, with the time, the beginning of the sender's address
and the text. Messages that have come while nobody listened come first. Ends at Ctrl-C.`,
  options: OPTIONS,
  arguments: { min: 0, max: 0 },
  async run({ out, json = false, ...where }) {
    const { listenToNode } = await import('../listener.ts')
    return await listenToNode({ out, json, where })
  },
})
