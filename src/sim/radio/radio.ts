/** One radio on the medium: what it sends, and what becomes of the signals that reach it. */
import type { Timer } from '../../runtime/clock.ts'
import { MeshError } from '../../runtime/errors.ts'
import { airtimeMs, MAX_LORA_BYTES, type Modulation, symbolMs } from '../../transport/lora/airtime.ts'
import type { Outcome, RadioMedium, Reached } from './medium.ts'
import { noiseFloorDbm, type Position, sensitivityDbm } from './propagation.ts'

export interface RadioSettings {
  /** Unique on the medium: the node's address or name. */
  readonly label: string
  readonly position: Position
  readonly modulation: Modulation
  /** Radios on other frequencies are not heard. Default 869.525 MHz. */
  readonly frequencyHz?: number
  /** With the gain of both antennas. Default 14 dBm. */
  readonly powerDbm?: number
  /** The weakest signal it can read, dBm. Default: what theory gives for the modulation. */
  readonly sensitivityDbm?: number
  /** Where to go on counting, for a radio that was off for a while. */
  readonly counters?: RadioCounters
}

export interface RadioListener {
  /** A frame has been received whole. It is the receiver's own copy. */
  received(frame: Uint8Array, signal: SignalReport): void
  /** The frame that was being sent has left. */
  transmitted(): void
  /** What {@link Radio.hasCarrier} and {@link Radio.levelDbm} say may have changed. */
  airChanged?(): void
}

export interface SignalReport {
  readonly dBm: number
  /** Over the noise floor, dB. */
  readonly snrDb: number
}

/** Plain numbers that never go down. */
export interface RadioCounters {
  transmissions: number
  bytesSent: number
  /** Time on air of what it sent, ms. */
  airtimeMs: number
  receptions: number
  /** Frames strong enough to be read that another one destroyed. */
  collisions: number
  /** Frames strong enough to be read that came while it was sending. */
  deaf: number
  /** Frames that nothing disturbed and that were lost all the same, as the medium was told. */
  lost: number
}

export function newRadioCounters(): RadioCounters {
  return { transmissions: 0, bytesSent: 0, airtimeMs: 0, receptions: 0, collisions: 0, deaf: 0, lost: 0 }
}

const DEFAULT_FREQUENCY_HZ = 869_525_000
export const DEFAULT_POWER_DBM = 14
/** By so much a frame must be stronger than another to survive it. */
const CAPTURE_DB = 6
/** The end of the preamble, in symbols, that a receiver cannot do without. */
const LOCK_SYMBOLS = 5
/** A signal is noticed, by listening before talking, as far below what can be read. */
const DETECTION_MARGIN_DB = 3
const NO_FRAME = new Uint8Array(0)
/** A timer may be this much early, by the rounding of sums. */
const ROUNDING_MS = 1e-6

/** What becomes of a frame at one receiver; `weak` is too weak to be read, `cut` that either was switched off. */
export type Fate = 'received' | 'collided' | 'deaf' | 'cut' | 'weak' | 'lost'

/** A transmission as one receiver gets it. */
interface Signal {
  readonly receiver: Radio
  readonly dBm: number
  /** From here to `end` nothing may disturb it. */
  readonly criticalFrom: number
  readonly start: number
  /** From here on the receiver knows that it is there. */
  readonly noticedAt: number
  readonly end: number
  fate: Fate | 'noise'
}

export class Radio {
  readonly label: string
  readonly modulation: Modulation
  readonly counters: RadioCounters
  readonly #medium: RadioMedium
  readonly #listener: RadioListener
  readonly #channel: string
  /** What it hears where nobody sends, dBm. */
  readonly noiseDbm: number
  readonly #sensitivityDbm: number
  #position: Position
  #powerDbm: number
  /** What is on the air here at present. */
  readonly #signals = new Set<Signal>()
  /** The frame it is sending, and how it is heard elsewhere. */
  #frame: Uint8Array = NO_FRAME
  #outgoing: Signal[] = []
  #endTimer: Timer | undefined
  /** Runs while a signal is on the air that has not been noticed yet. */
  #noticeTimer: Timer | undefined
  #sendingSince = 0
  #sendingUntil = Number.NEGATIVE_INFINITY
  #reach: Reached[] = []
  #reachLayout = -1

  constructor(medium: RadioMedium, settings: RadioSettings, listener: RadioListener) {
    const { label, modulation, frequencyHz = DEFAULT_FREQUENCY_HZ } = settings
    if (medium.radios.has(label)) {
      throw new MeshError('ERR_TRANSPORT', `a radio called ${label} is on the air already: one per label`)
    }
    this.label = label
    this.modulation = modulation
    this.counters = settings.counters ?? newRadioCounters()
    this.#powerDbm = settings.powerDbm ?? DEFAULT_POWER_DBM
    this.#medium = medium
    this.#listener = listener
    this.#channel = `${frequencyHz}/${modulation.bandwidthHz}/${modulation.spreadingFactor}`
    this.#sensitivityDbm = settings.sensitivityDbm ?? sensitivityDbm(modulation)
    this.noiseDbm = noiseFloorDbm(modulation)
    this.#position = settings.position
  }

  get position(): Position {
    return this.#position
  }

  /** Frames that are under way keep the strength they started with. */
  moveTo(position: Position): void {
    this.#position = position
    this.#medium.moved()
  }

  get powerDbm(): number {
    return this.#powerDbm
  }

  /** From the next frame on. */
  setPower(dBm: number): void {
    this.#powerDbm = dBm
    this.#medium.moved()
  }

  get isSending(): boolean {
    return this.#endTimer !== undefined
  }

  /** Whether a signal is on the air here. It takes {@link LOCK_SYMBOLS} to notice one. */
  get isBusy(): boolean {
    if (this.isSending) return true
    const noticed = this.#medium.clock.monotonic() - this.#lockMs
    for (const signal of this.#signals) if (signal.start <= noticed) return true
    return false
  }

  /** Whether it has noticed the preamble of a frame that is still on the air, as the chip itself tells. */
  get hasCarrier(): boolean {
    const until = this.#medium.clock.monotonic() + ROUNDING_MS
    for (const { noticedAt, fate } of this.#signals) {
      if (noticedAt <= until && fate !== 'deaf' && fate !== 'noise') return true
    }
    return false
  }

  /** What is received on the channel, a frame, noise or nothing, dBm. */
  get levelDbm(): number {
    let level = this.noiseDbm
    for (const { dBm } of this.#signals) level = Math.max(level, dBm)
    return level
  }

  get #lockMs(): number {
    return LOCK_SYMBOLS * symbolMs(this.modulation) * this.#medium.airtimeScale
  }

  /** How long a frame of this length takes by the formula, ms. The medium may take it quicker. */
  airtimeMs(bytes: number): number {
    return airtimeMs(this.modulation, bytes)
  }

  /** The radios of this channel that notice what this one sends. */
  get reach(): readonly Reached[] {
    if (this.#reachLayout !== this.#medium.layout) {
      this.#reachLayout = this.#medium.layout
      this.#reach = []
      for (const radio of this.#medium.radios.values()) {
        if (radio === this || radio.#channel !== this.#channel) continue
        const dBm = this.#medium.strengthDbm(this, radio)
        if (dBm >= radio.#sensitivityDbm - DETECTION_MARGIN_DB) this.#reach.push({ radio, dBm })
      }
    }
    return this.#reach
  }

  /** Whether the other one can read what this one sends, where nothing disturbs it. */
  reaches(other: Radio): boolean {
    return this.reach.some(({ radio, dBm }) => radio === other && dBm >= other.#sensitivityDbm)
  }

  /**
   * Sends at once, whoever else does. It is not to be called while it is sending.
   *
   * @throws MeshError ERR_USAGE then, and for a frame of no or more than 255 bytes.
   */
  transmit(frame: Uint8Array): void {
    if (this.isSending) throw new MeshError('ERR_USAGE', `radio ${this.label} is sending already`)
    if (frame.length === 0 || frame.length > MAX_LORA_BYTES) {
      throw new MeshError('ERR_USAGE', `no LoRa frame has ${frame.length} bytes`)
    }
    const now = this.#medium.clock.monotonic()
    const scale = this.#medium.airtimeScale
    const lasts = this.airtimeMs(frame.length) * scale
    this.counters.transmissions += 1
    this.counters.bytesSent += frame.length
    this.counters.airtimeMs += this.airtimeMs(frame.length)
    this.#sendingSince = now
    this.#sendingUntil = now + lasts
    for (const signal of this.#signals) this.#deafen(signal)
    const lock = (this.modulation.preambleSymbols - LOCK_SYMBOLS) * symbolMs(this.modulation) * scale
    const criticalFrom = now + Math.max(0, lock)
    this.#frame = Uint8Array.from(frame)
    this.#outgoing = this.reach.map(({ radio, dBm }) => {
      const times = { start: now, noticedAt: now + radio.#lockMs, end: now + lasts }
      const signal: Signal = { receiver: radio, dBm, ...times, criticalFrom, fate: 'received' }
      radio.#arrives(signal)
      return signal
    })
    this.#endTimer = this.#medium.clock.setTimer(lasts, () => this.#finish())
  }

  /** Noise on the channel of this radio, from something that is none. */
  addNoise(dBm: number, lastsMs: number): void {
    const now = this.#medium.clock.monotonic()
    const times = { start: now, noticedAt: now, criticalFrom: now, end: now + lastsMs }
    const noise: Signal = { receiver: this, dBm, ...times, fate: 'noise' }
    this.#arrives(noise)
    this.#medium.clock.setTimer(lastsMs, () => this.#ceases(noise))
  }

  /** Stops in the midst of a frame: nobody gets it. */
  breakOff(): void {
    this.#noticeTimer?.cancel()
    this.#noticeTimer = undefined
    for (const signal of this.#signals) signal.fate = 'cut'
    if (this.#endTimer === undefined) return
    this.#endTimer.cancel()
    this.#sent(true, [])
  }

  #arrives(signal: Signal): void {
    this.#deafen(signal)
    for (const other of this.#signals) {
      if (other.end > signal.criticalFrom) disturb(signal, other)
      if (signal.end > other.criticalFrom) disturb(other, signal)
    }
    this.#signals.add(signal)
    if (this.#listener.airChanged === undefined) return
    if (signal.fate === 'noise') this.#listener.airChanged()
    else this.#noticeTimer ??= this.#medium.clock.setTimer(this.#lockMs, () => this.#notice())
  }

  #notice(): void {
    this.#noticeTimer = undefined
    this.#listener.airChanged?.()
    // Another one may have begun since: it is noticed when its own time has come.
    const now = this.#medium.clock.monotonic()
    let next = Number.POSITIVE_INFINITY
    for (const { noticedAt } of this.#signals) {
      if (noticedAt > now + ROUNDING_MS) next = Math.min(next, noticedAt)
    }
    if (next === Number.POSITIVE_INFINITY) return
    this.#noticeTimer = this.#medium.clock.setTimer(next - now, () => this.#notice())
  }

  #ceases(signal: Signal): void {
    this.#signals.delete(signal)
    if (this.#signals.size === 0) {
      this.#noticeTimer?.cancel()
      this.#noticeTimer = undefined
    }
    this.#listener.airChanged?.()
  }

  #deafen(signal: Signal): void {
    if (signal.fate !== 'noise' && this.#sendingUntil > signal.criticalFrom) signal.fate = 'deaf'
  }

  #finish(): void {
    const frame = this.#frame
    const outcomes = this.#outgoing.map((signal): Outcome => {
      const { receiver, dBm } = signal
      return { radio: receiver, dBm, fate: receiver.#fateOf(signal, this.label, frame.length) }
    })
    this.#sent(false, outcomes)
    this.#listener.transmitted()
    for (const { radio, dBm, fate } of outcomes) if (fate === 'received') radio.#receives(frame, dBm)
  }

  /** The air is free of what it was sending. */
  #sent(isBroken: boolean, outcomes: readonly Outcome[]): void {
    const outgoing = this.#outgoing
    const transmission = { from: this, frame: this.#frame, at: this.#sendingSince, isBroken, outcomes }
    this.#endTimer = undefined
    this.#sendingUntil = Number.NEGATIVE_INFINITY
    this.#outgoing = []
    this.#frame = NO_FRAME
    this.#medium.ended(transmission)
    for (const signal of outgoing) signal.receiver.#ceases(signal)
  }

  #fateOf({ dBm, fate }: Signal, sender: string, bytes: number): Fate {
    if (fate === 'cut' || fate === 'noise') return 'cut'
    if (dBm < this.#sensitivityDbm) return 'weak'
    if (fate === 'collided') this.counters.collisions += 1
    else if (fate === 'deaf') this.counters.deaf += 1
    else if (this.#medium.loses(sender, this.label, bytes)) {
      this.counters.lost += 1
      return 'lost'
    }
    return fate
  }

  #receives(frame: Uint8Array, dBm: number): void {
    this.counters.receptions += 1
    this.#listener.received(Uint8Array.from(frame), { dBm, snrDb: dBm - this.noiseDbm })
  }
}

function disturb(signal: Signal, by: Signal): void {
  if (signal.fate === 'received' && signal.dBm - by.dBm < CAPTURE_DB) signal.fate = 'collided'
}
