/** What the running node knows of its own health and of the time. */
import type { ControlClient } from '../../control/client.ts'
import { formatCount } from '../../observability/format.ts'
import { systemClock } from '../../runtime/clock.ts'
import type { AddressReach } from '../../transport/transport.ts'
import { MAX_CLOCK_SKEW_S } from '../../wire/frame.ts'
import { ANSWER_MS } from '../node-client.ts'
import { type Finding, fail, note, ok } from './finding.ts'

/** No version of hopwire is older: a clock before this is wrong. */
const EARLIEST_MS = Date.UTC(2026, 0, 1)

/** The control connection of a running node, or why there is none. */
export type RunningNode = ControlClient | { readonly absent: string }

export async function checkNode(node: RunningNode): Promise<Finding[]> {
  if ('absent' in node) return [note('node', '', `${node.absent}; what follows is seen without it`)]
  const [{ version, neighbours, reach }, { status, checks }] = await Promise.all([
    node.call('status', {}, { timeoutMs: ANSWER_MS }),
    node.call('health', {}, { timeoutMs: ANSWER_MS }),
  ])
  const troubles = Object.entries(checks).filter(([, check]) => check.status !== 'healthy')
  return [
    ok(
      'node',
      '',
      `runs, version ${version}, ${status}, ${formatCount(neighbours)} ${neighbours === 1 ? 'neighbour' : 'neighbours'}`,
    ),
    ...troubles.map(([name, { status: bad, detail }]) =>
      (bad === 'unhealthy' ? fail : note)('node', name, `${bad}: ${detail}`),
    ),
    ...reach.map(reachFinding),
  ]
}

/** What neighbours have found, other than what the addresses of this machine make likely. */
function reachFinding({ address, reach }: AddressReach): Finding {
  switch (reach) {
    case 'reachable':
      return ok('reach', address, 'a neighbour has called the node there')
    case 'unreachable':
      return note(
        'reach',
        address,
        'neighbours cannot call the node there: a NAT or a firewall is in the way',
      )
    case 'unknown':
      return note('reach', address, 'no neighbour has tried yet')
  }
}

/** A node refuses what comes from the future: that is how a wrong clock shows, be it ours or another's. */
export async function checkClock(node: RunningNode): Promise<Finding> {
  const now = systemClock.now()
  const time = new Date(now).toISOString()
  if (now < EARLIEST_MS)
    return fail('clock', '', `it says ${time}: set it, or others take nothing from this node`)
  if ('absent' in node) return ok('clock', '', `it says ${time}; no node runs here to compare it`)
  const { envelopes, routing } = await node.call('metrics', {}, { timeoutMs: ANSWER_MS })
  const early =
    envelopes.find(({ action, reason }) => action === 'dropped' && reason === 'future')?.count ?? 0
  if (early > 0) {
    const what = `${formatCount(early)} frames came from over ${MAX_CLOCK_SKEW_S / 60} min in the future`
    return note('clock', '', `it says ${time}; ${what}: this clock is slow, or that of another node is fast`)
  }
  const { announcesAccepted } = routing
  if (announcesAccepted === 0)
    return ok('clock', '', `it says ${time}; no other node has been heard to compare it`)
  return ok('clock', '', `it says ${time}, and no node that was heard is ahead of that`)
}
