/**
 * The one libp2p node of a mesh node, under all its internet transports: one identity, one dial queue, one
 * set of limits. It starts with the first of them and stops with the last. What happens on it is handed to
 * the transport whose kind of address it happens on.
 */
import type { Connection, Libp2p, PeerInfo, Stream } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { Libp2pOptions } from 'libp2p'
import type { Address } from '../../identity/address.ts'
import { type Clock, withinDeadline } from '../../runtime/clock.ts'
import { MeshError, messageOf } from '../../runtime/errors.ts'
import type { AddressReach, TransportComponents } from '../transport.ts'
import { LINK_PROTOCOL, MAX_FOUND_ADDRESSES, NODE_STOP_MS } from './limits.ts'
import { listenFailure } from './multiaddrs.ts'
import { NatDetection } from './nat-detection.ts'
import { addressOf, createNode } from './node.ts'
import type { ReachOptions } from './options.ts'
import { OwnAddresses } from './own-addresses.ts'
import { reachServices } from './reach.ts'
import type { StreamLink } from './stream-link.ts'

export type CarrierTransport = NonNullable<Libp2pOptions['transports']>[number]

/** One internet transport, as its libp2p node sees it. */
export interface Member {
  readonly name: string
  /** Whether its links go through a third node, so that any other link is better. */
  readonly isRelayed: boolean
  readonly maxLinks: number
  readonly reach: ReachOptions
  /** Rejects where this machine lacks what the transport is made of. */
  load(reach: ReachOptions): Promise<CarrierTransport>
  /** @throws MeshError ERR_LISTEN */
  listen(): readonly Multiaddr[]
  carries(address: Multiaddr): boolean
  /** Whether inbound connections are welcome at this moment. */
  accepts(remote: Multiaddr): boolean
  opened(connection: Connection): void
  accept(stream: Stream, connection: Connection): void
  linkTo(neighbour: Address): StreamLink | undefined
  /** Makes a link on a connection that libp2p opened by itself. */
  adopt(connection: Connection): Promise<void>
  /** A node has been found at these addresses. */
  found(peerId: string, neighbour: Address, addresses: readonly Multiaddr[]): void
  /** Another transport has a direct link to a neighbour. Resolves when the relayed one, if any, is gone. */
  directLinkUp(link: StreamLink): Promise<void>
  directLinkDown(link: StreamLink): void
  /** This machine has other addresses than before. */
  networkChanged(): void
}

const NODES = new WeakMap<TransportComponents, SharedNode>()

export class SharedNode {
  readonly #components: TransportComponents
  readonly #members: Member[] = []
  readonly #users = new Set<Member>()
  readonly #problems = new Map<Member, string>()
  readonly #ownAddresses: OwnAddresses
  readonly #natDetection: NatDetection
  #node: Promise<Libp2p> | undefined
  #stopping: Promise<boolean> | undefined

  /** The one of all transports that are made from the same components. */
  static of(components: TransportComponents): SharedNode {
    const present = NODES.get(components)
    if (present !== undefined) return present
    const node = new SharedNode(components)
    NODES.set(components, node)
    return node
  }

  private constructor(components: TransportComponents) {
    this.#components = components
    this.#natDetection = new NatDetection(components.clock, components.logger)
    this.#ownAddresses = new OwnAddresses(components.clock, () => this.#networkChanged())
  }

  join(member: Member): void {
    this.#members.push(member)
  }

  /** Why a transport cannot run on this machine, in one line. Known once any of them has started. */
  problemOf(member: Member): string | undefined {
    return this.#problems.get(member)
  }

  /**
   * Starts the node, unless it runs.
   *
   * @returns undefined where this transport cannot run here, but another one does
   * @throws MeshError ERR_LISTEN, or ERR_TRANSPORT where no transport can run
   */
  async start(member: Member): Promise<Libp2p | undefined> {
    await this.#stopping
    this.#users.add(member)
    try {
      this.#node ??= this.#run()
      const node = await this.#node
      return this.#problems.has(member) ? undefined : node
    } catch (error) {
      this.#users.delete(member)
      this.#node = undefined
      throw error
    }
  }

  /** @returns whether the node stopped in time, if this was the last transport that used it. */
  async release(member: Member): Promise<boolean> {
    if (!this.#users.delete(member) || this.#users.size > 0 || this.#node === undefined) return true
    this.#ownAddresses.stop()
    const stopping = stopNode(this.#node, this.#components.clock)
    this.#node = undefined
    this.#stopping = stopping
    const inTime = await stopping
    if (this.#stopping === stopping) this.#stopping = undefined
    return inTime
  }

  /** Whether others can reach this node at the addresses of a transport, as far as neighbours have tried. */
  reachOf(member: Member): AddressReach[] {
    return this.#natDetection.findings.filter(({ address }) => member.carries(multiaddr(address)))
  }

  /** The link to a neighbour that goes through no third node. */
  directLinkTo(neighbour: Address): StreamLink | undefined {
    for (const member of this.#users) {
      const link = member.isRelayed ? undefined : member.linkTo(neighbour)
      if (link !== undefined) return link
    }
    return undefined
  }

  async linkUp(of: Member, link: StreamLink): Promise<void> {
    if (!of.isRelayed) await Promise.all(this.#relayed().map((member) => member.directLinkUp(link)))
  }

  linkDown(of: Member, link: StreamLink): void {
    if (of.isRelayed) return
    for (const member of this.#relayed()) member.directLinkDown(link)
  }

  #relayed(): Member[] {
    return [...this.#users].filter(({ isRelayed }) => isRelayed)
  }

  #carrierOf(address: Multiaddr): Member | undefined {
    for (const member of this.#users) if (member.carries(address)) return member
    return undefined
  }

  async #run(): Promise<Libp2p> {
    const reach = this.#wanted()
    const transports = await this.#load(reach)
    const usable = this.#members.filter((member) => !this.#problems.has(member))
    const listen = usable.flatMap((member) => member.listen())
    const node = await createNode(this.#components, {
      transports,
      listen,
      maxLinks: usable.reduce((sum, { maxLinks }) => sum + maxLinks, 0),
      accepts: (address) => this.#carrierOf(address)?.accepts(address) ?? false,
      services: await reachServices(
        reach,
        usable.some(({ isRelayed }) => isRelayed),
        {
          found: (peer) => this.#found(peer),
          adopt: (connection) => this.#adopt(connection),
          natDetection: this.#natDetection,
          clock: this.#components.clock,
        },
      ),
    })
    node.addEventListener('connection:open', ({ detail }: CustomEvent<Connection>) => {
      if (detail.direction === 'inbound') this.#carrierOf(detail.remoteAddr)?.opened(detail)
    })
    const accept = (stream: Stream, connection: Connection): void => {
      const carrier = this.#carrierOf(connection.remoteAddr)
      if (carrier === undefined) stream.abort(new Error('no transport for this connection'))
      else carrier.accept(stream, connection)
    }
    await node.handle(LINK_PROTOCOL, accept, {
      maxInboundStreams: 1,
      maxOutboundStreams: 1,
      runOnLimitedConnection: true,
    })
    try {
      await node.start()
    } catch (error) {
      throw listenFailure(error, listen)
    }
    this.#ownAddresses.start()
    return node
  }

  /** @throws MeshError ERR_TRANSPORT where nothing can be loaded */
  async #load(reach: ReachOptions): Promise<CarrierTransport[]> {
    this.#problems.clear()
    const transports: CarrierTransport[] = []
    for (const member of this.#members) {
      try {
        transports.push(await member.load(reach))
      } catch (error) {
        const [firstLine = ''] = messageOf(error).split('\n')
        const problem = `${member.name} does not run on this machine: ${firstLine}`
        if (this.#members.length === 1) throw new MeshError('ERR_TRANSPORT', problem, { cause: error })
        this.#problems.set(member, problem)
        this.#components.logger.warn({ transport: member.name }, problem)
      }
    }
    return transports
  }

  /** What any of the transports has switched on. */
  #wanted(): ReachOptions {
    const isOn = (key: keyof ReachOptions): boolean => this.#members.some(({ reach }) => reach[key] === true)
    return {
      mdns: isOn('mdns'),
      relayServer: isOn('relayServer'),
      holePunching: isOn('holePunching'),
      autonat: isOn('autonat'),
      upnp: isOn('upnp'),
    }
  }

  /** Whoever shouts on the local network: nothing of it is trusted, and one transport calls. */
  #found({ id, multiaddrs }: PeerInfo): void {
    if (id.type !== 'Ed25519') return
    const neighbour = addressOf(id)
    if (neighbour.equals(this.#components.identity.address)) return
    if (this.directLinkTo(neighbour) !== undefined) return
    for (const member of this.#users) {
      const addresses = multiaddrs.filter((address) => member.carries(address)).slice(0, MAX_FOUND_ADDRESSES)
      if (member.isRelayed || addresses.length === 0) continue
      member.found(id.toString(), neighbour, addresses)
      return
    }
  }

  #networkChanged(): void {
    this.#components.logger.info({}, 'the addresses of this machine have changed')
    this.#natDetection.networkChanged()
    for (const member of this.#users) member.networkChanged()
  }

  async #adopt(connection: Connection): Promise<void> {
    await this.#carrierOf(connection.remoteAddr)?.adopt(connection)
  }
}

async function stopNode(node: Promise<Libp2p>, clock: Clock): Promise<boolean> {
  const stopping = node.then((started) => started.stop())
  return await withinDeadline(clock, NODE_STOP_MS, stopping).catch(() => false)
}
