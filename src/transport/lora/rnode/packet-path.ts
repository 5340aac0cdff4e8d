/** Packets to and from a modem in use, with the account of what it still holds. One for each time it is up. */
import type { Clock } from '../../../runtime/clock.ts'
import type { Modulation } from '../airtime.ts'
import type { ModemListener, ModemSettings, ModemTelemetry, Signal } from '../modem.ts'
import { chargedAirtimeMs, MAX_PACKET_BYTES, packetAirtimeMs } from '../rnode-timing.ts'
import { Command, dbmOf, snrOf } from './commands.ts'
import type { PacketCounters } from './counters.ts'
import { HeldPackets } from './held-packets.ts'
import { encodeKiss } from './kiss.ts'
import { OwnAirtime } from './own-airtime.ts'
import { HAVE_YOU_ROOM } from './questions.ts'
import { RecentShare, sendEstimateMs } from './send-estimate.ts'
import { UpWatch, type Verdict } from './up-watch.ts'

/** What a modem sends in one packet at most. */
const MAX_RECEIVED_BYTES = 508
/** Where others are on the air for this share of the time, a modem may wait for long. */
const TAKEN_SHARE = 0.4
/** Less than any radio takes to find the channel quiet and to send. */
const NO_TIME_MS = 50
/** Less than the time between two reports that come each second. */
const REPORT_MS = 900
/** The lock is told in hundredths of a per cent, which may have been rounded up. */
const LOCK_TOLERANCE = 0.0001

export interface PacketPathParts {
  readonly settings: ModemSettings
  readonly modulation: Modulation
  readonly telemetry: ModemTelemetry
  readonly clock: Clock
  readonly counters: PacketCounters
  /** The most packets to hand over at a time. */
  readonly maxHeld: number
  /** How soon the modem answers a question, ms. */
  readonly answerMs: number
  write(bytes: Uint8Array): boolean
}

export class PacketPath {
  readonly #parts: PacketPathParts
  readonly #listener: ModemListener
  readonly #held = new HeldPackets()
  readonly #watch: UpWatch
  readonly #ownAirtime: OwnAirtime
  /** What it sent and heard, for a modem that does not report it. */
  readonly #sent = new RecentShare()
  readonly #heard = new RecentShare()
  #reportedAt = Number.NEGATIVE_INFINITY
  #handedAt = Number.NEGATIVE_INFINITY
  #rssiDbm: number | undefined
  #snrDb: number | undefined
  /** A packet was refused because the line did not take it. */
  #isLineBusy = false

  constructor(parts: PacketPathParts, listener: ModemListener) {
    this.#parts = parts
    this.#listener = listener
    const nowMs = parts.clock.monotonic()
    this.#watch = new UpWatch(this.#held, parts.answerMs, nowMs)
    this.#ownAirtime = new OwnAirtime(nowMs)
  }

  get heldPackets(): number {
    return this.#held.count
  }

  /** Whether the modem may not send, as it has used up its share of the hour. */
  get isAirtimeLocked(): boolean {
    const { settings, telemetry } = this.#parts
    if (settings.airtimeLock === undefined || telemetry.airtimeLong === undefined) return false
    return telemetry.airtimeLong >= settings.airtimeLock - LOCK_TOLERANCE
  }

  send(packet: Uint8Array): boolean {
    const { length } = packet
    if (length < 1 || length > MAX_PACKET_BYTES || !this.#hasRoom) return false
    const { modulation, counters, clock } = this.#parts
    if (!this.#parts.write(encodeKiss(Command.data, packet))) {
      this.#isLineBusy = true
      return false
    }
    // One that does not report would drop what its queue cannot hold, and nobody would know.
    if (!this.#watch.reports) this.#parts.write(HAVE_YOU_ROOM)
    const nowMs = clock.monotonic()
    const airtimeMs = packetAirtimeMs(modulation, length)
    const estimateMs = this.#estimateMs(airtimeMs, nowMs)
    this.#held.add(packet, airtimeMs, chargedAirtimeMs(modulation, length), estimateMs, nowMs)
    this.#handedAt = nowMs
    this.#sent.add(airtimeMs, nowMs)
    counters.packetsSent += 1
    return true
  }

  /** The modem has given a sign of life. */
  heard(): void {
    this.#watch.heard(this.#parts.clock.monotonic())
  }

  /** Takes what a modem in use sends. @returns false for a frame that is not about packets. */
  take(command: number, args: Uint8Array): boolean {
    const nowMs = this.#parts.clock.monotonic()
    const byte = args.length === 1 ? args[0] : undefined
    switch (command) {
      case Command.data:
        this.#takePacket(args, nowMs)
        return true
      case Command.statRssi:
        this.#rssiDbm = byte === undefined ? undefined : dbmOf(byte)
        return true
      case Command.statSnr:
        this.#snrDb = byte === undefined ? undefined : snrOf(byte)
        return true
      case Command.statChannelTime:
        this.#takeReport(nowMs)
        return true
      case Command.ready:
        if (byte !== undefined && this.#watch.ready(byte !== 0, nowMs) && this.#hasRoom) this.#listener.room()
        return true
      default:
        return false
    }
  }

  /** Counts what is due as left, and says what is to be done about the modem. */
  check(): Verdict {
    const nowMs = this.#parts.clock.monotonic()
    // A modem that does not answer is sending, or has died: in neither case does the estimate hold.
    if (this.isAirtimeLocked || this.#watch.owesAnswer) {
      if ((this.#held.dueAt ?? nowMs + 1) <= nowMs) this.#held.postpone(nowMs)
    } else {
      const left = this.#held.expire(nowMs, this.#watch.reports)
      this.#parts.counters.estimated += left
      this.#tellRoom(left + (this.#isLineBusy ? 1 : 0))
      this.#isLineBusy = false
    }
    return this.#watch.check(nowMs)
  }

  /** When to check next, at the latest, ms. */
  nextCheckAt(): number {
    const nowMs = this.#parts.clock.monotonic()
    return Math.min(this.#watch.nextAt(nowMs), this.#held.dueAt ?? Number.POSITIVE_INFINITY)
  }

  /** The modem is gone. @returns what may not have left, oldest first. */
  end(): Uint8Array[] {
    return this.#held.clear()
  }

  get #hasRoom(): boolean {
    return this.#held.count < this.#parts.maxHeld && !this.#watch.isFull
  }

  #estimateMs(airtimeMs: number, nowMs: number): number {
    const { modulation, telemetry } = this.#parts
    const { airtimeShort, channelShort } = this.#watch.reports ? telemetry : {}
    const own = airtimeShort ?? this.#sent.at(nowMs)
    // What the modem sends itself is in its report of the channel, but nothing that it waits for.
    const others = channelShort === undefined ? this.#heard.at(nowMs) : Math.max(0, channelShort - own)
    return sendEstimateMs(modulation, airtimeMs, own, others)
  }

  #takePacket(packet: Uint8Array, nowMs: number): void {
    const { counters, modulation } = this.#parts
    const signal = this.#takeSignal()
    if (packet.length === 0 || packet.length > MAX_RECEIVED_BYTES) {
      counters.malformedPackets += 1
      return
    }
    counters.packetsReceived += 1
    this.#heard.add(packetAirtimeMs(modulation, packet.length), nowMs)
    this.#listener.received(packet.slice(), signal)
  }

  #takeSignal(): Signal | undefined {
    const [rssiDbm, snrDb] = [this.#rssiDbm, this.#snrDb]
    this.#rssiDbm = undefined
    this.#snrDb = undefined
    return rssiDbm === undefined || snrDb === undefined ? undefined : { rssiDbm, snrDb }
  }

  #takeReport(nowMs: number): void {
    const { airtimeShort, airtimeLong, channelShort = 0 } = this.#parts.telemetry
    if (airtimeShort === undefined || airtimeLong === undefined) return
    const grownMs = this.#ownAirtime.report(airtimeShort, airtimeLong, nowMs)
    const isTaken = channelShort - airtimeShort > TAKEN_SHARE
    this.#watch.reported(this.isAirtimeLocked, isTaken, nowMs)
    const left = this.#hasSentInNoTime(nowMs) ? this.#held.allSent() : this.#held.sent(grownMs, nowMs)
    this.#reportedAt = nowMs
    this.#parts.counters.confirmed += left
    this.#tellRoom(left)
  }

  /**
   * On emulated air that takes no time nothing grows. But the modem reports when it has sent, and that is sooner
   * than any radio could have, and besides the reports of each second.
   */
  #hasSentInNoTime(nowMs: number): boolean {
    const isAtOnce = nowMs - this.#handedAt < NO_TIME_MS && nowMs - this.#reportedAt < REPORT_MS
    return isAtOnce && this.#parts.telemetry.airtimeShort === 0 && !this.isAirtimeLocked
  }

  #tellRoom(left: number): void {
    if (left > 0 && !this.#watch.isFull) this.#listener.room()
  }
}
