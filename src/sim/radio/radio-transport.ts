/** A simulated LoRa radio as a transport: `transports: [radioTransport({ medium, position, ... })]`. */
import type { Clock, Timer } from '../../runtime/clock.ts'
import { MeshError } from '../../runtime/errors.ts'
import type { Random } from '../../runtime/random.ts'
import { rnodeModulation } from '../../transport/lora/rnode-timing.ts'
import {
  type DialTarget,
  type LinkHost,
  newTransportCounters,
  type Transport,
  type TransportFactory,
} from '../../transport/transport.ts'
import { AirtimeLedger } from './airtime-ledger.ts'
import type { RadioMedium } from './medium.ts'
import type { Position } from './propagation.ts'
import type { Radio, RadioSettings } from './radio.ts'
import { RadioLink } from './radio-link.ts'

export interface RadioTransportOptions {
  readonly medium: RadioMedium
  readonly position: Position
  /** Default 8. */
  readonly spreadingFactor?: number
  /** Default 125 kHz. */
  readonly bandwidthHz?: number
  /** The denominator of the code rate, 5 to 8. Default 5. */
  readonly codingRate?: number
  readonly frequencyHz?: number
  readonly powerDbm?: number
  /** The share of any hour that it may send: in the EU 0.1 at 869.4 to 869.65 MHz, mostly 0.01 elsewhere. Default 0.1. */
  readonly dutyCycle?: number
  /** What may wait to be sent, bytes. Default 6,144, as in an RNode. */
  readonly queueBytes?: number
  /** The transport's name, for a node with several radios. Default `radio`. */
  readonly name?: string
}

const DEFAULT_QUEUE_BYTES = 6144
const DEFAULT_DUTY_CYCLE = 0.1
/** A link that the node has closed comes up again after this, ms: a radio has no other neighbour to turn to. */
const REOPEN_MS = 5000

export function radioTransport(options: RadioTransportOptions): TransportFactory {
  const { name = 'radio', spreadingFactor = 8, bandwidthHz = 125_000, codingRate = 5 } = options
  return ({ identity, clock, random }) => {
    const address = identity.address.toString()
    const settings: RadioSettings = {
      ...options,
      label: name === 'radio' ? address : `${address}/${name}`,
      modulation: rnodeModulation(spreadingFactor, bandwidthHz, codingRate),
    }
    return new RadioTransport(name, settings, options, clock, random.fork(name))
  }
}

class RadioTransport implements Transport {
  readonly name: string
  readonly counters = newTransportCounters()
  readonly targets: readonly DialTarget[] = []
  readonly #settings: RadioSettings
  readonly #medium: RadioMedium
  readonly #queueBytes: number
  readonly #ledger: AirtimeLedger
  readonly #clock: Clock
  readonly #random: Random
  #host: LinkHost | undefined
  #radio: Radio | undefined
  #link: RadioLink | undefined
  #upTimer: Timer | undefined

  constructor(
    name: string,
    settings: RadioSettings,
    options: RadioTransportOptions,
    clock: Clock,
    random: Random,
  ) {
    const { medium, dutyCycle = DEFAULT_DUTY_CYCLE, queueBytes = DEFAULT_QUEUE_BYTES } = options
    this.name = name
    this.#settings = settings
    this.#medium = medium
    this.#queueBytes = queueBytes
    this.#ledger = new AirtimeLedger(dutyCycle)
    this.#clock = clock
    this.#random = random
  }

  get listenAddresses(): readonly string[] {
    return this.#radio === undefined ? [] : [`/radio/${this.#settings.label}`]
  }

  async start(host: LinkHost): Promise<void> {
    if (this.#host !== undefined) {
      throw new MeshError('ERR_LIFECYCLE', `transport ${this.name} has started already`)
    }
    this.#radio = this.#medium.attach(this.#settings, {
      received: (frame) => this.#link?.received(frame),
      transmitted: () => this.#link?.transmitted(),
    })
    this.#host = host
    this.#upIn(0)
  }

  async stop(signal: AbortSignal): Promise<void> {
    await this.#flush(signal)
    this.#link?.closeNow('stopping')
    this.#upTimer?.cancel()
    if (this.#radio !== undefined) this.#medium.detach(this.#radio)
    this.#radio = undefined
    this.#host = undefined
  }

  frame(link: RadioLink, frame: Uint8Array): void {
    this.#host?.frame(link, frame)
  }

  drained(link: RadioLink): void {
    this.#host?.drained(link)
  }

  down(link: RadioLink, reason: string, unsent: readonly Uint8Array[]): void {
    if (this.#link !== link) return
    this.#link = undefined
    this.#host?.linkDown(link, reason, unsent)
    this.#upIn(REOPEN_MS)
  }

  #upIn(delayMs: number): void {
    this.#upTimer = this.#clock.setTimer(delayMs, () => {
      if (this.#radio === undefined) return
      this.#link = new RadioLink(this, {
        radio: this.#radio,
        ledger: this.#ledger,
        clock: this.#clock,
        random: this.#random,
        queueBytes: this.#queueBytes,
      })
      this.#host?.linkUp(this.#link)
    })
  }

  async #flush(signal: AbortSignal): Promise<void> {
    const link = this.#link
    if (link === undefined || signal.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const onAbort = (): void => resolve()
    signal.addEventListener('abort', onAbort)
    link.whenFlushed(resolve)
    await promise
    signal.removeEventListener('abort', onAbort)
  }
}
