/**
 * Emulated modems on one air, for tests, simulations and people without radios:
 *
 * ```ts
 * const air = new EmulatedAir({ clock, random, reach: 'line', loss: 0.1 })
 * const a = air.modem({ name: 'a' })
 * const radio = lora({ port: 'a', line: a.line, ledgerDir })
 * a.unplug(4000)
 * ```
 */
import type { Clock } from '../../runtime/clock.ts'
import { MeshError } from '../../runtime/errors.ts'
import type { Random } from '../../runtime/random.ts'
import { VirtualClock } from '../clock.ts'
import { type AirLoss, type AirPath, RadioMedium, type Transmission } from '../radio/medium.ts'
import type { PathLoss, Position } from '../radio/propagation.ts'
import type { Fate, RadioCounters } from '../radio/radio.ts'
import { type BoardOptions, boardOf } from './board.ts'
import { FollowingClock } from './following-clock.ts'
import { EmulatedModem } from './modem.ts'
import { type Reach, ReachTable } from './reach.ts'

export interface EmulatedAirOptions {
  /** A real one, or a virtual one. */
  readonly clock: Clock
  readonly random: Random
  /** Default `full`. */
  readonly reach?: Reach
  /** Of LoRa frames, in each direction of each pair. Default none. */
  readonly loss?: AirLoss
  /** For `reach: 'positions'`. */
  readonly pathLoss?: PathLoss
  /** Airtime and waiting for the channel take so many times as long; 0 for none. Default 1. */
  readonly airtimeScale?: number
  /** Called for each LoRa frame, when it has left. */
  readonly onTransmission?: (event: AirEvent) => void
}

export interface EmulatedModemOptions extends BoardOptions {
  /** Unique on the air, without spaces. */
  readonly name: string
  /** For `reach: 'positions'`. Default 0, 0. */
  readonly position?: Position
}

/** One LoRa frame that was on the air. */
export interface AirEvent {
  /** When it began, by the clock of the air, ms. */
  readonly at: number
  readonly modem: string
  /** With its header byte. */
  readonly frame: Uint8Array
  /** By the exact formula. */
  readonly airtimeMs: number
  /** The modem was unplugged or reset in the midst of it. */
  readonly isBroken: boolean
  /** What became of it at each modem that noticed it. */
  readonly outcomes: readonly { readonly modem: string; readonly dBm: number; readonly fate: Fate }[]
}

/** So many of the latest transmissions are kept. */
const LOG_LENGTH = 1000
/** Names have to fit into the keys of pairs and into lines of the control. */
const NAME = /^[^\s,@:<>-]{1,32}$/

export class EmulatedAir {
  /** The latest transmissions, oldest first. */
  readonly log: AirEvent[] = []
  /** The time in which the modems live. */
  readonly clock: Clock
  readonly #random: Random
  readonly #medium: RadioMedium
  readonly #names: string[] = []
  readonly #modems = new Map<string, EmulatedModem>()
  readonly #reach: ReachTable
  readonly #onTransmission: ((event: AirEvent) => void) | undefined

  constructor(options: EmulatedAirOptions) {
    const { clock, random, reach = 'full', loss = 0, pathLoss, airtimeScale = 1 } = options
    // Real timers are late: that must not make frames collide.
    this.clock = clock instanceof VirtualClock ? clock : new FollowingClock(clock)
    this.#random = random
    this.#onTransmission = options.onTransmission
    this.#reach = new ReachTable(this.#names)
    this.#reach.setReach(reach)
    this.#reach.setLoss(loss)
    this.#medium = new RadioMedium({
      clock: this.clock,
      random: random.fork('medium'),
      paths: (from, to) => this.#reach.path(from, to),
      airtimeScale,
      onTransmission: (transmission) => this.#note(transmission),
      ...(pathLoss === undefined ? {} : { pathLoss }),
    })
  }

  /** By name, in the order in which they were made. */
  get modems(): ReadonlyMap<string, EmulatedModem> {
    return this.#modems
  }

  /** Of all modems together. */
  get counters(): RadioCounters {
    const sums = {
      transmissions: 0,
      bytesSent: 0,
      airtimeMs: 0,
      receptions: 0,
      collisions: 0,
      deaf: 0,
      lost: 0,
    }
    for (const { radioCounters } of this.#modems.values()) {
      for (const key of Object.keys(sums) as (keyof RadioCounters)[]) sums[key] += radioCounters[key]
    }
    return sums
  }

  /**
   * A further modem, plugged in and booted.
   *
   * @throws MeshError ERR_USAGE for a name that is taken or unusable, or a board that there is not.
   */
  modem({ name, position = { x: 0, y: 0 }, ...board }: EmulatedModemOptions): EmulatedModem {
    if (!NAME.test(name) || this.#modems.has(name)) {
      const what = this.#modems.has(name)
        ? 'is taken'
        : 'cannot be used: 1 to 32 characters, none of " ,@:<>-"'
      throw new MeshError('ERR_USAGE', `the name of modem ${JSON.stringify(name.slice(0, 40))} ${what}`)
    }
    const modem = new EmulatedModem({
      name,
      clock: this.clock,
      random: this.#random.fork(`modem ${name}`),
      medium: this.#medium,
      position,
      board: boardOf(board),
    })
    this.#names.push(name)
    this.#modems.set(name, modem)
    this.#medium.moved()
    return modem
  }

  /** From the next frame on; forgets what single paths were told. */
  setReach(reach: Reach): void {
    this.#reach.setReach(reach)
    this.#medium.moved()
  }

  /** One direction of one pair, from the next frame on; undefined cuts it. */
  setPath(from: string, to: string, path: AirPath | undefined): void {
    this.#reach.setPath(from, to, path)
    this.#medium.moved()
  }

  /** For all pairs without a loss of their own, from the next frame on. */
  setLoss(loss: AirLoss): void {
    this.#reach.setLoss(loss)
  }

  /** Unplugs all modems. */
  stop(): void {
    for (const modem of this.#modems.values()) modem.unplug()
  }

  #note({ from, frame, at, isBroken, outcomes }: Transmission): void {
    const event: AirEvent = {
      at,
      modem: from.label,
      frame,
      airtimeMs: from.airtimeMs(frame.length),
      isBroken,
      outcomes: outcomes.map(({ radio, dBm, fate }) => ({ modem: radio.label, dBm, fate })),
    }
    this.log.push(event)
    if (this.log.length > LOG_LENGTH) this.log.shift()
    this.#onTransmission?.(event)
  }
}
