/**
 * What the firmware knows of its channel: whether it is free, and how much of the time it is not. It looks every
 * 3 ms; here that is worked out from the moments at which something changes.
 */
import type { Clock, Timer } from '../../runtime/clock.ts'
import type { Radio } from '../radio/radio.ts'
import { AirtimeBins, BIN_MS, type Shares } from './airtime-bins.ts'

export interface WatchListener {
  freed(): void
  taken(): void
  /** A second of looking has passed. */
  sampled(): void
}

const SAMPLE_MS = 3
/** The firmware tells of the channel after each 333rd sample of a round of 2500. */
const SAMPLES_PER_TURN = 333
const SAMPLES_PER_ROUND = BIN_MS / SAMPLE_MS
const TURNS_PER_ROUND = Math.ceil(SAMPLES_PER_ROUND / SAMPLES_PER_TURN)
/** So much above the noise floor something that is no LoRa frame keeps it from sending, dB. */
const INTERFERENCE_DB = 11
/** Interference that lasts longer than this, and is weaker than that, is taken for a new noise floor. */
const RECALIBRATION_MS = 2500
const RECALIBRATION_DBM = -83

export class ChannelWatch {
  readonly #clock: Clock
  readonly #bootedAt: number
  readonly #avoidsInterference: boolean
  readonly #listener: WatchListener
  readonly #bins = new AirtimeBins()
  #radio: Radio | undefined
  #isPaused = true
  #isFree = true
  #hasCarrier = false
  #floorDbm = 0
  /** What the noise floor is taken to be while interference goes on that is taken for it. */
  #raisedFloorDbm: number | undefined
  #recalibration: Timer | undefined
  /** Samples of this round so far, as of the last turn or pause. */
  #sample = 0
  #sampledAt = 0
  #turn: Timer | undefined
  /** How long others were on the air while it looked, ms. */
  #heardMs = 0
  #heardFrom = 0
  /** That, one round ago, for each turn. */
  readonly #heardAtTurn = new Float64Array(TURNS_PER_ROUND)

  constructor(clock: Clock, avoidsInterference: boolean, listener: WatchListener) {
    this.#clock = clock
    this.#bootedAt = clock.monotonic()
    this.#avoidsInterference = avoidsInterference
    this.#listener = listener
  }

  get shares(): Readonly<Shares> {
    return this.#bins.shares
  }

  get isFree(): boolean {
    return this.#isFree
  }

  /** Whole dBm, as the firmware reckons. */
  get levelDbm(): number {
    return Math.trunc(this.#radio?.levelDbm ?? this.#floorDbm)
  }

  get noiseFloorDbm(): number {
    return this.#raisedFloorDbm ?? this.#floorDbm
  }

  /** Something is on the channel that is no frame, or a frame of which it has missed the beginning. */
  get hasInterference(): boolean {
    return !this.#hasCarrier && this.levelDbm > this.noiseFloorDbm + INTERFERENCE_DB
  }

  /** @param isNew the radio was off before; else it was only tuned anew. */
  listenOn(radio: Radio, isNew: boolean): void {
    this.#radio = radio
    this.#floorDbm = Math.trunc(radio.noiseDbm)
    if (isNew) {
      this.#isPaused = false
      this.#startTurn()
    }
    this.airChanged()
  }

  stop(): void {
    this.pause()
    this.#radio = undefined
    this.#recalibration?.cancel()
    this.#recalibration = undefined
    this.#raisedFloorDbm = undefined
  }

  clear(): void {
    this.#bins.clear()
    this.#heardAtTurn.fill(this.#heardMs)
  }

  charge(ms: number): void {
    this.#bins.charge(this.#now, ms)
  }

  update(): void {
    this.#bins.update(this.#now)
  }

  /** It sends, and looks at nothing meanwhile. */
  pause(): void {
    if (this.#isPaused) return
    this.#countHeard()
    this.#turn?.cancel()
    this.#sample += Math.floor((this.#clock.monotonic() - this.#sampledAt) / SAMPLE_MS)
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#startTurn()
    this.airChanged()
  }

  airChanged(): void {
    const radio = this.#radio
    if (radio === undefined || this.#isPaused) return
    this.#countHeard()
    this.#hasCarrier = radio.hasCarrier
    this.#watchInterference()
    const isFree = !this.#hasCarrier && !(this.#avoidsInterference && this.hasInterference)
    if (isFree === this.#isFree) return
    this.#isFree = isFree
    if (isFree) this.#listener.freed()
    else this.#listener.taken()
  }

  get #now(): number {
    return this.#clock.monotonic() - this.#bootedAt
  }

  #watchInterference(): void {
    const level = this.levelDbm
    const isLoud = !this.#hasCarrier && level > this.#floorDbm + INTERFERENCE_DB
    if (!isLoud || level >= RECALIBRATION_DBM) {
      this.#recalibration?.cancel()
      this.#recalibration = undefined
      if (!isLoud) this.#raisedFloorDbm = undefined
      return
    }
    if (this.#raisedFloorDbm !== undefined) return
    this.#recalibration ??= this.#clock.setTimer(RECALIBRATION_MS, () => {
      this.#recalibration = undefined
      this.#raisedFloorDbm = this.levelDbm
      this.airChanged()
    })
  }

  #countHeard(): void {
    const now = this.#clock.monotonic()
    if (this.#hasCarrier) this.#heardMs += now - this.#heardFrom
    this.#heardFrom = now
  }

  #startTurn(): void {
    const now = this.#clock.monotonic()
    this.#sampledAt = now
    this.#heardFrom = now
    this.#turn?.cancel()
    const end = Math.min(SAMPLES_PER_ROUND, this.#turnOf(this.#sample) * SAMPLES_PER_TURN + SAMPLES_PER_TURN)
    this.#turn = this.#clock.setTimer((end - this.#sample) * SAMPLE_MS, () => this.#endTurn(end))
  }

  #endTurn(sample: number): void {
    this.#countHeard()
    const turn = this.#turnOf(sample - 1)
    const heard = this.#heardMs - (this.#heardAtTurn[turn] as number)
    this.#heardAtTurn[turn] = this.#heardMs
    this.#sample = sample % SAMPLES_PER_ROUND
    this.#startTurn()
    this.#bins.noteChannel(this.#now, Math.min(1, heard / BIN_MS))
    this.#listener.sampled()
  }

  #turnOf(sample: number): number {
    return Math.floor(sample / SAMPLES_PER_TURN)
  }
}
