import type { ControlClient } from '../../control/client.ts'
import type { SendParams } from '../../control/params.ts'
import type { DeliveryEvent } from '../../control/protocol.ts'
import { formatDuration } from '../../observability/format.ts'
import { systemClock } from '../../runtime/clock.ts'
import { MeshError } from '../../runtime/errors.ts'
import { MAX_LIFETIME_S } from '../../wire/envelope.ts'
import { PRIORITIES } from '../../wire/frame.ts'
import { command } from '../command.ts'
import { requireAddress } from '../destination.ts'
import { complain, Exit, type ExitCode } from '../exit.ts'
import { connectToNode, JSON_OPTION, NODE_OPTIONS } from '../node-client.ts'
import { oneOf, seconds } from '../option-values.ts'
import { readPayload } from '../payload.ts'
import { tellAfterASecond } from '../progress.ts'
import { printJson, printLines } from '../table.ts'

const AWAITED = ['sent', 'stored', 'delivered'] as const
const DEFAULT_TIMEOUT_S = 30
const LONGEST_TIMEOUT_S = 7 * 86_400

export const send = command({
  name: 'send',
  usage: 'ADDRESS [TEXT]',
  about: `\
Sends TEXT, a file, or what comes from stdin to ADDRESS, which may be cut to its first 6 digits or more
where that is clear. Put -- before a TEXT that begins with '-'. A message carries at most 65,536 bytes.

Prints the id of the message and each state that it comes to:
  queued     no neighbour has it yet; where a radio has to wait, with the time until it is sent
  sent       a neighbour has taken it
  stored     a node keeps it until the destination appears
  delivered  the recipient has it: its signed receipt is here
  expired    its time ran out
  failed     it will not arrive
Ends when the awaited state is reached; exits with 3 when it cannot be, or is not in time. A message
that was not in time stays under way.`,
  options: {
    file: { type: 'string', value: 'FILE', help: 'Send this file, under its name without folders.' },
    priority: {
      type: 'string',
      value: 'P',
      help: `What goes first where a link is busy: ${PRIORITIES.join(', ')}. Default: text.`,
    },
    ttl: { type: 'string', value: 'S', help: 'Seconds until it is given up. Default: 86400, a day.' },
    wait: { type: 'string', value: 'STATE', help: `Wait for ${AWAITED.join(', ')}. Default: sent.` },
    timeout: { type: 'string', value: 'S', help: `Seconds to wait at most. Default: ${DEFAULT_TIMEOUT_S}.` },
    json: {
      ...JSON_OPTION,
      help: 'Print each state as a line of JSON: id (null where there was no path), state, reason, expectedMs, time.',
    },
    ...NODE_OPTIONS,
  },
  arguments: { min: 1, max: 2 },
  async run({ file, priority, ttl, wait, timeout, json = false, ...where }, [address = '', text]) {
    const to = requireAddress(address)
    const awaited = wait === undefined ? 'sent' : oneOf('--wait', AWAITED, wait)
    const timeoutS =
      timeout === undefined ? DEFAULT_TIMEOUT_S : seconds('--timeout', LONGEST_TIMEOUT_S, timeout)
    const options = {
      ...(priority === undefined ? {} : { priority: oneOf('--priority', PRIORITIES, priority) }),
      ...(ttl === undefined ? {} : { ttlS: Math.ceil(seconds('--ttl', MAX_LIFETIME_S, ttl)) }),
    }
    const { content, name } = await readPayload(text, file)
    const payload = content.toString('base64')
    using node = await connectToNode(where)
    const params = { to, payload, ...(name === undefined ? {} : { file: name }), ...options, wait: awaited }
    try {
      return await follow(node, params, timeoutS, json ? printJson : printState)
    } catch (error) {
      if (json && error instanceof MeshError && error.code === 'ERR_NO_PATH') printJson(noPath())
      throw error
    }
  },
})

/** Sends and prints what becomes of it, until the awaited state or the end of the time. */
async function follow(
  node: ControlClient,
  params: SendParams & { readonly wait: (typeof AWAITED)[number] },
  timeoutS: number,
  print: (event: DeliveryEvent) => void,
): Promise<ExitCode> {
  let last: DeliveryEvent | undefined
  const onEvent = (event: DeliveryEvent): void => {
    last = event
    print(event)
  }
  try {
    const sending = node.call('send', params, { onEvent, timeoutMs: timeoutS * 1000 })
    await tellAfterASecond(`waiting until it is ${params.wait}`, sending)
    return Exit.ok
  } catch (error) {
    if (!(error instanceof MeshError) || error.code !== 'ERR_DEADLINE') throw error
    const reached =
      last === undefined ? 'it waits for a path, or for room on a link' : `it is ${inWords(last)}`
    complain(`not ${params.wait} within ${timeoutS} s: ${reached}, and stays under way`)
    return Exit.notReached
  }
}

/** The state of a message that was refused before it had an id. */
function noPath(): Record<string, string | null> {
  return { id: null, state: 'failed', reason: 'no_path', time: new Date(systemClock.now()).toISOString() }
}

function printState(event: DeliveryEvent): void {
  printLines([`${event.id}  ${inWords(event)}`])
}

function inWords({ state, reason, expectedMs }: DeliveryEvent): string {
  const told = reason === undefined ? state : `${state} (${reason})`
  if (expectedMs === undefined) return told
  return `${told}: sent in about ${formatDuration(Math.ceil(expectedMs / 1000))}`
}
