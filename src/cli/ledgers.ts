/** What the law leaves the radios of a running node in this hour. */
import { formatSeconds } from '../observability/format.ts'
import { MeshError } from '../runtime/errors.ts'
import type { RadioDuty } from '../transport/radio-figures.ts'
import type { Values } from './command.ts'
import { ANSWER_MS, connectToNode, type NODE_OPTIONS } from './node-client.ts'

export interface LedgerLeft extends RadioDuty {
  readonly port: string
}

/**
 * Asks the node that the options name, or else the one that runs here.
 *
 * @returns undefined where none was named and none runs here.
 * @throws MeshError ERR_CONTROL where one was named and does not answer.
 */
export async function ledgersOf(where: Values<typeof NODE_OPTIONS>): Promise<LedgerLeft[] | undefined> {
  const isNamed = where.control !== undefined || where.config !== undefined
  try {
    using node = await connectToNode(where)
    const { radios } = await node.call('status', {}, { timeoutMs: ANSWER_MS })
    return radios.flatMap(({ port, duty }) => (duty === undefined ? [] : { port, ...duty }))
  } catch (error) {
    const isAbsent =
      error instanceof MeshError && (error.code === 'ERR_CONTROL' || error.code === 'ERR_CONFIG')
    if (isAbsent && !isNamed) return undefined
    throw error
  }
}

/** `347.7 s of 360 s in band P, on /dev/ttyUSB0` */
export function ledgerLine({
  port,
  band,
  leftSeconds,
  budgetSeconds,
  usedSeconds,
  isLifted,
}: LedgerLeft): string {
  if (isLifted) return `no limit in band ${band}, on ${port}: ${formatSeconds(usedSeconds)} used`
  return `${formatSeconds(leftSeconds)} of ${budgetSeconds} s in band ${band}, on ${port}`
}
