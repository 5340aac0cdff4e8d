/**
 * Whether others can reach this node, as neighbours have tried: libp2p's AutoNAT with four things it lacks. It
 * answers with a new connection: libp2p's takes the one that there is, and closes it. It asks every neighbour for
 * every address, now and then, and not one for one. It asks for what an operator wants to know: the ports that this
 * node listens on, at the public address that others see. And it tells what came of it: libp2p's keeps to itself
 * that an address cannot be reached until eight networks have said so.
 */
import { type Connection, serviceCapabilities } from '@libp2p/interface'
import { CODE_P2P, type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { Clock, Timer } from '../../runtime/clock.ts'
import { messageOf } from '../../runtime/errors.ts'
import type { Logger } from '../../runtime/logger.ts'
import { addressKind } from '../address-kind.ts'
import type { AddressReach } from '../transport.ts'
import { MAX_SEEN_ADDRESSES, REACH_ASK_MS, REACH_HOLDS_MS } from './limits.ts'
import type { ServiceFactories } from './reach.ts'

type Autonat = typeof import('@libp2p/autonat')
type Components = Parameters<ReturnType<Autonat['autoNAT']>>[0]

/** The parts of the library's insides that are used; the lab fails should they ever be other ones. */
interface AutonatService {
  verifyExternalAddresses(connection: Connection): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
  /** By address, as long as it is not confirmed. */
  readonly dialResults: Map<string, DialResult>
}

interface DialResult {
  /** How many networks of neighbours have failed. */
  readonly failure: number
  /** Of neighbours that are being asked. */
  readonly queue: { readonly size: number }
}

const PROTOCOL = '/libp2p/autonat/1.0.0'

interface Verdict {
  readonly reach: 'reachable' | 'unreachable'
  /** Monotonic, ms. */
  readonly at: number
}

export class NatDetection {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #verdicts = new Map<string, Verdict>()
  /** The public IPv4 addresses from which neighbours see this node, the latest last. */
  readonly #hosts = new Set<string>()
  #wereForwarded: ReadonlySet<string> = new Set()
  #hasMoved = false
  #components: Components | undefined
  #service: AutonatService | undefined
  #timer: Timer | undefined

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock
    this.#logger = logger
  }

  /** What is known of each address at which this node may be reached. */
  get findings(): AddressReach[] {
    this.#collect()
    return this.#candidates().map((address) => ({
      address: String(address),
      reach: this.#verdicts.get(String(address))?.reach ?? 'unknown',
    }))
  }

  /** This machine may be on another network: what was seen on the old one goes with the first that is seen now. */
  networkChanged(): void {
    this.#hasMoved = true
  }

  async service(): Promise<ServiceFactories[string]> {
    const { autoNAT } = await import('@libp2p/autonat')
    const create = autoNAT()
    return (given) => {
      const components = given as unknown as Components
      this.#components = components
      const { events } = components
      events.addEventListener('peer:identify', ({ detail }) => this.#seen(detail.observedAddr))
      const service = create(this.#bent(components)) as AutonatService
      this.#service = service
      return {
        [serviceCapabilities]: ['@libp2p/autonat'],
        start: () => this.#start(service),
        stop: () => this.#stop(service),
      }
    }
  }

  #bent(components: Components): Components {
    const { addressManager, connectionManager } = components
    const openConnection: typeof connectionManager.openConnection = (peer, options = {}) =>
      connectionManager.openConnection(peer, { ...options, force: true })
    return {
      registrar: components.registrar,
      transportManager: components.transportManager,
      peerId: components.peerId,
      logger: components.logger,
      randomWalk: components.randomWalk,
      events: components.events,
      peerStore: components.peerStore,
      connectionManager: Object.create(connectionManager, {
        openConnection: { value: openConnection },
        getConnections: { value: connectionManager.getConnections.bind(connectionManager) },
        getMaxConnections: { value: connectionManager.getMaxConnections.bind(connectionManager) },
      }),
      addressManager: Object.create(addressManager, {
        getAddresses: { value: addressManager.getAddresses.bind(addressManager) },
        getAddressesWithMetadata: {
          value: () => this.#candidates().map((address) => this.#asAsked(address)),
        },
        confirmObservedAddr: { value: (address: Multiaddr) => this.#conclude(address, 'reachable') },
        removeObservedAddr: { value: (address: Multiaddr) => this.#conclude(address, 'unreachable') },
      }),
    }
  }

  /** AutoNAT asks for what has run out. */
  #asAsked(address: Multiaddr) {
    const isKnown = this.#verdicts.get(String(address))?.reach === 'reachable'
    const expires = isKnown ? Number.POSITIVE_INFINITY : 0
    return { multiaddr: address, verified: isKnown, type: 'transport' as const, expires }
  }

  #conclude(address: Multiaddr, reach: Verdict['reach']): void {
    const key = String(address)
    const before = this.#verdicts.get(key)?.reach
    this.#verdicts.set(key, { reach, at: this.#clock.monotonic() })
    if (before !== reach)
      this.#logger.info({ address: key, reach }, 'neighbours have tried to reach this node')
    if (reach === 'unreachable') return
    const { addressManager } = this.#components ?? {}
    // From now on others are told of it.
    addressManager?.addObservedAddr(address)
    addressManager?.confirmObservedAddr(address)
  }

  /** Forgets what is old, so that it is asked again, and takes over what has failed. */
  #collect(): void {
    const now = this.#clock.monotonic()
    const results = this.#service?.dialResults ?? new Map<string, DialResult>()
    const forget = (address: string): void => {
      this.#verdicts.delete(address)
      results.delete(address)
    }
    for (const [address, { at }] of this.#verdicts) if (now - at >= REACH_HOLDS_MS) forget(address)
    const forwarded = new Set(this.#forwarded().map(String))
    for (const address of forwarded) if (!this.#wereForwarded.has(address)) forget(address)
    this.#wereForwarded = forwarded
    for (const [address, { failure }] of results) {
      if (failure > 0 && !this.#verdicts.has(address)) this.#conclude(multiaddr(address), 'unreachable')
    }
  }

  async #start(service: AutonatService): Promise<void> {
    await service.start()
    this.#askLater()
  }

  async #stop(service: AutonatService): Promise<void> {
    this.#timer?.cancel()
    await service.stop()
  }

  #askLater(): void {
    this.#timer = this.#clock.setTimer(REACH_ASK_MS, () => {
      this.#collect()
      this.#ask().catch((error: unknown) => this.#logger.debug({ error: messageOf(error) }, 'AutoNAT failed'))
      this.#askLater()
    })
  }

  async #ask(): Promise<void> {
    for (const { queue } of this.#service?.dialResults.values() ?? []) if (queue.size > 0) return
    const { connectionManager, peerStore } = this.#components ?? {}
    for (const connection of connectionManager?.getConnections() ?? []) {
      if (connection.limits !== undefined || connection.status !== 'open') continue
      const peer = await peerStore?.get(connection.remotePeer).catch(() => undefined)
      if (!peer?.protocols.includes(PROTOCOL)) continue
      // One address at a time: the first that this network has not been asked for.
      await this.#service?.verifyExternalAddresses(connection)
    }
  }

  #seen(observed: Multiaddr | undefined): void {
    const [{ name = '', value: host = '' } = {}] = observed?.getComponents() ?? []
    if (name !== 'ip4' || addressKind(host) !== 'public') return
    if (this.#hasMoved && !this.#hosts.has(host)) this.#forgetAll()
    this.#hasMoved = false
    this.#hosts.delete(host)
    this.#hosts.add(host)
    const [oldest] = this.#hosts
    if (this.#hosts.size > MAX_SEEN_ADDRESSES && oldest !== undefined) this.#hosts.delete(oldest)
  }

  #forgetAll(): void {
    for (const address of this.#verdicts.keys()) {
      this.#components?.addressManager.removeObservedAddr(multiaddr(address))
    }
    this.#verdicts.clear()
    this.#service?.dialResults.clear()
    this.#hosts.clear()
  }

  /** Where it listens on the internet, and behind a NAT where it would be reached if that let calls through. */
  #candidates(): Multiaddr[] {
    const candidates = new Map<string, Multiaddr>()
    for (const listening of this.#components?.transportManager.getAddrs() ?? []) {
      for (const address of this.#outside(listening.decapsulateCode(CODE_P2P))) {
        candidates.set(String(address), address)
      }
    }
    for (const address of this.#forwarded()) candidates.set(String(address), address)
    return [...candidates.values()]
  }

  /** What a router forwards that was asked by UPnP. */
  #forwarded(): Multiaddr[] {
    const all = this.#components?.addressManager.getAddressesWithMetadata() ?? []
    return all.filter(({ type }) => type === 'ip-mapping').map(({ multiaddr }) => multiaddr)
  }

  #outside(address: Multiaddr): Multiaddr[] {
    const [host, ...rest] = address.getComponents()
    if (host?.value === undefined || (host.name !== 'ip4' && host.name !== 'ip6')) return []
    const kind = addressKind(host.value)
    if (kind === 'public') return [address]
    if (host.name === 'ip6' || kind === 'loopback') return []
    return [...this.#hosts].map((value) => multiaddr([{ ...host, value }, ...rest]))
  }
}
