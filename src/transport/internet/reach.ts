/**
 * What libp2p has for finding and reaching nodes, as far as it is switched on. Each module is loaded only then:
 * a node with nothing switched on speaks to nobody but its peers, and offers nothing but the link.
 */
import type { Connection, Libp2p, PeerId, PeerInfo } from '@libp2p/interface'
import { CODE_P2P, type Multiaddr } from '@multiformats/multiaddr'
import type { Libp2pOptions } from 'libp2p'
import { type Clock, sleep } from '../../runtime/clock.ts'
import {
  ALONE_MS,
  MAX_RELAYED_BYTES,
  MAX_RELAYED_MS,
  MAX_RESERVATIONS,
  MAX_SEEN_ADDRESSES,
  MDNS_INTERVAL_MS,
  MDNS_SERVICE,
  MEET_AGAIN_MS,
  MEET_TRIES,
  RESERVATION_MS,
} from './limits.ts'
import { hasForm } from './multiaddrs.ts'
import type { NatDetection } from './nat-detection.ts'
import type { ReachOptions } from './options.ts'

export interface ReachHooks {
  /** A node has been found that may be worth a call. */
  readonly found: (peer: PeerInfo) => void
  /** A direct connection to a neighbour with a relayed link. Resolves when the link has moved over. */
  readonly adopt: (connection: Connection) => Promise<void>
  readonly natDetection: NatDetection
  readonly clock: Clock
}

export type ServiceFactories = NonNullable<Libp2pOptions['services']>

/** @param usesRelays whether this node has a transport for relayed connections. */
export async function reachServices(
  { mdns, relayServer, holePunching, autonat, upnp }: ReachOptions,
  usesRelays: boolean,
  hooks: ReachHooks,
): Promise<ServiceFactories> {
  const services: ServiceFactories = {}
  if (usesRelays || relayServer || holePunching || autonat) {
    const { identify } = await import('@libp2p/identify')
    services['identify'] = identify()
  }
  if (relayServer) services['relay'] = await relayService()
  if (mdns) services['mdns'] = await mdnsService(hooks)
  if (holePunching) services['dcutr'] = await holePunchService(hooks)
  if (autonat) services['autonat'] = await hooks.natDetection.service()
  if (upnp) {
    const { portMapping } = await import('./port-mapping.ts')
    // Without AutoNAT there is nobody to confirm what the router says.
    services['upnp'] = portMapping(!autonat)
  }
  return services
}

async function relayService(): Promise<ServiceFactories[string]> {
  const { circuitRelayServer } = await import('@libp2p/circuit-relay-v2')
  return circuitRelayServer({
    reservations: {
      maxReservations: MAX_RESERVATIONS,
      reservationTtl: RESERVATION_MS,
      defaultDataLimit: BigInt(MAX_RELAYED_BYTES),
      defaultDurationLimit: MAX_RELAYED_MS,
    },
  })
}

/** Only starts and stops, as libp2p sees it: who is found is not for libp2p to remember. */
async function mdnsService({ found }: ReachHooks): Promise<ServiceFactories[string]> {
  const { mdns } = await import('@libp2p/mdns')
  const create = mdns({ serviceTag: MDNS_SERVICE, interval: MDNS_INTERVAL_MS })
  return (components) => {
    const service = create(components as Parameters<typeof create>[0])
    service.addEventListener('peer', ({ detail }) => found(detail))
    const { start, stop } = service as unknown as { start(): Promise<void>; stop(): Promise<void> }
    return { start: start.bind(service), stop: stop.bind(service) }
  }
}

/**
 * libp2p's DCUtR with four things it lacks. When two nodes call each other at the same moment, one of them has to
 * act as if it had been called: libp2p's dial queue forgets which ({@link callAsCalled}). It closes the relayed connection as soon as it has a direct one: here
 * not before the link has moved. And it tells the other end only of addresses that somebody has confirmed, which
 * nobody can before there is a hole: here also of those that neighbours have seen. And it spends five seconds on a
 * call to a firewall before it tries to meet: here two.
 */
async function holePunchService({ adopt, clock }: ReachHooks): Promise<ServiceFactories[string]> {
  const { dcutr } = await import('@libp2p/dcutr')
  const create = dcutr()
  return (components) => {
    const own = components as unknown as Parameters<typeof create>[0] & IdentifyEvents
    const { connectionManager, peerStore, registrar, addressManager, transportManager, logger } = own
    const seen = seenByNeighbours(own.events, own.peerId)
    const openConnection: OpenConnection = async (peer, options = {}) => {
      // A node that calls alone sets no priority.
      const isMeeting = options.priority !== undefined && Array.isArray(peer)
      const call = (): Promise<Connection> =>
        isMeeting && options.initiator === false
          ? callAsCalled(transportManager, peer, options)
          : connectionManager.openConnection(peer, options)
      const connection = await (isMeeting
        ? meet(call, () => sleep(clock, MEET_AGAIN_MS), options.signal)
        : within(ALONE_MS, clock, options.signal, (signal) =>
            connectionManager.openConnection(peer, { ...options, signal }),
          ))
      await adopt(connection)
      return connection
    }
    const getAddresses = (): Multiaddr[] => {
      const meetings = [...seen.values()]
      // Nobody is met at those of QUIC, which calls from ports of its own: they only show that there is an answer.
      // Those of TCP come first, since a firewall that says nothing costs a whole timeout.
      const [first, last] = [TCP, QUIC].map((form) => meetings.filter((address) => hasForm(address, form)))
      return [...(first ?? []), ...addressManager.getAddresses(), ...(last ?? [])]
    }
    return create({
      connectionManager: Object.create(connectionManager, { openConnection: { value: openConnection } }),
      peerStore,
      registrar,
      addressManager: Object.create(addressManager, { getAddresses: { value: getAddresses } }),
      transportManager,
      logger,
    })
  }
}

type DcutrComponents = Parameters<ReturnType<typeof import('@libp2p/dcutr').dcutr>>[0]
type OpenConnection = DcutrComponents['connectionManager']['openConnection']

async function within<T>(
  ms: number,
  clock: Clock,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController()
  const timer = clock.setTimer(ms, () => late.abort(new Error(`no answer within ${ms} ms`)))
  try {
    return await work(signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]))
  } finally {
    timer.cancel()
  }
}

/** One of two calls comes first. Where a kind NAT lets it in, nobody is there yet, and it is refused: once more. */
async function meet(
  call: () => Promise<Connection>,
  pause: () => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<Connection> {
  for (let tries = 1; ; tries++) {
    try {
      return await call()
    } catch (error) {
      const isRefused = error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED'
      if (!isRefused || tries === MEET_TRIES) throw error
    }
    await pause()
    signal?.throwIfAborted()
  }
}

/** Calls a node that calls this one at the same moment, and leaves the first word to it. */
async function callAsCalled(
  transportManager: DcutrComponents['transportManager'],
  addresses: readonly Multiaddr[],
  { signal }: { readonly signal?: AbortSignal | undefined },
): Promise<Connection> {
  // libp2p's TCP ends a connection with the signal of its dial, and this one ends with DCUtR's five seconds.
  const calling = new AbortController()
  const options = { signal: calling.signal, initiator: false }
  const giveUp = (): void => calling.abort(signal?.reason)
  signal?.addEventListener('abort', giveUp)
  try {
    let failure: unknown
    for (const address of addresses) {
      try {
        return await transportManager.dial(address, options)
      } catch (error) {
        failure = error
      }
    }
    throw failure
  } finally {
    signal?.removeEventListener('abort', giveUp)
  }
}

interface IdentifyEvents {
  readonly events: Pick<Libp2p, 'addEventListener'>
  readonly peerId: PeerId
}

/**
 * The addresses from which this node's calls arrive at neighbours, the latest few: over TCP they all come from
 * one port. One that a neighbour makes up costs a few calls to it, {@link MEET_TRIES} for each of DCUtR's three.
 */
function seenByNeighbours(events: IdentifyEvents['events'], ownId: PeerId): ReadonlyMap<string, Multiaddr> {
  const seen = new Map<string, Multiaddr>()
  events.addEventListener('peer:identify', ({ detail: { connection, observedAddr } }) => {
    const isOwnCall = connection.direction === 'outbound' && connection.limits === undefined
    if (
      !isOwnCall ||
      observedAddr === undefined ||
      !(hasForm(observedAddr, TCP) || hasForm(observedAddr, QUIC))
    )
      return
    const address = observedAddr.decapsulateCode(CODE_P2P).encapsulate(`/p2p/${ownId.toString()}`)
    seen.delete(address.toString())
    seen.set(address.toString(), address)
    const [oldest] = seen.keys()
    if (seen.size > MAX_SEEN_ADDRESSES && oldest !== undefined) seen.delete(oldest)
  })
  return seen
}

const TCP = { protocols: /^ip[46]\/tcp$/, example: '/ip4/192.0.2.7/tcp/4001' }
const QUIC = { protocols: /^ip[46]\/udp\/quic-v1$/, example: '/ip4/192.0.2.7/udp/4001/quic-v1' }
