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
import { distanceM, gaussian, type PathLoss } from './propagation.ts'
import { Radio, type RadioListener, type RadioSettings } from './radio.ts'

export interface MediumOptions {
  readonly clock: Clock
  /** Draws the shadowing and the foreign traffic. */
  readonly random: Random
  readonly pathLoss: PathLoss
  /** Standard deviation of what hills and walls add to the loss, dB; drawn once for each way of each pair. */
  readonly shadowingDb?: number
  /** The share of times that a radio finds the channel taken by strangers when it listens, 0 to 1. */
  readonly foreignUse?: number
}

/** A radio that another one reaches, and how strongly. */
export interface Reached {
  readonly radio: Radio
  readonly dBm: number
}

export class RadioMedium {
  readonly clock: Clock
  readonly #random: Random
  readonly #pathLoss: PathLoss
  readonly #shadowingDb: number
  readonly #foreignUse: number
  readonly #radios = new Map<string, Radio>()
  /** Sender and receiver -> what shadowing adds to the loss, dB. It stays when one of them restarts. */
  readonly #shadows = new Map<string, number>()
  readonly #shadowRandom: Random
  /** Changes whenever a radio comes, goes or moves. */
  #layout = 0

  constructor({ clock, random, pathLoss, shadowingDb = 0, foreignUse = 0 }: MediumOptions) {
    this.clock = clock
    this.#random = random.fork('foreign use')
    this.#shadowRandom = random.fork('shadowing')
    this.#pathLoss = pathLoss
    this.#shadowingDb = shadowingDb
    this.#foreignUse = foreignUse
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

  moved(): void {
    this.#layout += 1
  }

  /** How strong a signal of one radio is at another, dBm. */
  strengthDbm(from: Radio, to: Radio): number {
    const loss = this.#pathLoss(distanceM(from.position, to.position)) + this.#shadow(from.label, to.label)
    return from.powerDbm - loss
  }

  /** Whether a radio that listens right now takes the channel to be used by strangers. */
  hearsStrangers(): boolean {
    return this.#foreignUse > 0 && this.#random.float() < this.#foreignUse
  }

  #shadow(from: string, to: string): number {
    if (this.#shadowingDb === 0) return 0
    const key = `${from} ${to}`
    let shadow = this.#shadows.get(key)
    if (shadow === undefined) {
      // A fork of its own, so that it does not matter in which order the pairs are asked for.
      shadow = gaussian(this.#shadowRandom.fork(key)) * this.#shadowingDb
      this.#shadows.set(key, shadow)
    }
    return shadow
  }
}
