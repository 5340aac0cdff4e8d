/** Two nodes behind NATs that know of each other and of one public relay: do they meet, and how directly? */
import type { NeighbourView } from '../../src/observability/snapshot.ts'
import type { Lab } from './lab.ts'
import { MeshNode, PORT } from './mesh-node.ts'
import type { NatKind } from './nat.ts'

export const CARRIERS = ['tcp', 'quic'] as const
export type Carrier = (typeof CARRIERS)[number]

export interface Meeting {
  /** From the start of the second node to the first link between the two, ms. */
  readonly linkedMs: number
  /** To the first link without the relay between them; undefined where there was none in time. */
  readonly directMs: number | undefined
}

const LINK_MS = 20_000

/** The configuration of a node that uses one carrier only. */
export function carriedBy(carrier: Carrier, peers: readonly string[], ...more: readonly string[]): string {
  const keys = CARRIERS.map((name) => {
    const used = name === carrier ? `enabled = true\npeers = ${JSON.stringify(peers)}` : 'enabled = false'
    return `[transport.${name}]\n${used}`
  })
  return [...keys, ...more].join('\n')
}

/** A node that others dial, and meet through. */
export async function startRelay(lab: Lab, carrier: Carrier): Promise<MeshNode> {
  const config = carriedBy(carrier, [], '[transport.discovery]', 'relay_server = true')
  return await MeshNode.start(await lab.server('relay'), config)
}

/** Where a node is dialled over a carrier. */
export function multiaddrOf(node: MeshNode, carrier: Carrier): string {
  const port = carrier === 'tcp' ? `tcp/${PORT}` : `udp/${PORT}/quic-v1`
  return `/ip4/${node.host.address}/${port}/p2p/${node.peerId}`
}

/**
 * Starts a node behind each NAT, the second with the first as a peer through the relay, and has them exchange
 * messages.
 *
 * @param patienceMs how long to wait for a direct link once they are linked
 */
export async function meet(
  lab: Lab,
  relay: MeshNode,
  carrier: Carrier,
  kinds: readonly [NatKind, NatKind],
  patienceMs: number,
): Promise<Meeting> {
  const [first, second] = [await lab.home(kinds[0], kinds[0]), await lab.home(kinds[1], kinds[1])]
  const at = multiaddrOf(relay, carrier)
  const reach = ['[transport.discovery]', 'hole_punching = true', '[transport.relay]', 'enabled = true']
  const alice = await MeshNode.start(first, carriedBy(carrier, [at], ...reach))
  const circuit = `peers = ["${at}/p2p-circuit/p2p/${alice.peerId}"]`
  const bob = await MeshNode.start(second, carriedBy(carrier, [at], ...reach, circuit))
  const linksTo = (neighbours: readonly NeighbourView[]) =>
    neighbours.filter(({ address }) => address === alice.address)
  try {
    const linkedMs = await bob.until((neighbours) => linksTo(neighbours).length > 0, LINK_MS)
    const isDirect = (neighbours: readonly NeighbourView[]) =>
      linksTo(neighbours).some(({ transport }) => transport === carrier)
    const upgradeMs = await bob.until(isDirect, patienceMs).catch(() => undefined)
    await alice.deliver(bob)
    await bob.deliver(alice)
    return { linkedMs, directMs: upgradeMs === undefined ? undefined : linkedMs + upgradeMs }
  } finally {
    await Promise.all([alice.stop(), bob.stop()])
  }
}
