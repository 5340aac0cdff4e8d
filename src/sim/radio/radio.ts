/** One radio on the medium: what it sends, and what becomes of the signals that reach it. */
import type { Timer } from '../../runtime/clock.ts'
import { MeshError } from '../../runtime/errors.ts'
import { airtimeMs, MAX_LORA_BYTES, type Modulation, symbolMs } from '../../transport/lora/airtime.ts'
import type { RadioMedium, Reached } from './medium.ts'
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
}

export interface RadioListener {
  /** A frame has been received whole. It is the receiver's own copy. */
  received(frame: Uint8Array, signal: SignalReport): void
  /** The frame that was being sent has left. */
  transmitted(): void
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
}

export const DEFAULT_FREQUENCY_HZ = 869_525_000
export const DEFAULT_POWER_DBM = 14
/** By so much a frame must be stronger than another to survive it. */
export const CAPTURE_DB = 6
/** The end of the preamble, in symbols, that a receiver cannot do without. */
const LOCK_SYMBOLS = 5
/** A signal is noticed, by listening before talking, as far below what can be read. */
const DETECTION_MARGIN_DB = 3

type Fate = 'whole' | 'collided' | 'deaf' | 'cut'

/** A transmission as one receiver gets it. */
interface Signal {
  readonly receiver: Radio
  readonly dBm: number
  /** From here to `end` nothing may disturb it. */
  readonly criticalFrom: number
  readonly start: number
  readonly end: number
  fate: Fate
}

export class Radio {
  readonly label: string
  readonly modulation: Modulation
  readonly powerDbm: number
  readonly counters: RadioCounters = {
    transmissions: 0,
    bytesSent: 0,
    airtimeMs: 0,
    receptions: 0,
    collisions: 0,
    deaf: 0,
  }
  readonly #medium: RadioMedium
  readonly #listener: RadioListener
  readonly #channel: string
  readonly #sensitivityDbm: number
  readonly #noiseDbm: number
  #position: Position
  /** What is on the air here at present. */
  readonly #signals = new Set<Signal>()
  /** The frame it is sending, as it is heard elsewhere. */
  #outgoing: Signal[] = []
  #endTimer: Timer | undefined
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
    this.powerDbm = settings.powerDbm ?? DEFAULT_POWER_DBM
    this.#medium = medium
    this.#listener = listener
    this.#channel = `${frequencyHz}/${modulation.bandwidthHz}/${modulation.spreadingFactor}`
    this.#sensitivityDbm = settings.sensitivityDbm ?? sensitivityDbm(modulation)
    this.#noiseDbm = noiseFloorDbm(modulation)
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

  get isSending(): boolean {
    return this.#endTimer !== undefined
  }

  /** Whether a signal is on the air here. It takes {@link LOCK_SYMBOLS} to notice one. */
  get isBusy(): boolean {
    if (this.isSending || this.#medium.hearsStrangers()) return true
    const noticed = this.#medium.clock.monotonic() - LOCK_SYMBOLS * symbolMs(this.modulation)
    for (const signal of this.#signals) if (signal.start <= noticed) return true
    return false
  }

  /** How long a frame of this length takes, ms. */
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
    const lasts = this.airtimeMs(frame.length)
    this.counters.transmissions += 1
    this.counters.bytesSent += frame.length
    this.counters.airtimeMs += lasts
    this.#sendingUntil = now + lasts
    for (const signal of this.#signals) this.#deafen(signal)
    const lock = (this.modulation.preambleSymbols - LOCK_SYMBOLS) * symbolMs(this.modulation)
    this.#outgoing = this.reach.map(({ radio, dBm }) => {
      const times = { start: now, criticalFrom: now + Math.max(0, lock), end: now + lasts }
      const signal: Signal = { receiver: radio, dBm, ...times, fate: 'whole' }
      radio.#arrives(signal)
      return signal
    })
    const copy = Uint8Array.from(frame)
    this.#endTimer = this.#medium.clock.setTimer(lasts, () => this.#finish(copy))
  }

  /** Stops in the midst of a frame: nobody gets it. */
  breakOff(): void {
    this.#endTimer?.cancel()
    this.#endTimer = undefined
    for (const signal of this.#outgoing) signal.receiver.#signals.delete(signal)
    this.#outgoing = []
    this.#sendingUntil = Number.NEGATIVE_INFINITY
    for (const signal of this.#signals) signal.fate = 'cut'
  }

  #arrives(signal: Signal): void {
    this.#deafen(signal)
    for (const other of this.#signals) {
      if (other.end > signal.criticalFrom) disturb(signal, other)
      if (signal.end > other.criticalFrom) disturb(other, signal)
    }
    this.#signals.add(signal)
  }

  #deafen(signal: Signal): void {
    if (this.#sendingUntil > signal.criticalFrom) signal.fate = 'deaf'
  }

  #finish(frame: Uint8Array): void {
    const outgoing = this.#outgoing
    this.#endTimer = undefined
    this.#outgoing = []
    for (const signal of outgoing) signal.receiver.#signals.delete(signal)
    this.#listener.transmitted()
    for (const signal of outgoing) signal.receiver.#ends(signal, frame)
  }

  #ends({ dBm, fate }: Signal, frame: Uint8Array): void {
    if (dBm < this.#sensitivityDbm) return
    if (fate === 'whole') {
      this.counters.receptions += 1
      this.#listener.received(Uint8Array.from(frame), { dBm, snrDb: dBm - this.#noiseDbm })
    } else if (fate === 'collided') {
      this.counters.collisions += 1
    } else if (fate === 'deaf') {
      this.counters.deaf += 1
    }
  }
}

function disturb(signal: Signal, by: Signal): void {
  if (signal.fate === 'whole' && signal.dBm - by.dBm < CAPTURE_DB) signal.fate = 'collided'
}
