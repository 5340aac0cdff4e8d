/**
 * This node on the air: decides when the modem gets its next packets, waits for answers, and keeps the account.
 * The modem finds the quiet moment for each run of packets; what is urgent waits at most for the run before.
 */
import type { CryptoProvider } from '../../../crypto/provider/provider.ts'
import type { Address } from '../../../identity/address.ts'
import type { Clock, Timer } from '../../../runtime/clock.ts'
import type { Random } from '../../../runtime/random.ts'
import { expiryIn, isEnvelope, isSameEnvelope } from '../../../wire/envelope.ts'
import { CONTROL, type Priority } from '../../../wire/frame.ts'
import { airtimeMs, MAX_LORA_BYTES } from '../airtime.ts'
import type { Modem } from '../modem.ts'
import { slotMs } from '../rnode-timing.ts'
import type { AirtimeAccount } from './account.ts'
import { type Composed, Composer, isUrgent } from './composer.ts'
import { CounterWindow } from './counter-window.ts'
import { maxDatagramBytes } from './fragments.ts'
import { type HeldPacket, HeldPackets } from './held-packets.ts'
import { Introductions } from './introductions.ts'
import { type Job, Jobs } from './jobs.ts'
import { longestPacket } from './longest-packet.ts'
import type { Neighbour } from './neighbour.ts'
import { Pace } from './pace.ts'
import type { Ack, PacketHead } from './packet.ts'
import { type CounterFloor, PacketCounter } from './packet-counter.ts'
import { Receiver, type ReceiverHost } from './receiver.ts'
import { RelayShare } from './relay-share.ts'
import { Roster } from './roster.ts'
import { newStationCounters } from './station-counters.ts'
import type { Tagger } from './tag.ts'
import { waitMs } from './waiting.ts'

/** What a station tells its owner; never from within a call into the station. */
export interface StationHost {
  neighbourUp(neighbour: Neighbour): void
  neighbourDown(neighbour: Neighbour, reason: string, unsent: readonly Uint8Array[]): void
  /** @returns false where it cannot be taken now. */
  arrived(neighbour: Neighbour, frame: Uint8Array): boolean
  /** There is less in the queue than before. */
  left(): void
  /** A frame has been acknowledged or, to everybody, has left. */
  sent(frame: Uint8Array): void
  refused(reason: string): void
}

export interface StationParts {
  readonly address: Address
  readonly crypto: CryptoProvider
  readonly modem: Modem
  readonly account: AirtimeAccount
  readonly tagger: Tagger
  readonly clock: Clock
  readonly random: Random
  readonly queueBytes: number
  /** The longest that one packet may be on the air, µs. */
  readonly maxAirtimeUs: number
  /** What is remembered of the counters of a run before; only a keyed network has a use for it. */
  readonly counterFloor?: CounterFloor | undefined
}

/** How long an acknowledgement waits for something that takes it along, ms. */
const ACK_DELAY_MS = 25
/** What serial line, driver and the far node take on top, ms. */
const HOST_MS = 150
/** As the modem draws them: two quiet slots and up to 15 more. */
const ACCESS_SLOTS = 17
/** Slots that a modem waits on top where it has sent much of late. */
const CROWDED_SLOTS = 45
/** When a node stops, it does not wait for the law for longer than this, ms. */
const LONGEST_REST_MS = 2000
/** Packets that the modem may have. */
const MAX_HELD = 24

export class Station implements ReceiverHost {
  readonly counters = newStationCounters()
  readonly roster: Roster
  readonly #parts: StationParts
  readonly #host: StationHost
  readonly #jobs: Jobs
  readonly #composer: Composer
  readonly #receiver: Receiver
  readonly #pace: Pace
  readonly #relayed: RelayShare
  readonly #held = new HeldPackets()
  readonly #introductions = new Introductions()
  readonly #counter: PacketCounter
  #timer: Timer | undefined
  /** From when on the law lets the next packet go. */
  #lawfulAt = 0

  constructor(parts: StationParts, host: StationHost) {
    const { address, crypto, clock, random, tagger, queueBytes, modem, account } = parts
    this.#parts = parts
    this.#host = host
    this.roster = new Roster(address, crypto)
    this.#jobs = new Jobs(queueBytes, random.uint32())
    this.#relayed = new RelayShare(address, account.budgetUs, this.#jobs, (bytes) => this.#airtimeUs(bytes))
    this.#receiver = new Receiver(this.roster, tagger, clock, this)
    this.#pace = new Pace(
      () => this.roster.id,
      () => this.accessMs,
      () => slotMs(modem.modulation),
      random.fork('pace'),
    )
    this.#counter = new PacketCounter(clock.now(), parts.counterFloor)
    this.#composer = new Composer({
      maxPacketBytes: longestPacket(modem.port, modem.modulation, parts.maxAirtimeUs),
      airtimeMs: (bytes) => this.#airtimeUs(bytes + 1) / 1000,
      jobs: this.#jobs,
      tagger,
      random: random.fork('datagrams'),
      neighbours: () => this.roster.all,
      id: () => this.roster.id,
    })
  }

  get queuedBytes(): number {
    return this.#jobs.bytes
  }

  /** The longest frame, bytes. */
  get maxFrameBytes(): number {
    return maxDatagramBytes(this.#composer.fragmentBytes) - 1
  }

  /** The longest the modem waits for its turn on a channel that is not crowded, ms. */
  get accessMs(): number {
    return ACCESS_SLOTS * slotMs(this.#parts.modem.modulation)
  }

  /** How long until what is as urgent as `priority`, or all, has left, ms: see {@link waitMs}. */
  waitMs(priority?: Priority): number {
    const { fragmentBytes: packetBytes, overheadBytes } = this.#composer
    const bytes = this.#jobs.waitingBytes(packetBytes, priority)
    const airtimeUs = (bytes: number): number => this.#airtimeUs(bytes + overheadBytes + 1)
    const { account } = this.#parts
    return this.#held.ms + waitMs({ bytes, packetBytes, airtimeUs, account, now: this.#now })
  }

  /** @returns false where the queue is full. */
  send(frame: Uint8Array, priority: Priority, to: Neighbour | undefined): boolean {
    if (to === undefined) this.#introductions.leaving(frame)
    if (this.#jobs.add(frame, priority, to, this.#now) === undefined) return false
    this.#parts.clock.defer(() => this.#pump())
    return true
  }

  queuedFor(neighbour: Neighbour | undefined): number {
    return this.#jobs.bytesFor(neighbour)
  }

  /** Whether a copy of this envelope is still on its way to that neighbour. */
  holds(envelope: Uint8Array, neighbour: Neighbour | undefined): boolean {
    return this.#jobs.all.some(({ to, frame }) => to === neighbour && isSameEnvelope(frame, envelope))
  }

  received(packet: Uint8Array): void {
    this.counters.packetsReceived += 1
    this.#receiver.receive(packet)
    this.#pump()
  }

  /** The modem holds less than before. */
  room(): void {
    for (const packet of this.#held.shrinkTo(this.#parts.modem.heldPackets)) this.#left(packet)
    if (this.#held.count === 0) this.#pace.ended(this.#now)
    this.#pump()
  }

  /** Whether nothing waits to leave or to be acknowledged, or the law keeps it waiting for longer than a stop may take. */
  get mayStop(): boolean {
    return this.isIdle || this.#lawfulAt > this.#now + LONGEST_REST_MS
  }

  get isIdle(): boolean {
    return this.#jobs.all.length === 0 && this.#held.count === 0
  }

  /**
   * The modem is gone or is not to be used any more. Neighbours are met anew.
   *
   * @returns frames to everybody that did not leave; those to neighbours have been given back with them.
   */
  stop(reason: string): Uint8Array[] {
    this.#timer?.cancel()
    this.#held.shrinkTo(0)
    for (const neighbour of [...this.roster.all]) this.#gone(neighbour, reason, false)
    const unsent = [...this.#jobs.all]
    for (const job of unsent) this.#jobs.remove(job)
    return unsent.map(({ frame }) => frame)
  }

  /** The node wants no link with this neighbour now. */
  dismiss(neighbour: Neighbour, reason: string): void {
    this.#gone(neighbour, reason, false)
  }

  /** The modem is up. */
  resume(): void {
    this.#pump()
  }

  frame(neighbour: Neighbour, frame: Uint8Array): boolean {
    if (!this.#relayed.allows(frame, neighbour.address, this.#now)) {
      this.#host.refused('airtime_limit')
      return false
    }
    const isTaken = this.#host.arrived(neighbour, frame)
    if (isTaken) this.#relayed.took(frame, neighbour.address)
    return isTaken
  }

  met(neighbour: Neighbour): void {
    this.#host.neighbourUp(neighbour)
  }

  acknowledged(neighbour: Neighbour, ack: Ack): void {
    const { last } = this.#counter
    const expand = (low: number): number => CounterWindow.expand(low, last)
    if (expand(ack.newest) > last) return // It speaks of another life of this node.
    this.roster.forgive(neighbour)
    const done = neighbour.acknowledged(ack, expand, this.#now)
    for (const job of done) {
      this.counters.acknowledged += 1
      this.#settle(job)
    }
    for (const job of this.#jobs.all) if (job.to === neighbour) neighbour.repair(job, this.#now)
    if (done.length > 0) this.#host.left()
  }

  polled(neighbour: Neighbour): void {
    neighbour.ackDue = Math.min(neighbour.ackDue, this.#now + ACK_DELAY_MS)
  }

  stranger(id: number): void {
    this.#introductions.stranger(id, this.#now)
  }

  askedWho(): void {
    const announce = this.#introductions.answer(this.#now, (own) => this.#jobs.has(own))
    if (announce !== undefined) this.#jobs.add(announce, CONTROL, undefined, this.#now)
  }

  clash(id: number): void {
    if (id !== this.roster.id) {
      this.#introductions.clash(id)
      return
    }
    this.roster.changeId()
    this.#introductions.renamed()
    this.askedWho()
  }

  heard(head: PacketHead, bytes: number): void {
    const now = this.#now
    this.#pace.heard(head, this.#airtimeUs(bytes + 1) / 1000, now)
    // Whoever speaks now keeps the neighbours that were asked from answering.
    for (const neighbour of this.roster.all) neighbour.defer(now + this.#answerMs)
  }

  refused(reason: string): void {
    this.#host.refused(reason)
  }

  get #now(): number {
    return this.#parts.clock.monotonic()
  }

  get #answerMs(): number {
    // The answer may ride in a packet of any length.
    const { modem } = this.#parts
    const answer = ACK_DELAY_MS + HOST_MS + this.accessMs + airtimeMs(modem.modulation, MAX_LORA_BYTES)
    // A modem that has sent much of late holds back longer.
    return this.#pace.isCrowded(this.#now) ? answer + CROWDED_SLOTS * slotMs(modem.modulation) : answer
  }

  #airtimeUs(loraBytes: number): number {
    return Math.ceil(airtimeMs(this.#parts.modem.modulation, loraBytes) * 1000)
  }

  /** Packets that the modem holds no more: what was asked in them may be answered from now on. */
  #left({ counter, asked, jobs }: HeldPacket): void {
    for (const neighbour of asked) neighbour.left(counter, this.#now, this.#answerMs, this.#parts.random)
    for (const job of jobs) {
      const waits = job.pending.length > 0 || this.#held.has(job)
      if (job.to === undefined && !waits) this.#settle(job)
    }
    this.#host.left()
  }

  #settle(job: Job): void {
    if (this.#jobs.remove(job)) this.#host.sent(job.frame)
  }

  #pump(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    const { modem } = this.#parts
    if (!modem.isUp) return
    this.#giveUpLate()
    this.#run()
    this.#arm()
  }

  /** Hands the modem what goes in one run; while it has one, only what is urgent, to go along or right behind. */
  #run(): void {
    const now = this.#now
    const onlyUrgent = this.#held.count > 0 || this.#pace.mayStart(now) > now
    const mostMs = this.#pace.runMs(now)
    let runMs = 0
    while (this.#held.count < MAX_HELD && this.#parts.modem.heldPackets === this.#held.count) {
      const composed = this.#compose(now, onlyUrgent)
      if (composed === undefined) return
      const { packet } = composed
      const us = this.#airtimeUs(packet.length + 1)
      if (runMs > 0 && runMs + us / 1000 > mostMs) return
      this.#lawfulAt = this.#parts.account.earliest(now, us)
      if (this.#lawfulAt > now || !this.#handOver(composed, us, now)) return
      runMs += us / 1000
    }
  }

  #compose(now: number, onlyUrgent: boolean): Composed | undefined {
    const wall = this.#parts.clock.now()
    return this.#composer.compose({
      now,
      counter: this.#counter.next,
      extra: this.#introductions.blocks,
      mayGo: (job) => (!onlyUrgent || isUrgent(job)) && !this.#hasExpired(job, wall),
    })
  }

  #handOver({ packet, counter, asked, jobs, commit }: Composed, us: number, now: number): boolean {
    const { modem, account } = this.#parts
    if (!account.charge(now, us)) {
      this.#lawfulAt = now + 1000
      return false
    }
    if (!modem.send(packet)) return false
    commit()
    this.#counter.advance()
    this.#receiver.sent(counter)
    this.#introductions.asked()
    this.#held.add({ counter, asked, jobs, us })
    this.counters.packetsSent += 1
    this.counters.airtimeMs += us / 1000
    this.#pace.sent(
      us / 1000,
      jobs.some((job) => job.to !== undefined && isUrgent(job)),
      now,
    )
    for (const job of jobs) {
      this.#jobs.spent(job, us / 1000 / jobs.length)
      this.#relayed.spent(job.frame, us / jobs.length, now)
      if (job.losses > 0) this.counters.retransmissions += 1
    }
    return true
  }

  #hasExpired(job: Job, wallMs: number): boolean {
    if (!isEnvelope(job.frame) || wallMs < expiryIn(job.frame) * 1000) return false
    if (job.to?.isIdle(job) !== false) this.#drop(job)
    return true
  }

  #drop(job: Job): void {
    if (!this.#jobs.remove(job)) return
    job.to?.forget(job)
    this.#host.refused('expired_in_queue')
  }

  #giveUpLate(): void {
    for (const neighbour of [...this.roster.all]) {
      const end = neighbour.endAt(this.#now)
      if (end !== undefined) this.#gone(neighbour, end, end === 'does not answer' && !neighbour.hasAnswered)
    }
  }

  #gone(neighbour: Neighbour, reason: string, isDeaf: boolean): void {
    this.roster.remove(neighbour, isDeaf, this.#now)
    const jobs = this.#jobs.all.filter(({ to }) => to === neighbour)
    for (const job of jobs) this.#jobs.remove(job)
    const unsent = jobs.map(({ frame }) => frame)
    this.#host.neighbourDown(neighbour, reason, unsent)
  }

  #arm(): void {
    const now = this.#now
    let due = this.#jobs.restEnds(now)
    for (const { deadline, ackDue } of this.roster.all) due = Math.min(due, deadline, ackDue)
    if (this.#held.count === 0) {
      if (this.#lawfulAt > now) due = this.#lawfulAt
      const turn = this.#pace.mayStart(now)
      if (turn > now && this.#jobs.all.some(({ pending }) => pending.length > 0)) due = Math.min(due, turn)
    } else due = Math.max(due, now + 1)
    if (due === Number.POSITIVE_INFINITY) return
    this.#timer = this.#parts.clock.setTimer(Math.max(1, Math.ceil(due - now)), () => this.#pump())
  }
}
