/**
 * What all transports on libp2p share. A kind of them, such as TCP, adds its name, its form of multiaddr and
 * its libp2p transport ({@link Carrier}); links, framing, handshake and dialling are the same.
 */
import type { Connection, Libp2p } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Address } from '../../identity/address.ts'
import { MeshError } from '../../runtime/errors.ts'
import { AddressBook, type AddressSource } from '../address-book.ts'
import { AdmissionControl } from '../admission.ts'
import { DEFAULT_QUEUE_BYTES } from '../send-queue.ts'
import {
  type AddressReach,
  type DialTarget,
  type LinkHost,
  newTransportCounters,
  type Transport,
  type TransportComponents,
} from '../transport.ts'
import { Acceptor, type Established } from './acceptor.ts'
import type { Carrier } from './carrier.ts'
import { Dialler } from './dialler.ts'
import { linkFailure } from './failure.ts'
import { sayFarewell } from './farewell.ts'
import { Gate } from './gate.ts'
import { cutOff, hangUp } from './hang-up.ts'
import { DEFAULT_MAX_LINKS, DIAL_TIMEOUT_MS, GIVE_WAY_MS } from './limits.ts'
import type { Refusal } from './link-frames.ts'
import type { LinkOwner } from './link-owner.ts'
import { hasForm, type PeerAddress, parseListen, parsePeers } from './multiaddrs.ts'
import { Neighbours } from './neighbours.ts'
import { addressOf } from './node.ts'
import type { InternetOptions } from './options.ts'
import { beginLink, openConnection } from './outbound.ts'
import { type Member, SharedNode } from './shared-node.ts'
import { StreamLink } from './stream-link.ts'
import { Vigil } from './vigil.ts'

/** What exists between start and stop. */
interface Running {
  /** Once it has started. */
  node: Libp2p | undefined
  readonly host: LinkHost
  readonly acceptor: Acceptor
  readonly dialler: Dialler
  readonly vigil: Vigil
  /** Of this run, for the handshakes. */
  readonly session: number
}

export class InternetTransport implements Transport, LinkOwner {
  readonly name: string
  readonly counters = newTransportCounters()
  readonly #carrier: Carrier
  readonly #options: InternetOptions
  readonly #components: TransportComponents
  readonly #neighbours: Neighbours
  readonly #admission: AdmissionControl
  readonly #gate: Gate
  readonly #book: AddressBook
  readonly #shared: SharedNode
  readonly #member: Member
  /** Relayed links that give way to a direct one, with what waits for their end. */
  readonly #leaving = new Map<StreamLink, PromiseWithResolvers<void>>()
  /** Neighbours that are about to make a link, with who waits for it. */
  readonly #awaited = new Map<string, (link: StreamLink) => void>()
  #running: Running | undefined
  #stopping: Promise<void> | undefined

  constructor(carrier: Carrier, options: InternetOptions, components: TransportComponents) {
    const { identity, clock } = components
    this.name = carrier.name
    this.#carrier = carrier
    this.#options = options
    this.#components = components
    const { maxLinks = DEFAULT_MAX_LINKS, listen = [] } = options
    this.#neighbours = new Neighbours(identity.address, clock, maxLinks)
    this.#admission = components.admission ?? new AdmissionControl()
    this.#book = components.addresses ?? new AddressBook()
    const { counters } = this
    this.#gate = new Gate({ admission: this.#admission, clock, counters, logger: components.logger })
    this.#member = this.#asMember(() => carrier.listens ?? parseListen(listen, carrier.form), maxLinks)
    this.#shared = SharedNode.of(components)
    this.#shared.join(this.#member)
  }

  get listenAddresses(): readonly string[] {
    const addresses = this.#running?.node?.getMultiaddrs() ?? []
    return addresses.filter((address) => this.#member.carries(address)).map(String)
  }

  get reach(): AddressReach[] {
    return this.#running === undefined ? [] : this.#shared.reachOf(this.#member)
  }

  get problem(): string | undefined {
    return this.#shared.problemOf(this.#member)
  }

  get targets(): readonly DialTarget[] {
    return this.#running?.dialler.targets ?? []
  }

  async start(host: LinkHost): Promise<void> {
    if (this.#running !== undefined) {
      throw new MeshError('ERR_LIFECYCLE', `transport ${this.name} has started already`)
    }
    const { peers = [] } = this.#options
    const { clock, random, logger } = this.#components
    const { counters } = this
    const neighbours = this.#neighbours
    const session = random.uint32()
    const acceptor = new Acceptor({
      neighbours,
      refusalFor: (neighbour, remote, theirs) =>
        this.#gate.refusalFor({ neighbour, remote, transport: this.name, direction: 'inbound' }) ??
        this.#refusalFor(neighbour, theirs),
      session,
      mostAtOnce: () => this.#admission.handshakes,
      clock,
      counters,
      onEstablished: (made) => this.#up(made),
    })
    const configured = parsePeers(peers, this.#carrier.form)
    for (const peer of configured) if (peer.neighbour) this.#note(peer.neighbour, peer.text, 'configured')
    const dialler = new Dialler({
      peers: configured,
      dial: (peer, signal) => this.#dial(peer, signal),
      linkTo: (neighbour) => neighbours.linkTo(neighbour) ?? this.#betterLinkTo(neighbour),
      clock,
      random,
      logger,
      counters,
    })
    const vigil = new Vigil({ links: () => neighbours.links, clock, caller: dialler })
    // From here on: a neighbour may call before start() returns.
    const running: Running = { node: undefined, host, acceptor, dialler, vigil, session }
    this.#running = running
    try {
      running.node = await this.#shared.start(this.#member)
    } catch (error) {
      this.#running = undefined
      throw error
    }
    if (running.node === undefined) return
    dialler.start()
    vigil.start()
  }

  stop(signal: AbortSignal, flushMs = 0): Promise<void> {
    const running = this.#running
    if (running !== undefined) {
      this.#stopping ??= this.#stop(running, signal, flushMs).finally(() => {
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
    this.#leaving.get(link)?.resolve()
    this.#leaving.delete(link)
    const { logger } = this.#components
    logger.info({ neighbour: link.neighbour.toString(), remote: link.remote, reason }, 'link down')
    this.#running?.host.linkDown(link, reason, unsent)
    this.#running?.dialler.linkDown(link)
    this.#shared.linkDown(this.#member, link)
  }

  #asMember(listen: Member['listen'], maxLinks: number): Member {
    const { name, form, load, isRelayed } = this.#carrier
    const { reach = {} } = this.#options
    return {
      name,
      isRelayed,
      maxLinks,
      reach,
      load,
      listen,
      carries: (address) => hasForm(address, form),
      accepts: (remote) => (this.#running?.acceptor.isOpen ?? false) && this.#gate.lets(remote),
      opened: (connection) => {
        this.#gate.opened(connection)
        this.#running?.acceptor.opened(connection)
      },
      accept: (stream, connection) => void this.#running?.acceptor.accept(stream, connection),
      linkTo: (neighbour) => this.#neighbours.linkTo(neighbour),
      adopt: (connection) => this.#adopt(connection),
      found: (peerId, neighbour, addresses) => this.#found(peerId, neighbour, addresses),
      directLinkUp: (link) => this.#giveWayTo(link),
      directLinkDown: (link) => this.#running?.dialler.linkDown(link),
      networkChanged: () => {
        this.#running?.vigil.ask()
        this.#running?.dialler.networkChanged()
      },
    }
  }

  #refusalFor(neighbour: Address, session: number): Refusal | undefined {
    if (this.#betterLinkTo(neighbour) !== undefined) return 'duplicate'
    const present = this.#neighbours.linkTo(neighbour)
    const isDoubted = present !== undefined && this.#doubts(present)
    return this.#neighbours.refusalFor(neighbour, session, isDoubted)
  }

  #doubts(link: StreamLink): boolean {
    return this.#running?.vigil.doubts(link) ?? false
  }

  /** What makes a link of this transport needless. */
  #betterLinkTo(neighbour: Address): StreamLink | undefined {
    return this.#carrier.isRelayed ? this.#shared.directLinkTo(neighbour) : undefined
  }

  /** Of the two ends the one with the smaller address closes, so that neither is cut off in mid-sentence. */
  async #giveWayTo(direct: StreamLink): Promise<void> {
    this.#running?.dialler.linkUp(direct)
    const link = this.#neighbours.linkTo(direct.neighbour)
    if (link === undefined) return
    await (this.#leaving.get(link) ?? this.#leave(link)).promise
    await link.gone()
  }

  #leave(link: StreamLink): PromiseWithResolvers<void> {
    const { identity, clock } = this.#components
    const isFirst = identity.address.compare(link.neighbour) < 0
    const leaving = Promise.withResolvers<void>()
    this.#leaving.set(link, leaving)
    if (isFirst) link.retire('replaced')
    const timer = clock.setTimer(isFirst ? GIVE_WAY_MS : 2 * GIVE_WAY_MS, () => link.close('replaced'))
    void leaving.promise.then(() => timer.cancel())
    return leaving
  }

  #found(peerId: string, neighbour: Address, addresses: readonly Multiaddr[]): void {
    for (const address of addresses) this.#note(neighbour, String(address), 'found')
    const dial = this.#book.inOrder(neighbour, addresses)
    this.#running?.dialler.offer({ text: String(dial[0]), dial, peerId, neighbour })
  }

  #note(neighbour: Address, address: string, source: AddressSource, isLinked = false): void {
    const note = { neighbour, transport: this.name, address, source }
    this.#book.note(note, isLinked ? this.#components.clock.now() : undefined)
  }

  async #dial(peer: PeerAddress, signal: AbortSignal): Promise<StreamLink> {
    const node = this.#running?.node
    if (node === undefined) throw linkFailure('stopping', 'this node is stopping')
    try {
      const connection = await openConnection(node, peer, this.#carrier.resolve, signal)
      const link = await this.#linkOver(connection, signal)
      const isConfigured = this.#options.peers?.includes(peer.text) ?? false
      const remote = isConfigured ? peer.text : connection.remoteAddr.toString()
      this.#note(link.neighbour, remote, isConfigured ? 'configured' : 'found', true)
      return link
    } catch (error) {
      if (peer.neighbour !== undefined) this.#book.failed(peer.neighbour, peer.text)
      throw error
    }
  }

  /**
   * libp2p has opened a direct connection where there was a relayed one. Where the two have called each other,
   * one of them counts as called: it waits for the other to begin the link.
   */
  async #adopt(connection: Connection): Promise<void> {
    const { clock } = this.#components
    const late = new AbortController()
    const timer = clock.setTimer(DIAL_TIMEOUT_MS, () => late.abort())
    try {
      const link =
        connection.direction === 'outbound'
          ? await this.#linkOver(connection, late.signal)
          : await this.#linkFrom(addressOf(connection.remotePeer), late.signal)
      if (link === undefined) return
      if (link.direction === 'outbound') this.#note(link.neighbour, link.remote, 'learnt', true)
      await this.#shared.linkUp(this.#member, link)
    } finally {
      timer.cancel()
    }
  }

  /** The link a neighbour is about to make, or undefined when it takes too long. */
  async #linkFrom(neighbour: Address, signal: AbortSignal): Promise<StreamLink | undefined> {
    const key = neighbour.toString()
    const present = this.#neighbours.linkTo(neighbour)
    if (present !== undefined) return present
    const awaited = Promise.withResolvers<StreamLink | undefined>()
    const onAbort = (): void => awaited.resolve(undefined)
    signal.addEventListener('abort', onAbort)
    this.#awaited.set(key, awaited.resolve)
    const link = await awaited.promise
    this.#awaited.delete(key)
    signal.removeEventListener('abort', onAbort)
    return link
  }

  async #linkOver(connection: Connection, signal: AbortSignal): Promise<StreamLink> {
    const { clock } = this.#components
    try {
      const neighbour = addressOf(connection.remotePeer)
      const remote = connection.remoteAddr.toString()
      const refusal = this.#gate.refusalFor({
        neighbour,
        remote,
        transport: this.name,
        direction: 'outbound',
      })
      if (refusal !== undefined)
        throw linkFailure(refusal, 'this node is not to have a link with that neighbour')
      const present = this.#neighbours.linkTo(neighbour)
      if (present !== undefined && !this.#doubts(present)) {
        void hangUp(connection, undefined, clock)
        return present
      }
      if (this.#neighbours.isAccepting(neighbour)) {
        throw linkFailure('refused_duplicate', 'the neighbour is making a link to this node at this moment')
      }
      const session = this.#running?.session ?? 0
      return await this.#neighbours.during('dialling', neighbour, async () =>
        this.#up(await beginLink(connection, clock, session, signal)),
      )
    } catch (error) {
      cutOff(connection, error)
      throw error
    }
  }

  #up({ connection, stream, decoder, neighbour, handshake }: Established): StreamLink {
    const { clock, random, logger } = this.#components
    const link = new StreamLink({
      owner: this,
      clock,
      connection,
      stream,
      decoder,
      neighbour,
      profile: { mtu: handshake.mtu, bitsPerSecond: this.#carrier.bitsPerSecond, broadcast: false },
      latencyMs: handshake.latencyMs,
      queueBytes: this.#options.queueBytes ?? DEFAULT_QUEUE_BYTES,
      queueSalt: random.uint32(),
    })
    const replaced = this.#neighbours.up(link, handshake.session)
    this.#awaited.get(neighbour.toString())?.(link)
    const { direction, remote } = link
    const { agent } = handshake
    logger.info({ neighbour: neighbour.toString(), remote, direction, agent }, 'link up')
    if (direction === 'inbound') this.#note(neighbour, remote, 'seen', true)
    this.#running?.host.linkUp(link)
    link.open()
    this.#running?.dialler.linkUp(link)
    replaced?.close('replaced')
    void this.#shared.linkUp(this.#member, link)
    const better = this.#betterLinkTo(neighbour)
    if (better !== undefined) void this.#giveWayTo(better)
    return link
  }

  /** In this order, so that nothing comes back to life behind our back. */
  async #stop({ acceptor, dialler, vigil }: Running, signal: AbortSignal, flushMs: number): Promise<void> {
    const { clock, random, logger } = this.#components
    acceptor.close()
    vigil.stop()
    await dialler.stop()
    const leaving = this.#neighbours.links
    await sayFarewell(leaving, { withinMs: flushMs, clock, random, signal })
    await this.#flush(signal)
    const links = this.#neighbours.links
    for (const link of links) link.closeNow('stopping')
    await Promise.all([...leaving, ...links].map((link) => link.gone()))
    const stopped = await this.#shared.release(this.#member)
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
