/** LoRa radios as a transport: `transports: [lora({ port: '/dev/ttyUSB0', ... })]`. One port, one transport. */
import type { Clock } from '../../runtime/clock.ts'
import { MeshError } from '../../runtime/errors.ts'
import type { RadioFigures } from '../radio-figures.ts'
import {
  countTransportError,
  type DialTarget,
  type LinkHost,
  newTransportCounters,
  type Transport,
  type TransportComponents,
} from '../transport.ts'
import { bitsPerSecond } from './airtime.ts'
import type { DutyLedger } from './ledger/duty-ledger.ts'
import type { AirtimeAccount } from './link/account.ts'
import type { Neighbour } from './link/neighbour.ts'
import type { CounterFloor } from './link/packet-counter.ts'
import { Station, type StationHost } from './link/station.ts'
import type { Tagger } from './link/tag.ts'
import type { Modem, ModemListener, Signal } from './modem.ts'
import { type RadioParts, radioFigures } from './radio-figures.ts'
import { RadioLink, type RadioLinkOwner } from './radio-link.ts'

/** What a LoRa transport is put together from. */
export interface LoraParts {
  readonly name: string
  readonly modem: Modem
  readonly account: AirtimeAccount
  readonly tagger: Tagger
  /** What may wait to be sent or acknowledged, bytes. */
  readonly queueBytes: number
  /** The longest that one packet may be on the air, µs. Default: no limit. */
  readonly maxAirtimeUs?: number
  /** Of a keyed network: see packet-counter.ts. */
  readonly counterFloor?: CounterFloor | undefined
  /** The account for people, where there is one. */
  readonly duty?: { readonly band: string; readonly ledger: DutyLedger }
  /** For people: where and how strongly it sends. */
  readonly channel?: RadioParts['channel']
}

/** A link that the node has closed comes up again after this, ms: a radio has no other air to turn to. */
const REOPEN_MS = 5000
/** How often it is looked at whether all has left, while stopping, ms. */
const FLUSH_LOOK_MS = 20

export class LoraTransport implements Transport, StationHost, ModemListener, RadioLinkOwner {
  readonly name: string
  readonly port: string
  readonly clock: Clock
  readonly counters = newTransportCounters()
  readonly queueBytes: number
  readonly station: Station
  readonly duty: LoraParts['duty']
  readonly #channel: RadioParts['channel']
  readonly #modem: Modem
  readonly #components: TransportComponents
  readonly #links = new Map<Neighbour, RadioLink>()
  #medium: RadioLink | undefined
  #host: LinkHost | undefined
  #state: 'new' | 'started' | 'stopped' = 'new'
  #stopped: Promise<void> | undefined

  constructor(parts: LoraParts, components: TransportComponents) {
    const { name, modem, account, tagger, queueBytes, maxAirtimeUs, duty, channel = {}, counterFloor } = parts
    const { identity, crypto, clock, random } = components
    this.name = name
    this.port = modem.port
    this.clock = clock
    this.queueBytes = queueBytes
    this.#modem = modem
    this.#components = components
    const { address } = identity
    this.duty = duty
    this.#channel = channel
    this.station = new Station(
      {
        address,
        crypto,
        modem,
        account,
        tagger,
        clock,
        random: random.fork(name),
        queueBytes,
        maxAirtimeUs: maxAirtimeUs ?? Number.POSITIVE_INFINITY,
        counterFloor,
      },
      this,
    )
  }

  get bits(): number {
    return bitsPerSecond(this.#modem.modulation)
  }

  get listenAddresses(): readonly string[] {
    return this.#state === 'started' ? [`/lora/${encodeURIComponent(this.port)}`] : []
  }

  get targets(): readonly DialTarget[] {
    const { isUp, problem } = this.#modem
    const target = { address: this.port, state: isUp ? ('connected' as const) : ('connecting' as const) }
    return [problem === undefined ? target : { ...target, lastError: problem }]
  }

  get problem(): string | undefined {
    return this.#modem.problem ?? this.duty?.ledger.problem
  }

  get modem(): Modem {
    return this.#modem
  }

  get radio(): RadioFigures {
    const { station, problem, duty } = this
    return radioFigures({ modem: this.#modem, station, problem, channel: this.#channel, duty })
  }

  async start(host: LinkHost): Promise<void> {
    if (this.#state !== 'new') {
      throw new MeshError('ERR_LIFECYCLE', `transport ${this.name} has been started before`)
    }
    this.#state = 'started'
    this.#host = host
    this.#modem.start(this)
  }

  stop(signal: AbortSignal): Promise<void> {
    this.#stopped ??= this.#stop(signal)
    return this.#stopped
  }

  up(): void {
    const { port } = this
    this.#components.logger.info({ transport: this.name, port }, 'radio up')
    this.#openMedium()
    this.station.resume()
  }

  down(reason: string): void {
    this.#components.logger.warn({ transport: this.name, port: this.port, reason }, 'radio down')
    this.#closeAll(reason)
  }

  received(packet: Uint8Array, _signal: Signal | undefined): void {
    if (this.#medium !== undefined) this.station.received(packet)
  }

  room(): void {
    this.station.room()
  }

  neighbourUp(neighbour: Neighbour): void {
    const link = new RadioLink(this, neighbour, this.#medium)
    this.#links.set(neighbour, link)
    this.#host?.linkUp(link)
  }

  neighbourDown(neighbour: Neighbour, reason: string, unsent: readonly Uint8Array[]): void {
    const link = this.#links.get(neighbour)
    if (link === undefined) return
    this.#links.delete(neighbour)
    link.shut()
    this.#host?.linkDown(link, reason, unsent)
  }

  arrived(from: Neighbour, frame: Uint8Array): boolean {
    return this.#links.get(from)?.received(frame) ?? false
  }

  frame(link: RadioLink, frame: Uint8Array): void {
    this.counters.framesReceived += 1
    this.counters.bytesReceived += frame.length
    this.#host?.frame(link, frame)
  }

  left(): void {
    for (const link of [this.#medium, ...this.#links.values()]) {
      if (link?.takeDrained()) this.#host?.drained(link)
    }
  }

  refused(reason: string): void {
    countTransportError(this.counters, reason)
  }

  sent(frame: Uint8Array): void {
    this.counters.framesSent += 1
    this.counters.bytesSent += frame.length
  }

  /** The node has closed a link. */
  closed(link: RadioLink, reason: string): void {
    if (link === this.#medium) {
      this.#closeAll(reason)
      this.clock.setTimer(REOPEN_MS, () => {
        if (this.#state === 'started' && this.#modem.isUp) this.#openMedium()
      })
      return
    }
    for (const [neighbour, other] of this.#links) if (other === link) this.station.dismiss(neighbour, reason)
  }

  #openMedium(): void {
    if (this.#medium !== undefined) return
    this.#medium = new RadioLink(this, undefined, undefined)
    this.#host?.linkUp(this.#medium)
  }

  #closeAll(reason: string): void {
    const unsent = this.station.stop(reason)
    const medium = this.#medium
    this.#medium = undefined
    medium?.shut()
    if (medium !== undefined) this.#host?.linkDown(medium, reason, unsent)
  }

  async #stop(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const look = (): void => {
      if (signal.aborted || !this.#modem.isUp || this.station.mayStop) resolve()
      else this.clock.setTimer(FLUSH_LOOK_MS, look)
    }
    signal.addEventListener('abort', () => resolve(), { once: true })
    look()
    await promise
    this.#state = 'stopped'
    this.#closeAll('stopping')
    this.#host = undefined
    await this.#modem.stop(signal)
  }
}
