/** Owns the transports of a node: starts and stops them together and knows every link that is up. */
import type { Address } from '../identity/address.ts'
import { linkCost } from '../routing/metric.ts'
import { type Clock, withinDeadline } from '../runtime/clock.ts'
import { MeshError, messageOf } from '../runtime/errors.ts'
import type { Logger } from '../runtime/logger.ts'
import { type CryptoMode, linkClassOf, recommendedCryptoFor } from './link-class.ts'
import type { AddressReach, Link, LinkHost, Transport } from './transport.ts'

export interface TransportManagerOptions {
  /** Receives what the transports bring, from start to stop. */
  readonly host: LinkHost
  readonly clock: Clock
  readonly logger: Logger
}

const NO_LINKS: readonly Link[] = []
const STOP_AFTER_FAILURE_MS = 5000

export class TransportManager implements LinkHost {
  readonly transports: readonly Transport[]
  readonly #host: LinkHost
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #links = new Set<Link>()
  readonly #byNeighbour = new Map<string, readonly Link[]>()
  /** Those that are started, in that order. */
  readonly #started: Transport[] = []

  /** @throws MeshError ERR_TRANSPORT when two transports have the same name. */
  constructor(transports: readonly Transport[], { host, clock, logger }: TransportManagerOptions) {
    const names = transports.map(({ name }) => name)
    const twice = names.find((name, index) => names.indexOf(name) !== index)
    if (twice !== undefined) {
      throw new MeshError('ERR_TRANSPORT', `two transports are called '${twice}': give one another name`)
    }
    this.transports = transports
    this.#host = host
    this.#clock = clock
    this.#logger = logger
  }

  /** Every link that is up. */
  get links(): ReadonlySet<Link> {
    return this.#links
  }

  get listenAddresses(): string[] {
    return this.transports.flatMap(({ listenAddresses }) => listenAddresses)
  }

  /** Whether others can reach this node; empty where no neighbour is asked to try. */
  get reach(): AddressReach[] {
    return this.transports.flatMap(({ reach = [] }) => reach)
  }

  /** The links to one neighbour, over all transports, the oldest first. */
  linksTo(neighbour: Address): readonly Link[] {
    return this.#byNeighbour.get(neighbour.toString()) ?? NO_LINKS
  }

  /** The link to a neighbour with the lowest cost by the routing metric; of equals the oldest. */
  bestLinkTo(neighbour: Address): Link | undefined {
    return cheapest(this.linksTo(neighbour), linkCost)
  }

  /**
   * The link by which a frame of `bytes` would be with a neighbour first, behind what waits for each: often
   * another for a file than for a text. Undefined where no link carries a frame of that length.
   */
  selectForSize(bytes: number, neighbour: Address): Link | undefined {
    const wideEnough = this.linksTo(neighbour).filter(({ profile }) => profile.mtu >= bytes)
    return cheapest(wideEnough, ({ latencyMs, queuedBytes, profile }) => {
      return latencyMs + ((queuedBytes + bytes) * 8000) / profile.bitsPerSecond
    })
  }

  /** How messages are best protected that go over the best link to a neighbour; undefined without a link. */
  recommendedCrypto(neighbour: Address): CryptoMode | undefined {
    const link = this.bestLinkTo(neighbour)
    return link && recommendedCryptoFor(linkClassOf(link.profile))
  }

  /**
   * Starts the transports one after another. When one fails, those that have started are stopped again.
   *
   * @throws MeshError of the transport that failed
   */
  async start(): Promise<void> {
    for (const transport of this.transports) {
      try {
        // It counts as started from here: its first link may come up before start() returns.
        this.#started.push(transport)
        await transport.start(this)
      } catch (error) {
        this.#started.pop()
        await this.stop(STOP_AFTER_FAILURE_MS)
        throw error
      }
    }
  }

  /**
   * Stops the transports in reverse order.
   *
   * @param deadlineMs for all of them; half of a transport's share is for sending what is queued
   * @returns the names of those that did not stop in time. Their links count as gone, and they are not
   *   heard any more.
   */
  async stop(deadlineMs: number): Promise<readonly string[]> {
    const end = this.#clock.monotonic() + deadlineMs
    const open: string[] = []
    for (let transport = this.#started.at(-1); transport !== undefined; transport = this.#started.at(-1)) {
      const left = Math.max(0, end - this.#clock.monotonic())
      const isStopped = await this.#stopOne(transport, left / this.#started.length)
      this.#started.pop()
      if (!isStopped) open.push(this.#abandon(transport))
    }
    return open
  }

  linkUp(link: Link): void {
    if (!this.#started.some(({ name }) => name === link.transport)) return
    this.#links.add(link)
    if (link.neighbour !== undefined) {
      this.#byNeighbour.set(link.neighbour.toString(), [...this.linksTo(link.neighbour), link])
    }
    this.#host.linkUp(link)
  }

  frame(link: Link, frame: Uint8Array): void {
    if (this.#links.has(link)) this.#host.frame(link, frame)
  }

  drained(link: Link): void {
    if (this.#links.has(link)) this.#host.drained(link)
  }

  linkDown(link: Link, reason: string, unsent: readonly Uint8Array[]): void {
    if (!this.#links.delete(link)) return
    if (link.neighbour !== undefined) {
      const others = this.linksTo(link.neighbour).filter((other) => other !== link)
      if (others.length > 0) this.#byNeighbour.set(link.neighbour.toString(), others)
      else this.#byNeighbour.delete(link.neighbour.toString())
    }
    this.#host.linkDown(link, reason, unsent)
  }

  async #stopOne(transport: Transport, deadlineMs: number): Promise<boolean> {
    const flush = new AbortController()
    const flushMs = deadlineMs / 2
    const timer = this.#clock.setTimer(flushMs, () => flush.abort())
    try {
      return await withinDeadline(this.#clock, deadlineMs, transport.stop(flush.signal, flushMs))
    } catch (error) {
      this.#logger.error({ transport: transport.name, error: messageOf(error) }, 'transport failed to stop')
      return false
    } finally {
      timer.cancel()
    }
  }

  /** Takes the links of a transport that did not stop off the host's hands. */
  #abandon({ name }: Transport): string {
    const left = [...this.#links].filter(({ transport }) => transport === name)
    for (const link of left) this.linkDown(link, 'abandoned', [])
    return `transport ${name} (${left.length} links)`
  }
}

function cheapest(links: readonly Link[], cost: (link: Link) => number): Link | undefined {
  let best: Link | undefined
  let least = Number.POSITIVE_INFINITY
  for (const link of links) {
    const price = cost(link)
    if (price >= least) continue
    best = link
    least = price
  }
  return best
}
