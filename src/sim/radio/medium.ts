/**
 * The air between LoRa radios. Who hears whom follows from where they stand; frames that overlap at a
 * receiver destroy each other unless one is much stronger; a radio that sends is deaf. Hidden nodes are not
 * modelled: they are what this comes to.
 *
 * The rules for overlap are those of LoRaSim (Bor, Roedig, Voigt and Alonso, 2016): a frame survives if, from
 * the last 5 symbols of its preamble to its end, it is 6 dB stronger at the receiver than every other frame
 * of its channel. Spreading factors and bandwidths do not disturb each other.
 */
import type { Clock } from '../../runtime/clock.ts'
import type { Random } from '../../runtime/random.ts'
import type { GilbertElliott } from '../link-model.ts'
import { LinkChance } from '../loss.ts'
import { distanceM, logDistance, type PathLoss } from './propagation.ts'
import { DEFAULT_POWER_DBM, type Fate, Radio, type RadioListener, type RadioSettings } from './radio.ts'

/** What the air is like from one radio to another, where it does not follow from where they stand. */
export interface AirPath {
  /** How strong a frame sent with 14 dBm arrives, dBm. Absent: by where they stand. */
  readonly dBm?: number
  /** What is lost without another frame's doing. Default nothing. */
  readonly loss?: AirLoss
}

/** The share of frames, a model of when, or the chance of each byte to spoil the frame it is in. */
export type AirLoss = number | GilbertElliott | { readonly perByte: number }

/** From the label of a sender to that of a receiver; undefined where nothing arrives. */
export type AirPaths = (from: string, to: string) => AirPath | undefined

/** A frame that has been on the air. */
export interface Transmission {
  readonly from: Radio
  readonly frame: Uint8Array
  /** When it began, by the medium's clock, ms. */
  readonly at: number
  /** Switched off in the midst of it: nobody gets it. */
  readonly isBroken: boolean
  /** Of all that noticed it, in the order in which they were switched on. */
  readonly outcomes: readonly Outcome[]
}

export interface Outcome {
  readonly radio: Radio
  readonly dBm: number
  readonly fate: Fate
}

export interface MediumOptions {
  readonly clock: Clock
  /** Draws the losses. */
  readonly random: Random
  /** How strong radios are to each other by where they stand. Default {@link logDistance}. */
  readonly pathLoss?: PathLoss
  /** Who hears whom at all. Default: whoever stands near enough. */
  readonly paths?: AirPaths
  /** Frames take this many times as long; 0 for none. Default 1. */
  readonly airtimeScale?: number
  /** Called when a frame has left, before its receivers are. */
  readonly onTransmission?: (transmission: Transmission) => void
}

/** A radio that another one reaches, and how strongly. */
export interface Reached {
  readonly radio: Radio
  readonly dBm: number
}

export class RadioMedium {
  readonly clock: Clock
  readonly airtimeScale: number
  readonly #pathLoss: PathLoss
  readonly #paths: AirPaths | undefined
  readonly #onTransmission: ((transmission: Transmission) => void) | undefined
  readonly #radios = new Map<string, Radio>()
  /** Sender and receiver -> the draws of what is lost between them. */
  readonly #chances = new Map<string, LinkChance>()
  readonly #lossRandom: Random
  /** Changes whenever a radio comes, goes or moves. */
  #layout = 0

  constructor(options: MediumOptions) {
    const { clock, random } = options
    this.clock = clock
    this.airtimeScale = options.airtimeScale ?? 1
    this.#lossRandom = random.fork('loss')
    this.#pathLoss = options.pathLoss ?? logDistance()
    this.#paths = options.paths
    this.#onTransmission = options.onTransmission
  }

  /** Those that are switched on, by label. */
  get radios(): ReadonlyMap<string, Radio> {
    return this.#radios
  }

  get layout(): number {
    return this.#layout
  }

  /**
   * Switches a radio on.
   *
   * @throws MeshError ERR_TRANSPORT where one of this label is on already.
   */
  attach(settings: RadioSettings, listener: RadioListener): Radio {
    const radio = new Radio(this, settings, listener)
    this.#radios.set(settings.label, radio)
    this.#layout += 1
    return radio
  }

  /** Switches it off. A frame that it is sending breaks off. */
  detach(radio: Radio): void {
    if (this.#radios.get(radio.label) !== radio) return
    radio.breakOff()
    this.#radios.delete(radio.label)
    this.#layout += 1
  }

  /** Who hears whom is to be found out anew: a radio has moved, or what the paths say has changed. */
  moved(): void {
    this.#layout += 1
  }

  /** How strong a signal of one radio is at another, dBm. */
  strengthDbm(from: Radio, to: Radio): number {
    if (this.#paths !== undefined) {
      const path = this.#paths(from.label, to.label)
      if (path === undefined) return Number.NEGATIVE_INFINITY
      if (path.dBm !== undefined) return path.dBm + from.powerDbm - DEFAULT_POWER_DBM
    }
    return from.powerDbm - this.#pathLoss(distanceM(from.position, to.position))
  }

  /** Whether a frame that arrives undisturbed is lost all the same. */
  loses(from: string, to: string, bytes: number): boolean {
    const loss = this.#paths?.(from, to)?.loss ?? 0
    if (loss === 0) return false
    const key = `${from} ${to}`
    let chance = this.#chances.get(key)
    if (chance === undefined) {
      chance = new LinkChance(() => this.#lossRandom.fork(key))
      this.#chances.set(key, chance)
    }
    const isNoise = typeof loss === 'object' && 'perByte' in loss
    return chance.loses({ loss: isNoise ? 1 - (1 - loss.perByte) ** bytes : loss })
  }

  ended(transmission: Transmission): void {
    this.#onTransmission?.(transmission)
  }
}
