/**
 * The core of a node: what to do with a frame, and what to say of oneself. Pure: it is told the time, what
 * arrived and which links there are, and answers with what should happen. It does no I/O and sets no timers.
 *
 * A frame goes through three calls. {@link MeshRouter.inspect} refuses what is cheap to refuse and changes
 * nothing. {@link MeshRouter.keyFor} names the key that must have signed; the caller checks the signature.
 * {@link MeshRouter.accept} then changes state and decides.
 */
import { Address } from '../identity/address.ts'
import type { Random } from '../runtime/random.ts'
import { AnnounceView, checkAnnounce } from '../wire/announce.ts'
import {
  addHop,
  checkEnvelope,
  createdIn,
  DESTINATION_AT,
  expiryIn,
  hopsIn,
  isSigned,
  keyIn,
  SOURCE_AT,
} from '../wire/envelope.ts'
import { FrameKind, kindOf, MAX_CLOCK_SKEW_S, MAX_HOPS } from '../wire/frame.ts'
import { AnnounceSchedule, type AnnounceTimes } from './announce-schedule.ts'
import { Dedup } from './dedup.ts'
import { linkCost, MAX_METRIC, type RouterLink } from './metric.ts'
import { type PathInfo, PathTable } from './path-table.ts'
import type { Refusal } from './refusal.ts'

export interface RouterOptions {
  readonly address: Address
  /** Whether this node forwards for others. */
  readonly relay: boolean
  readonly maxPaths: number
  /** Envelopes remembered to recognise duplicates. */
  readonly seenMessages: number
  readonly announce: AnnounceTimes & {
    /** The longest any announce is believed, ms, whatever its own lifetime. */
    readonly maxAgeMs: number
    /** Announces that have come this far are not passed on. */
    readonly maxHops: number
  }
  /** A fresh signed announce of this node. */
  readonly makeAnnounce: () => Uint8Array
}

/** A link as the router sees it: one of the transport seam's, or a plain object in a test. */
export interface RoutedLink extends RouterLink {
  /** Who is at the other end, where that is known. */
  readonly neighbour: Address | undefined
}

export type Verdict<L> =
  /** It is for this node. */
  | { readonly action: 'deliver' }
  /** Its hop is counted; send it over this link. */
  | { readonly action: 'forward'; readonly link: L }
  /** Its hop is counted, but there is no way on at present: keep it, or say so to its source. */
  | { readonly action: 'hold' }
  /** An announce was taken in: this destination has a path. */
  | { readonly action: 'learned'; readonly origin: Address; readonly isNew: boolean }
  | { readonly action: 'refuse'; readonly reason: Refusal }

/** A frame that the router wants sent. */
export interface Transmission<L> {
  readonly link: L
  readonly frame: Uint8Array
}

const DELIVER = { action: 'deliver' } as const
const HOLD = { action: 'hold' } as const

export class MeshRouter<L extends RoutedLink> {
  readonly paths: PathTable<L>
  readonly seen: Dedup
  readonly counters = { lookups: 0, misses: 0, announcesAccepted: 0, announcesPropagated: 0 }
  readonly #options: RouterOptions
  readonly #schedule: AnnounceSchedule
  readonly #links = new Set<L>()
  /** The latest of this node's own announces. */
  #own: Uint8Array | undefined

  constructor(options: RouterOptions, random: Random) {
    this.#options = options
    this.paths = new PathTable(options.maxPaths, random.fork('paths'))
    this.seen = new Dedup({ capacity: options.seenMessages, byAttempt: true }, random.fork('dedup'))
    this.#schedule = new AnnounceSchedule(options.announce, random.fork('announce'))
  }

  /**
   * Everything that can be refused before the signature is checked. Changes nothing.
   *
   * @param wallMs wall clock, for creation times and lifetimes.
   */
  inspect(frame: Uint8Array, wallMs: number): Refusal | undefined {
    if (frame.length > 0 && kindOf(frame) === FrameKind.announce) return this.#inspectAnnounce(frame, wallMs)
    const form = checkEnvelope(frame)
    if (form !== undefined) return form
    if (createdIn(frame) * 1000 > wallMs + MAX_CLOCK_SKEW_S * 1000) return 'future'
    if (expiryIn(frame) * 1000 <= wallMs) return 'expired'
    if (hopsIn(frame) >= MAX_HOPS) return 'hop_limit'
    if (!isSigned(frame)) return 'unsigned'
    if (this.seen.has(frame)) return 'duplicate'
    if (this.#options.address.isAt(frame, SOURCE_AT)) return 'own'
    return undefined
  }

  #inspectAnnounce(frame: Uint8Array, wallMs: number): Refusal | undefined {
    const form = checkAnnounce(frame)
    if (form !== undefined) return form
    const announce = new AnnounceView(frame)
    if (announce.created * 1000 > wallMs + MAX_CLOCK_SKEW_S * 1000) return 'future'
    if ((announce.created + announce.lifetime) * 1000 <= wallMs) return 'expired'
    if (announce.hops >= MAX_HOPS) return 'hop_limit'
    const origin = Address.ofPublicKey(announce.publicKey)
    if (origin.equals(this.#options.address)) return 'own'
    const row = this.paths.find(origin.bytes, 0)
    return row >= 0 && this.paths.isStale(row, announce.sequence) ? 'stale' : undefined
  }

  /** The public key that must have signed the frame, or undefined where nobody has told it. */
  keyFor(frame: Uint8Array): Uint8Array | undefined {
    if (kindOf(frame) === FrameKind.announce) return new AnnounceView(frame).publicKey
    const row = this.paths.find(frame, SOURCE_AT)
    if (row >= 0) return this.paths.announceOf(row).publicKey
    const brought = keyIn(frame)
    if (brought === undefined || !Address.ofPublicKey(brought).isAt(frame, SOURCE_AT)) return undefined
    return brought
  }

  /**
   * Takes in a frame that {@link inspect} let pass and whose signature is right.
   *
   * @param now monotonic, ms, for all that is timed here.
   * @param wallMs wall clock, as for {@link inspect}.
   */
  accept(frame: Uint8Array, from: L, now: number, wallMs: number): Verdict<L> {
    if (kindOf(frame) === FrameKind.announce) return this.#acceptAnnounce(frame, from, now, wallMs)
    this.seen.add(frame)
    addHop(frame)
    if (this.#options.address.isAt(frame, DESTINATION_AT)) return DELIVER
    if (!this.#options.relay) return { action: 'refuse', reason: 'not_relay' }
    const link = this.route(frame, now)
    if (link === undefined) return HOLD
    // On a point-to-point link the neighbour believes the way leads through here: one of us is behind.
    if (link === from && !link.profile.broadcast) return HOLD
    return { action: 'forward', link }
  }

  #acceptAnnounce(frame: Uint8Array, from: L, now: number, wallMs: number): Verdict<L> {
    const announce = new AnnounceView(frame)
    // What is left of it here: one that is told again late lives no longer than the first.
    const leftMs = Math.min((announce.created + announce.lifetime) * 1000 - wallMs, announce.lifetime * 1000)
    const origin = Address.ofPublicKey(announce.publicKey)
    const hops = announce.hops + 1
    const metric = announce.metric + linkCost(from)
    if (metric > MAX_METRIC) return { action: 'refuse', reason: 'hop_limit' }
    const learned = this.paths.learn(
      {
        origin: origin.bytes,
        announce,
        link: from,
        direct: announce.hops === 0 && from.neighbour !== undefined && from.neighbour.equals(origin),
        hops,
        metric,
        expiresAt: now + Math.min(this.#options.announce.maxAgeMs, leftMs),
      },
      now,
    )
    if (learned === 'stale' || learned === 'worse' || learned === 'table_full') {
      return { action: 'refuse', reason: learned }
    }
    this.counters.announcesAccepted += 1
    if (this.#options.relay && hops < this.#options.announce.maxHops) {
      this.#schedule.relay(this.paths.find(origin.bytes, 0), now)
    }
    return { action: 'learned', origin, isNew: learned === 'new' }
  }

  /** The link towards the destination that stands in an envelope, or undefined. `now`: monotonic, ms. */
  route(frame: Uint8Array, now: number): L | undefined {
    this.counters.lookups += 1
    const row = this.paths.find(frame, DESTINATION_AT)
    const link = row < 0 ? undefined : this.paths.use(row, now)
    if (link === undefined) this.counters.misses += 1
    return link
  }

  /** Whether an announce of this destination is known, with or without a live path. */
  knows(destination: Address): boolean {
    return this.paths.find(destination.bytes, 0) >= 0
  }

  /** The path to one destination, for people. */
  pathTo(destination: Address): PathInfo<L> | undefined {
    const row = this.paths.find(destination.bytes, 0)
    return row < 0 ? undefined : this.paths.info(row)
  }

  /**
   * A link is up: the neighbour is told of this node and of what it knows, nearest first. Call
   * {@link poll} then: a fresh announce for all may be due.
   */
  linkUp(link: L, now: number): Transmission<L>[] {
    this.#links.add(link)
    this.#schedule.triggerOwn(now)
    const told: Transmission<L>[] = []
    if (this.#own !== undefined && this.#schedule.ownDue > now) told.push({ link, frame: this.#own })
    if (!this.#options.relay) return told
    const rows = [...this.paths.rows()].filter((row) => this.#mayTell(row, link))
    rows.sort((a, b) => this.paths.announceOf(a).hops - this.paths.announceOf(b).hops)
    this.counters.announcesPropagated += rows.length
    for (const row of rows) told.push({ link, frame: this.paths.announceOf(row).frame })
    return told
  }

  linkDown(link: L): void {
    this.#links.delete(link)
    this.paths.linkDown(link)
  }

  /** When {@link poll} next has something to do, monotonic ms. Infinite while there is nobody to tell. */
  get nextDue(): number {
    return this.#links.size === 0 ? Number.POSITIVE_INFINITY : this.#schedule.nextDue
  }

  /** Announces that are due: the node's own and those it passes on. */
  poll(now: number): Transmission<L>[] {
    const due: Transmission<L>[] = []
    if (this.#links.size === 0) return due
    if (this.#schedule.takeOwn(now)) {
      const frame = this.#options.makeAnnounce()
      this.#own = frame
      for (const link of this.#links) due.push({ link, frame })
    }
    for (const row of this.#schedule.takeRelayed(now)) {
      if (!this.paths.has(row)) continue
      const { frame } = this.paths.announceOf(row)
      for (const link of this.#links) {
        if (!this.#mayTell(row, link)) continue
        due.push({ link, frame })
        this.counters.announcesPropagated += 1
      }
    }
    return due
  }

  /** Whether a neighbour should hear of a path: not where it came from, not once it is dead or too far. */
  #mayTell(row: number, link: L): boolean {
    const via = this.paths.linkOf(row)
    if (via === undefined) return false
    if (via === link && !link.profile.broadcast) return false
    return this.paths.announceOf(row).hops < this.#options.announce.maxHops
  }

  /** Forgets what has run out. @returns how many paths. */
  expire(now: number): number {
    return this.paths.expire(now)
  }
}
