/**
 * The core of a node: what to do with a frame, and what to say of oneself. Pure: it is told the time, what
 * arrived and which links there are, and answers with what should happen. It does no I/O and sets no timers.
 *
 * A frame goes through three calls. {@link MeshRouter.inspect} refuses what is cheap to refuse and changes
 * nothing. {@link MeshRouter.keyFor} names the key that must have signed; the caller checks the signature.
 * {@link MeshRouter.accept} then changes state and decides. What the router wants sent by itself, announces
 * and path requests, it gives out in {@link MeshRouter.poll} at {@link MeshRouter.nextDue}.
 */
import { Address } from '../identity/address.ts'
import type { Random } from '../runtime/random.ts'
import { AnnounceView } from '../wire/announce.ts'
import { addHop, DESTINATION_AT, keyIn, SOURCE_AT } from '../wire/envelope.ts'
import { FrameKind, kindOf } from '../wire/frame.ts'
import { checkPathRequest, newerThanIn, TARGET_AT, targetIn } from '../wire/path-request.ts'
import type { AnnounceQueue } from './announce-queue.ts'
import { AnnounceSchedule } from './announce-schedule.ts'
import { Blocklist } from './blocklist.ts'
import { Dedup } from './dedup.ts'
import { Forwarding } from './forwarding.ts'
import { inspectAnnounce, inspectEnvelope, isImpossible } from './inspection.ts'
import { LinkState } from './link-state.ts'
import { MAX_METRIC, metricToMs } from './metric.ts'
import { MIN_ANSWER_LIFE_MS, PathRequests } from './path-requests.ts'
import { type PathInfo, PathTable } from './path-table.ts'
import type { Copy } from './rebroadcast.ts'
import type { Refusal } from './refusal.ts'
import {
  type RoutedLink,
  type RouterOptions,
  speakerOf,
  type Transmission,
  type Verdict,
} from './router-types.ts'
import { Successions } from './successions.ts'
import { ToldFrames } from './told-frames.ts'
import { ASKED, DELIVER } from './verdicts.ts'
import { mayTell } from './worth-telling.ts'

export type { RoutedLink, RouterOptions, Transmission, Verdict } from './router-types.ts'

export class MeshRouter<L extends RoutedLink> {
  readonly paths: PathTable<L>
  readonly seen: Dedup
  readonly requests: PathRequests<L>
  readonly forwarding: Forwarding<L>
  readonly blocklist: Blocklist
  readonly successions: Successions<L>
  readonly counters = {
    announcesAccepted: 0,
    announcesPropagated: 0,
    announcesSuppressed: 0,
    alternatesUsed: 0,
    pathsLost: 0,
  }
  readonly #options: RouterOptions
  readonly #schedule: AnnounceSchedule<L>
  readonly #told: ToldFrames
  readonly #links = new Map<L, LinkState>()
  /** Those of them that announces go out on: not a neighbour's own on a radio, see `medium`. */
  readonly #speakers = new Map<L, LinkState>()
  readonly #random: Random
  #linksSeen = 0
  /** What was inspected last, and its origin: a hash that need not be computed twice. */
  #inspected: { readonly frame: Uint8Array; readonly origin: Address } | undefined
  /** The latest of this node's own announces. */
  #own: Uint8Array | undefined

  constructor(options: RouterOptions, random: Random) {
    this.#options = options
    this.#random = random.fork('links')
    this.paths = new PathTable({ capacity: options.maxPaths }, random.fork('paths'))
    this.seen = new Dedup({ capacity: options.seenMessages, byAttempt: true }, random.fork('dedup'))
    this.#told = new ToldFrames(this.paths)
    this.requests = new PathRequests(random.fork('requests'))
    this.forwarding = new Forwarding(this, this.#links, random.fork('attempts'))
    this.#schedule = new AnnounceSchedule(options.announce, random.fork('announce'))
    this.blocklist = options.blocklist ?? new Blocklist(random.fork('blocklist'))
    const { relay, blocklist } = { ...options, blocklist: this.blocklist }
    const own = (): readonly Uint8Array[] => options.former?.successions() ?? []
    this.successions = new Successions({ ...options.announce, relay, blocklist, own }, random.fork('moves'))
  }

  /**
   * Everything that can be refused before the signature is checked. Changes nothing.
   *
   * @param wallMs wall clock, for creation times and lifetimes.
   */
  inspect(frame: Uint8Array, wallMs: number): Refusal | undefined {
    if (frame.length > 0) {
      const kind = kindOf(frame)
      if (kind === FrameKind.announce) return this.#inspectAnnounce(frame, wallMs)
      if (kind === FrameKind.request) return checkPathRequest(frame)
      if (kind === FrameKind.succession) return this.successions.inspect(frame, wallMs)
    }
    const refusal = inspectEnvelope(frame, wallMs)
    if (refusal !== undefined) return refusal
    if (this.blocklist.hasEnvelope(frame)) return 'blocked'
    if (this.seen.has(frame) && !this.forwarding.detours.isNearer(frame)) return 'duplicate'
    return this.#isOwn(frame, SOURCE_AT) ? 'own' : undefined
  }

  #inspectAnnounce(frame: Uint8Array, wallMs: number): Refusal | undefined {
    const refusal = inspectAnnounce(frame, wallMs)
    if (refusal !== undefined) return refusal
    const announce = new AnnounceView(frame)
    const origin = Address.ofPublicKey(announce.publicKey)
    this.#inspected = { frame, origin }
    if (this.#isOwn(origin.bytes, 0)) return 'own'
    if (this.blocklist.has(origin)) return 'blocked'
    const row = this.paths.find(origin.bytes, 0)
    return row >= 0 && this.paths.isStale(row, announce.sequence) ? 'stale' : undefined
  }

  /**
   * The public key that must have signed the frame, or undefined where nobody has told it. Not to be asked
   * for a path request, which nobody signs.
   */
  keyFor(frame: Uint8Array): Uint8Array | undefined {
    if (kindOf(frame) === FrameKind.announce) return new AnnounceView(frame).publicKey
    const row = this.paths.find(frame, SOURCE_AT)
    if (row >= 0) return this.paths.keyAt(row)
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
    const kind = kindOf(frame)
    if (kind === FrameKind.announce) return this.#acceptAnnounce(frame, from, now, wallMs)
    if (kind === FrameKind.request) return this.#acceptRequest(frame, from, now)
    if (kind === FrameKind.succession) return this.#acceptSuccession(frame, from, now, wallMs)
    this.seen.add(frame)
    addHop(frame)
    if (this.#isOwn(frame, DESTINATION_AT)) {
      this.forwarding.delivered(frame, from, now)
      return DELIVER
    }
    if (!this.#options.relay) return { action: 'refuse', reason: 'not_relay' }
    return this.forwarding.onward(frame, from, now)
  }

  #acceptAnnounce(frame: Uint8Array, from: L, now: number, wallMs: number): Verdict<L> {
    const announce = new AnnounceView(frame)
    const known = this.#inspected?.frame === frame ? this.#inspected.origin : undefined
    const origin = known ?? Address.ofPublicKey(announce.publicKey)
    const state = this.#stateOf(from, now)
    if (announce.metric + state.quality.cost > MAX_METRIC) return { action: 'refuse', reason: 'hop_limit' }
    const direct = announce.hops === 0 && from.neighbour !== undefined && from.neighbour.equals(origin)
    const isWanted = direct || this.requests.isAwaited(origin, now) || this.paths.find(origin.bytes, 0) >= 0
    if (!isWanted && !state.storm.admit(now)) return { action: 'refuse', reason: 'storm' }
    // What is left of it here: one that is told again late lives no longer than the first.
    const leftMs = Math.min((announce.created + announce.lifetime) * 1000 - wallMs, announce.lifetime * 1000)
    const expiresAt = now + Math.min(this.#options.announce.maxAgeMs, leftMs)
    const isForged = isImpossible(announce, direct, from.neighbour !== undefined)
    if (isForged) return { action: 'refuse', reason: 'forged' }
    const [{ cost }, { broadcast }] = [state.quality, from.profile]
    const offer = { origin: origin.bytes, announce, link: from, broadcast, cost, direct, expiresAt }
    const learned = this.paths.learn(offer, now)
    if (learned === 'stale' || learned === 'table_full') return { action: 'refuse', reason: learned }
    const row = this.paths.find(origin.bytes, 0)
    if (announce.metric <= this.paths.metricOf(row)) this.#schedule.isKnown(row, from)
    const air = speakerOf(from)
    const copy: Copy = { origin, sequence: announce.sequence, sender: from.neighbour }
    if (learned === 'worse' || learned === 'alternate') this.#stateOf(air, now).again(row, now, copy)
    if (learned === 'lost') this.counters.pathsLost += 1
    if (learned === 'lost' || learned === 'worse') return { action: 'refuse', reason: 'worse' }
    // Whoever uses this node is on its far side and need not hear that the way has grown longer.
    if (learned === 'alternate' || learned === 'dearer') return { action: 'learned', origin, isNew: false }
    this.counters.announcesAccepted += 1
    for (const asker of this.requests.found(origin, now)) {
      if (asker !== from || from.profile.broadcast) this.#speaker(asker, now).queue.addAsked(row, now)
    }
    if (this.#options.relay && this.paths.hopsOf(row) < this.#options.announce.maxHops) {
      this.#schedule.relay(row, now)
      const unheard = { ...copy, sender: undefined }
      for (const [link, { air: around, queue }] of this.#speakers) {
        if (around === undefined || !this.#isWorthTelling(row, link, queue)) continue
        around.learned(row, now, link === air ? copy : unheard)
      }
    }
    if (learned === 'new' && announce.hops === 0 && air.profile.broadcast) this.#greet(air, now, row)
    return { action: 'learned', origin, isNew: learned === 'new' }
  }

  #acceptSuccession(frame: Uint8Array, from: L, now: number, wallMs: number): Verdict<L> {
    const news = this.successions.accept(frame, from, now, wallMs)
    const isNews = news.refusal === undefined || news.fork !== undefined
    return isNews ? { action: 'moved', news } : { action: 'refuse', reason: news.refusal }
  }

  #acceptRequest(frame: Uint8Array, from: L, now: number): Verdict<L> {
    const reason = this.requests.heard(frame, from, now)
    if (reason !== undefined) return { action: 'refuse', reason }
    const target = Address.at(targetIn(frame), 0)
    this.successions.asked(target, from, now)
    if (this.#options.address.isAt(frame, TARGET_AT)) {
      this.#answerForSelf(newerThanIn(frame), from, now)
      return ASKED
    }
    const row = this.paths.find(frame, TARGET_AT)
    const isAnswer =
      row >= 0 &&
      mayTell(this.paths, row, from) &&
      this.paths.sequenceOf(row) > newerThanIn(frame) &&
      this.paths.expiresAt(row) > now + MIN_ANSWER_LIFE_MS
    const { queue, air } = this.#speaker(from, now)
    if (isAnswer) queue.addAsked(row, now)
    else if (this.#options.relay) this.requests.passOn(frame, target, from, now, air?.answerMs)
    return ASKED
  }

  /** Somebody looks for this very node, and may know an announce that leads nowhere any more. */
  #answerForSelf(newerThan: number, asker: L, now: number): void {
    const isEnough = this.#own !== undefined && new AnnounceView(this.#own).sequence > newerThan
    if (!isEnough && !this.#schedule.mayAnswer(now)) {
      this.#schedule.triggerOwn(now)
      return
    }
    if (!isEnough) {
      this.#own = this.#options.makeAnnounce()
      this.#schedule.made(now)
    }
    if (this.#own !== undefined) this.#speaker(asker, now).queue.addOwn(this.#own, now)
  }

  /** Whether an announce of this destination is known, with or without a live path. */
  knows(destination: Address): boolean {
    return this.paths.find(destination.bytes, 0) >= 0
  }

  /** The path to one destination, for people. */
  pathTo({ bytes }: Address): PathInfo<L> | undefined {
    const row = this.paths.find(bytes, 0)
    return row < 0 ? undefined : this.paths.info(row)
  }

  /**
   * A path is needed and there is none, or none that leads anywhere. The mesh is asked; the answer comes as a
   * `learned` verdict, or the target turns up in `requests.takeGivenUp()`.
   *
   * @returns `not_found` where there is nobody to ask, or this has been asked in vain just now.
   */
  want(destination: Address, now: number): 'asking' | 'not_found' {
    if (this.#links.size === 0) return 'not_found'
    const row = this.paths.find(destination.bytes, 0)
    return this.requests.want(destination, row < 0 ? 0 : this.paths.sequenceOf(row), now)
  }

  /** A link is up: the neighbour is told of this node and of what it knows, nearest first, by {@link poll}. */
  linkUp(link: L, now: number): void {
    const state = new LinkState(link, now, this.#random.fork(`link ${++this.#linksSeen}`))
    this.#links.set(link, state)
    // A neighbour on a radio is told of what it announces itself with, not of the link.
    if (link.medium !== undefined) return
    this.#speakers.set(link, state)
    this.#schedule.triggerOwn(now)
    this.successions.spread.linkUp(link, now)
    this.#greet(link, now)
  }

  /** Tells a neighbour that has come of this node and of what it knows, but for the neighbour's own row. */
  #greet(link: L, now: number, newcomer = -1): void {
    const state = this.#stateOf(link, now)
    if (this.#own !== undefined) state.queue.addOwn(this.#own, now)
    if (!this.#options.relay) return
    for (const row of this.paths.rows()) {
      if (row !== newcomer && this.#isWorthTelling(row, link, state.queue)) state.tell(row, now)
    }
  }

  /** A neighbour on the air has passed this node's own announce on: it need not be repeated. */
  echoed(from: L): void {
    this.#links.get(speakerOf(from))?.air?.ownHeard()
  }

  linkDown(link: L): void {
    this.#links.delete(link)
    this.#speakers.delete(link)
    this.requests.linkDown(link)
    this.forwarding.detours.linkDown(link)
    const { switched, lost } = this.paths.linkDown(link)
    this.counters.alternatesUsed += switched.length
    this.counters.pathsLost += lost.length
  }

  /** When {@link poll} next has something to do, monotonic ms. Infinite while there is nobody to tell. */
  get nextDue(): number {
    if (this.#speakers.size === 0) return this.requests.nextDue
    let due = Math.min(this.#schedule.nextDue, this.requests.nextDue, this.successions.spread.nextDue)
    for (const { queue, air } of this.#speakers.values()) {
      due = Math.min(due, queue.nextDue, air?.nextDue ?? Number.POSITIVE_INFINITY)
    }
    return due
  }

  /** What is due to be sent: the node's own announce, those it passes on, and path requests. */
  poll(now: number): Transmission<L>[] {
    const due: Transmission<L>[] = []
    const tell = (frame: Uint8Array, to?: L, except?: L): void => {
      for (const [link, { queue }] of this.#speakers) {
        const isMeant = to === undefined ? link !== except : link === speakerOf(to)
        if (isMeant && queue.admits(frame.length, now)) due.push({ link, frame })
      }
    }
    for (const { frame, to, except } of this.successions.spread.poll(now)) tell(frame, to, except)
    if (this.#speakers.size > 0 && this.#schedule.takeOwn(now)) {
      this.#own = this.#options.makeAnnounce()
      for (const frame of this.#options.former?.makeAnnounces() ?? []) tell(frame)
      for (const { queue, air } of this.#speakers.values()) {
        queue.addOwn(this.#own, now)
        air?.ownSent(now)
      }
    }
    this.#pollAir(now)
    for (const { row, known } of this.#schedule.takeRelayed(now)) {
      if (!this.paths.has(row)) continue
      for (const [link, state] of this.#speakers) {
        if (state.air !== undefined || !this.#isWorthTelling(row, link, state.queue)) continue
        if (known.includes(link)) this.counters.announcesSuppressed += 1
        else state.queue.add(row, now)
      }
    }
    for (const { frame, from } of this.requests.poll(now, this.#slowestMs())) {
      tell(frame, undefined, from && speakerOf(from).profile.broadcast ? undefined : from)
    }
    for (const [link, { queue }] of this.#speakers) {
      const isTold = (row: number): boolean => this.paths.has(row) && mayTell(this.paths, row, link)
      for (const frame of queue.take(now, this.#told, isTold)) {
        due.push({ link, frame })
        if (frame !== this.#own) this.counters.announcesPropagated += 1
      }
    }
    this.#told.forget()
    return due
  }

  /** Announces whose time has come on links with several neighbours. */
  #pollAir(now: number): void {
    for (const [link, { queue, air }] of this.#speakers) {
      if (air === undefined) continue
      const { own, rows } = air.due(now)
      if (own && this.#own !== undefined) queue.addOwn(this.#own, now)
      for (const row of rows) {
        if (this.paths.has(row) && this.#isWorthTelling(row, link, queue)) queue.add(row, now)
      }
    }
  }

  /** Forgets what has run out, and looks at what the links cost. Call it every few seconds. */
  tend(now: number): void {
    this.paths.expire(now)
    for (const [link, { quality }] of this.#links) {
      if (quality.sample(link)) this.paths.costChanged(link, quality.cost, now)
    }
  }

  /** Forgets the path to an address, and what leads from or to it, when it has come onto the blocklist. */
  forget(address: Address): void {
    const row = this.paths.find(address.bytes, 0)
    if (row >= 0) this.paths.remove(row)
    this.successions.table.dropBlocked()
  }

  #isOwn(bytes: Uint8Array, offset: number): boolean {
    if (this.#options.address.isAt(bytes, offset)) return true
    return this.#options.former?.addresses.some((address) => address.isAt(bytes, offset)) ?? false
  }

  /** {@link mayTell} for one that has not asked: not too far, and on a constrained link only what lies on its side. */
  #isWorthTelling(row: number, link: L, queue: AnnounceQueue): boolean {
    const isFar = this.paths.hopsOf(row) >= this.#options.announce.maxHops
    if (isFar || !mayTell(this.paths, row, link)) return false
    if (!queue.isConstrained) return true
    const via = this.paths.linkOf(row)
    return via !== undefined && this.#links.get(via)?.queue.isConstrained === true
  }

  /** Of a link that is up; one that is used without (frames replayed by tools) is as good as new. */
  #stateOf(link: L, now: number): LinkState {
    return this.#links.get(link) ?? new LinkState(link, now, this.#random)
  }

  #speaker(link: L, now: number): LinkState {
    return this.#stateOf(speakerOf(link), now)
  }

  #slowestMs(): number {
    return Math.max(0, ...[...this.#links.values()].map(({ quality }) => metricToMs(quality.cost)))
  }
}
