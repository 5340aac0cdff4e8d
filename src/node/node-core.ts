/**
 * The parts of a node, built in a fixed order, and how they act on each other. No part knows another: what
 * one hands to the next passes through here.
 */
import type { Address } from '../identity/address.ts'
import { Dedup } from '../routing/dedup.ts'
import { MeshRouter } from '../routing/router.ts'
import type { SuccessionNews } from '../routing/succession-table.ts'
import { MeshError } from '../runtime/errors.ts'
import { TransportManager } from '../transport/manager.ts'
import type { Link } from '../transport/transport.ts'
import { Capability } from '../wire/announce.ts'
import { EnvelopeView, messageId } from '../wire/envelope.ts'
import { FrameKind, kindOf } from '../wire/frame.ts'
import { decodeReport, type FailureReason, failureDetail, ReportType } from '../wire/report.ts'
import { BackPressure } from './back-pressure.ts'
import { Blocking } from './blocking.ts'
import type { CoreListener } from './core-listener.ts'
import { NodeCounters } from './counters.ts'
import { Custody } from './custody.ts'
import { DataPath, type DataPathSink, type Stop } from './data-path.ts'
import { Delivery } from './delivery.ts'
import { Departures } from './departures.ts'
import { FormerAddresses } from './former-addresses.ts'
import { announcingOf, linkLimitsOf } from './from-config.ts'
import { Housekeeping } from './housekeeping.ts'
import { type Handler, Inbox } from './inbox.ts'
import { KeyChanges } from './key-changes.ts'
import type { NodeParts } from './options.ts'
import { type MessageSpec, Originator } from './originator.ts'
import { Outbox } from './outbox.ts'
import { Parking } from './parking.ts'
import { Seekers } from './seekers.ts'
import { ServiceRegistry } from './service-registry.ts'
import { Tracer } from './tracer.ts'
import { WaitingRoom } from './waiting-room.ts'
import { WarmPaths } from './warm-paths.ts'

/** Service numbers for what `message` listeners get: plain bytes, and files with a name. */
export const PLAIN_MESSAGE = 0
export const FILE_MESSAGE = 1

export class NodeCore implements DataPathSink {
  readonly parts: NodeParts
  readonly counters = new NodeCounters()
  readonly services: ServiceRegistry
  readonly originator: Originator
  readonly former: FormerAddresses
  readonly keyChanges: KeyChanges
  readonly warmPaths: WarmPaths
  readonly blocking: Blocking
  readonly router: MeshRouter<Link>
  readonly dataPath: DataPath
  readonly parking = new Parking<Link>()
  readonly backPressure: BackPressure
  readonly outbox = new Outbox()
  readonly departures = new Departures()
  readonly custody: Custody
  readonly inbox: Inbox
  readonly tracer: Tracer
  readonly transports: TransportManager
  readonly housekeeping: Housekeeping
  /** Set for good when the node begins to stop. */
  draining = false
  /** Monotonic, ms; undefined before the start. */
  startedAt: number | undefined
  readonly #listener: CoreListener
  readonly #takesCustody: boolean
  readonly #waitingRoom = new WaitingRoom()
  readonly #seekers = new Seekers()

  constructor(parts: NodeParts, listener: CoreListener) {
    const { identity, config, clock, random, crypto, logger } = parts
    const capabilities = config.node.capabilities.reduce((bits, name) => bits | Capability[name], 0)
    this.parts = parts
    this.#listener = listener
    this.#takesCustody = (capabilities & Capability.store) !== 0
    this.services = new ServiceRegistry(parts.services)
    const speech = {
      clock,
      random: random.fork('originator'),
      counters: this.counters,
      announceLifetimeS: config.announce.max_age_s,
    }
    const offered = (): number => capabilities | this.services.capabilities
    this.originator = new Originator({ ...speech, identity, capabilities: offered })
    const toldForS = config.identity.succession_days * 86_400
    this.former = new FormerAddresses({ keys: parts.formerKeys, toldForS, speech })
    this.router = new MeshRouter<Link>(
      {
        address: identity.address,
        relay: (capabilities & Capability.relay) !== 0,
        maxPaths: config.routing.max_paths,
        seenMessages: config.routing.seen_messages,
        announce: announcingOf(config),
        makeAnnounce: () => this.originator.announce(),
        former: this.former,
      },
      random.fork('router'),
    )
    this.warmPaths = new WarmPaths(parts, this.router.paths)
    this.keyChanges = new KeyChanges({
      own: identity.address,
      table: this.router.successions.table,
      ownSuccessions: this.former.successions(),
      clock,
      logger,
      store: parts.successionStore,
      moved: (from) => this.#seekers.settle(from, true),
    })
    this.backPressure = new BackPressure(clock)
    this.dataPath = new DataPath({
      router: this.router,
      crypto,
      clock,
      counters: this.counters,
      limits: linkLimitsOf(config),
      parking: this.parking,
      backPressure: this.backPressure,
      sink: this,
    })
    this.custody = new Custody({
      store: parts.store,
      maxTtlS: config.store.max_ttl_s,
      logger,
      transmit: (frame) => this.dataPath.transmit(frame) === 'sent',
      isHeld: (frame) => this.dataPath.isHeld(frame),
    })
    this.inbox = new Inbox({
      address: identity.address,
      clock,
      logger,
      counters: this.counters,
      custody: this.custody,
      delivered: new Dedup(
        { capacity: config.routing.seen_messages, byAttempt: false },
        random.fork('delivered'),
      ),
      handlerFor: (service) => this.#handlerFor(service),
      report: (about, type, detail) => this.report(about, type, detail),
    })
    this.tracer = new Tracer(clock, (destination, limit) => {
      const frame = this.originator.trace(destination, limit)
      return this.dataPath.transmit(frame) === 'sent' ? frame : undefined
    })
    const { admission, addresses } = parts
    const components = { identity, crypto, clock, random, logger, admission, addresses }
    this.transports = new TransportManager(
      parts.transports.map((make) => make(components)),
      { host: this.dataPath, clock, logger },
    )
    this.blocking = new Blocking({
      blocklist: this.router.blocklist,
      clock,
      store: parts.store,
      router: this.router,
      transports: this.transports,
      custody: this.custody,
      counters: this.counters,
    })
    this.housekeeping = new Housekeeping({
      clock,
      quick: () => this.#quickRound(),
      slow: () => this.collectGarbage(),
    })
  }

  deliver(frame: Uint8Array): void {
    const kind = kindOf(frame)
    if (kind === FrameKind.message) {
      this.inbox.receive(frame)
      return
    }
    const view = new EnvelopeView(frame)
    if (kind === FrameKind.trace) {
      this.report(view, ReportType.hop, view.hops)
      return
    }
    const report = decodeReport(view.body)
    if (report === undefined) {
      this.counters.drop('malformed_report')
      return
    }
    const id = messageId(report.created, report.sequence)
    if (report.type === ReportType.hop) this.tracer.answered(id, view.source)
    else this.outbox.report(report, view.source)
    this.#endCustody(view)
  }

  hold(frame: Uint8Array, why: Stop): void {
    const view = new EnvelopeView(Uint8Array.from(frame))
    // Keeping it would not make it shorter.
    if (!this.#takesCustody || why === 'too_large') {
      this.counters.drop(why)
      this.#reportFailure(view, why)
      return
    }
    void this.#keepForOthers(view)
  }

  reportPasses(frame: Uint8Array): void {
    this.#endCustody(new EnvelopeView(frame))
  }

  answerTrace(frame: Uint8Array): void {
    const view = new EnvelopeView(frame)
    this.report(view, ReportType.hop, view.hops)
  }

  pathFound(destination: Address, isNew: boolean): void {
    const now = this.parts.clock.monotonic()
    this.#seekers.settle(destination, true)
    this.outbox.hurry(destination, now)
    if (this.custody.handOver(destination, now) > 0) this.housekeeping.stir()
    if (isNew) this.#listener.pathFound(destination)
  }

  pathNotFound(destination: Address): void {
    this.#seekers.settle(destination, false)
  }

  succession(news: SuccessionNews): void {
    this.keyChanges.heard(news)
  }

  parked(): void {
    this.housekeeping.stir()
  }

  linkUp(link: Link): void {
    this.#listener.linkUp(link)
  }

  linkDown(link: Link, reason: string, unsent: readonly Uint8Array[]): void {
    this.roomOn(link)
    for (const frame of unsent) this.#reroute(frame)
    this.#listener.linkDown(link, reason)
  }

  roomOn(link: Link): void {
    this.#waitingRoom.leave(link)
  }

  // What the node's own messages do.

  /** Whether there is or was a path to a destination; the mesh is asked for one that nobody has announced. */
  async find(destination: Address): Promise<boolean> {
    if (this.router.knows(destination) || destination.equals(this.parts.identity.address)) return true
    if (this.dataPath.seek(destination) === 'not_found') return false
    return await this.#seekers.wait(destination)
  }

  /** The node stops: nobody waits for a path. */
  endSearches(): void {
    this.#seekers.settleAll()
  }

  /** Signs and sends a message. Resolves when a link has taken it, or it lies in the store, or it waits. */
  async send(spec: MessageSpec): Promise<Delivery> {
    const { clock } = this.parts
    const toSelf = spec.destination.equals(this.parts.identity.address)
    const frame = this.originator.message(toSelf ? { ...spec, receipt: true } : spec)
    const view = new EnvelopeView(frame)
    this.outbox.requireRoom(frame.length)
    const delivery = new Delivery(view.id, spec.destination)
    delivery.watch((changed) => this.#listener.delivery(changed))
    if (toSelf) {
      this.outbox.add(delivery, frame, 0, clock.monotonic())
      this.inbox.receive(frame)
      return delivery
    }
    await this.#waitingRoom.enter(this.router.pathTo(spec.destination)?.link)
    const path = this.router.pathTo(spec.destination)
    requireFit(frame, path?.link)
    const roundTripMs = ((path?.metric ?? 0) / 10) * 2
    if (spec.receipt) {
      this.outbox.add(delivery, frame, roundTripMs, clock.monotonic())
      this.housekeeping.stir()
    }
    if (this.dataPath.transmit(frame) === 'sent') this.departures.taken(delivery, view, path?.link)
    else await this.#keepOwn(view, delivery)
    if (this.departures.size > 0) this.housekeeping.stir()
    return delivery
  }

  /** Tells the source of an envelope what became of it. */
  report(about: EnvelopeView, type: ReportType, detail?: number): void {
    const frame = (this.former.originatorOf(about.destination) ?? this.originator).report(about, type, detail)
    if (about.source.equals(this.parts.identity.address)) this.deliver(frame)
    else if (this.dataPath.transmit(frame) !== 'sent' && type !== ReportType.hop) {
      void this.custody.take(frame, this.parts.clock.now())
    }
  }

  /** Frees what has run out. Called by the clock; also for embedders who want it done now. */
  collectGarbage(): void {
    const { clock } = this.parts
    this.router.tend(clock.monotonic())
    void this.keyChanges.save()
    this.warmPaths.tend()
    for (;;) {
      const expired = this.custody.expire(clock.now())
      this.counters.expiredInStore += expired.length
      for (const view of expired) this.#reportFailure(view, 'expired')
      if (expired.length === 0) break
    }
  }

  #quickRound(): boolean {
    const { clock } = this.parts
    const now = clock.monotonic()
    for (let gone = this.parking.expire(now); gone > 0; gone--) this.counters.drop('unknown_source')
    this.departures.sweep(clock.now(), this.dataPath)
    for (const { id, frame, attempt } of this.outbox.sweep(clock.now(), now, this.dataPath)) {
      if (this.dataPath.transmit(this.originator.again(frame, attempt)) === 'sent') this.outbox.sent(id)
    }
    this.custody.retry(now)
    return (
      this.outbox.size > 0 || this.departures.size > 0 || this.custody.pending > 0 || this.parking.size > 0
    )
  }

  #handlerFor(service: number): Handler | 'absent' | undefined {
    if (service === PLAIN_MESSAGE || service === FILE_MESSAGE)
      return this.#listener.messageHandler() ?? 'absent'
    return this.services.handlerFor(service) ?? (this.services.has(service) ? 'absent' : undefined)
  }

  async #keepOwn(view: EnvelopeView, delivery: Delivery): Promise<void> {
    const outcome = await this.custody.take(view.frame, this.parts.clock.now())
    if (outcome === 'stored' || outcome === 'duplicate') {
      delivery.advance('stored', 'no_path')
      this.outbox.inCustody(view.id, 'no_path')
      this.counters.stored += 1
    } else if (!view.wantsReceipt) {
      this.counters.drop(outcome === 'full' ? 'store_full' : 'store_failed')
      delivery.advance('failed', 'store_full')
    }
  }

  async #keepForOthers(view: EnvelopeView): Promise<void> {
    const outcome = await this.custody.take(view.frame, this.parts.clock.now())
    if (outcome === 'stored' || outcome === 'duplicate') {
      if (outcome === 'stored') this.counters.stored += 1
      if (view.kind === FrameKind.message && view.wantsReceipt) this.report(view, ReportType.stored)
      // The path may have come back while the disk was busy.
      if (this.custody.handOver(view.destination, this.parts.clock.monotonic()) > 0) this.housekeeping.stir()
      return
    }
    this.counters.drop(outcome === 'full' ? 'store_full' : 'store_failed')
    this.#reportFailure(view, 'store_full')
  }

  /** A frame that a link had taken and that the neighbour may not have. */
  #reroute(frame: Uint8Array): void {
    const kind = kindOf(frame)
    if (kind !== FrameKind.message && kind !== FrameKind.report) return
    if (this.dataPath.transmit(frame) === 'sent') return
    const view = new EnvelopeView(frame)
    const delivery = this.departures.returned(view.id)
    // The outbox tries its own again; everything else has only this node left.
    if (this.outbox.givenBack(view.id)) return
    if (delivery !== undefined) void this.#keepOwn(view, delivery)
    else if (view.source.equals(this.parts.identity.address)) void this.#keepForOthers(view)
    else this.hold(frame, 'no_path')
  }

  /** A report by the recipient of a message ends our custody of it. */
  #endCustody(view: EnvelopeView): void {
    const report = decodeReport(view.body)
    if (report === undefined || (report.type !== ReportType.delivered && report.type !== ReportType.failed))
      return
    const { created, sequence } = report
    this.custody.release(
      { source: view.destination, created, sequence },
      view.source,
      this.parts.clock.monotonic(),
    )
  }

  #reportFailure(view: EnvelopeView, reason: FailureReason): void {
    const own = view.source.equals(this.parts.identity.address)
    if (view.kind !== FrameKind.message || !view.wantsReceipt || own) return
    this.report(view, ReportType.failed, failureDetail(reason))
  }
}

/** @throws MeshError ERR_PAYLOAD_TOO_LARGE for a frame that the link to the next hop cannot carry. */
function requireFit(frame: Uint8Array, link: Link | undefined): void {
  if (link === undefined || frame.length <= link.profile.mtu) return
  const most = `the link to the next hop (${link.transport}) carries ${link.profile.mtu}`
  throw new MeshError(
    'ERR_PAYLOAD_TOO_LARGE',
    `${frame.length} bytes with header and signature are too many: ${most}`,
  )
}
