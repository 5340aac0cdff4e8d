/**
 * What all transports on libp2p share. A kind of them, such as TCP, adds its name, its form of multiaddr and
 * its libp2p transport ({@link Carrier}); links, framing, handshake and dialling are the same.
 */
import type { Connection, Libp2p } from '@libp2p/interface'
import type { Libp2pOptions } from 'libp2p'
import { withinDeadline } from '../../runtime/clock.ts'
import { MeshError } from '../../runtime/errors.ts'
import { DEFAULT_QUEUE_BYTES } from '../send-queue.ts'
import {
  type DialTarget,
  type LinkHost,
  newTransportCounters,
  type Transport,
  type TransportComponents,
} from '../transport.ts'
import { Acceptor, type Established } from './acceptor.ts'
import { Dialler } from './dialler.ts'
import { linkFailure } from './failure.ts'
import { cutOff, hangUp } from './hang-up.ts'
import { DEFAULT_MAX_LINKS, EXPECTED_BITS_PER_SECOND, LINK_PROTOCOL, NODE_STOP_MS } from './limits.ts'
import { type AddressForm, listenFailure, type PeerAddress, parseListen, parsePeers } from './multiaddrs.ts'
import { Neighbours } from './neighbours.ts'
import { addressOf, createNode } from './node.ts'
import type { InternetOptions } from './options.ts'
import { beginLink, openConnection } from './outbound.ts'
import { type LinkOwner, StreamLink } from './stream-link.ts'

export interface Carrier {
  /** The transport's name. */
  readonly name: string
  readonly form: AddressForm
  readonly transport: NonNullable<Libp2pOptions['transports']>[number]
}

/** What exists between start and stop. */
interface Running {
  readonly node: Libp2p
  readonly host: LinkHost
  readonly acceptor: Acceptor
  readonly dialler: Dialler
}

export class InternetTransport implements Transport, LinkOwner {
  readonly name: string
  readonly counters = newTransportCounters()
  readonly #carrier: Carrier
  readonly #options: InternetOptions
  readonly #components: TransportComponents
  readonly #neighbours: Neighbours
  #running: Running | undefined
  #stopping: Promise<void> | undefined

  constructor(carrier: Carrier, options: InternetOptions, components: TransportComponents) {
    const { identity, clock } = components
    this.name = carrier.name
    this.#carrier = carrier
    this.#options = options
    this.#components = components
    this.#neighbours = new Neighbours(identity.address, clock, options.maxLinks ?? DEFAULT_MAX_LINKS)
  }

  get listenAddresses(): readonly string[] {
    return this.#running?.node.getMultiaddrs().map(String) ?? []
  }

  get targets(): readonly DialTarget[] {
    return this.#running?.dialler.targets ?? []
  }

  async start(host: LinkHost): Promise<void> {
    if (this.#running !== undefined) {
      throw new MeshError('ERR_LIFECYCLE', `transport ${this.name} has started already`)
    }
    const { listen = [], peers = [], maxLinks = DEFAULT_MAX_LINKS } = this.#options
    const { form, transport } = this.#carrier
    const addresses = parseListen(listen, form)
    const { clock, random, logger } = this.#components
    const { counters } = this
    const neighbours = this.#neighbours
    const acceptor = new Acceptor({ neighbours, clock, counters, onEstablished: (made) => this.#up(made) })
    const dialler = new Dialler({
      peers: parsePeers(peers, form),
      dial: (peer, signal) => this.#dial(peer, signal),
      linkTo: (neighbour) => neighbours.linkTo(neighbour),
      clock,
      random,
      logger,
      counters,
    })
    const node = await createNode(this.#components, {
      transports: [transport],
      listen: addresses,
      maxLinks,
      accepts: () => acceptor.isOpen,
    })
    await this.#listen(node, acceptor)
    this.#running = { node, host, acceptor, dialler }
    try {
      await node.start()
    } catch (error) {
      this.#running = undefined
      throw listenFailure(error, addresses)
    }
    dialler.start()
  }

  stop(signal: AbortSignal): Promise<void> {
    const running = this.#running
    if (running !== undefined) {
      this.#stopping ??= this.#stop(running, signal).finally(() => {
        this.#running = undefined
        this.#stopping = undefined
      })
    }
    return this.#stopping ?? Promise.resolve()
  }

  frame(link: StreamLink, frame: Uint8Array): void {
    this.#running?.host.frame(link, frame)
  }

  drained(link: StreamLink): void {
    this.#running?.host.drained(link)
  }

  down(link: StreamLink, reason: string, unsent: readonly Uint8Array[]): void {
    this.#neighbours.down(link)
    const { logger } = this.#components
    logger.info({ neighbour: link.neighbour.toString(), remote: link.remote, reason }, 'link down')
    this.#running?.host.linkDown(link, reason, unsent)
    this.#running?.dialler.linkDown(link)
  }

  async #listen(node: Libp2p, acceptor: Acceptor): Promise<void> {
    node.addEventListener('connection:open', ({ detail }: CustomEvent<Connection>) => {
      if (detail.direction === 'inbound') acceptor.opened(detail)
    })
    await node.handle(LINK_PROTOCOL, (stream, connection) => void acceptor.accept(stream, connection), {
      maxInboundStreams: 1,
      maxOutboundStreams: 1,
    })
  }

  async #dial(peer: PeerAddress, signal: AbortSignal): Promise<StreamLink> {
    const running = this.#running
    if (running === undefined) throw linkFailure('stopping', 'this node is stopping')
    const { clock } = this.#components
    const connection = await openConnection(running.node, peer, signal)
    try {
      const neighbour = addressOf(connection.remotePeer)
      const present = this.#neighbours.linkTo(neighbour)
      if (present !== undefined) {
        void hangUp(connection, undefined, clock)
        return present
      }
      if (this.#neighbours.isAccepting(neighbour)) {
        throw linkFailure('refused_duplicate', 'the neighbour is making a link to this node at this moment')
      }
      return await this.#neighbours.during('dialling', neighbour, async () =>
        this.#up(await beginLink(connection, clock, signal)),
      )
    } catch (error) {
      cutOff(connection, error)
      throw error
    }
  }

  #up({ connection, stream, decoder, neighbour, handshake }: Established): StreamLink {
    const { clock, logger } = this.#components
    const link = new StreamLink({
      owner: this,
      clock,
      connection,
      stream,
      decoder,
      neighbour,
      profile: { mtu: handshake.mtu, bitsPerSecond: EXPECTED_BITS_PER_SECOND, broadcast: false },
      latencyMs: handshake.latencyMs,
      queueBytes: this.#options.queueBytes ?? DEFAULT_QUEUE_BYTES,
    })
    const replaced = this.#neighbours.up(link)
    const { direction, remote } = link
    const { agent } = handshake
    logger.info({ neighbour: neighbour.toString(), remote, direction, agent }, 'link up')
    this.#running?.host.linkUp(link)
    link.open()
    this.#running?.dialler.linkUp(link)
    replaced?.close('replaced')
    return link
  }

  /** In this order, so that nothing comes back to life behind our back. */
  async #stop({ node, acceptor, dialler }: Running, signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#components
    acceptor.close()
    await dialler.stop()
    await this.#flush(signal)
    const links = this.#neighbours.links
    for (const link of links) link.closeNow('stopping')
    await Promise.all(links.map((link) => link.gone()))
    const stopping = Promise.resolve(node.stop())
    const stopped = await withinDeadline(clock, NODE_STOP_MS, stopping).catch(() => false)
    if (!stopped) logger.warn({ transport: this.name }, 'libp2p did not stop in time')
  }

  async #flush(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    const { promise: aborted, resolve } = Promise.withResolvers<void>()
    const onAbort = (): void => resolve()
    signal.addEventListener('abort', onAbort)
    const flushed = this.#neighbours.links.map((link) => new Promise<void>((done) => link.whenFlushed(done)))
    await Promise.race([Promise.all(flushed), aborted])
    signal.removeEventListener('abort', onAbort)
  }
}
