/** The radio half of the firmware: it listens, waits its turn, sends what is queued, and keeps its statistics. */
import type { Clock, Timer } from '../../runtime/clock.ts'
import type { Random } from '../../runtime/random.ts'
import type { Modulation } from '../../transport/lora/airtime.ts'
import { MAX_LORA_BYTES } from '../../transport/lora/airtime.ts'
import type { RadioMedium } from '../radio/medium.ts'
import type { Position } from '../radio/propagation.ts'
import type { Radio, RadioCounters, SignalReport } from '../radio/radio.ts'
import type { Board } from './board.ts'
import { type Band, ChannelAccess } from './channel-access.ts'
import { ChannelWatch } from './channel-watch.ts'
import type { PacketQueue } from './packet-queue.ts'
import { AVR_TIMING, chargedMs, modulationOf, type Settings, type Timing, timingOf } from './settings.ts'
import { framesOf, Reassembly } from './split.ts'

export interface RadioUnitParts {
  readonly clock: Clock
  readonly random: Random
  readonly medium: RadioMedium
  readonly label: string
  readonly position: Position
  readonly board: Board
  readonly queue: PacketQueue
  readonly counters: RadioCounters
  readonly avoidsInterference: boolean
  /** Asked before each access: a wedged modem sends nothing. */
  isWedged(): boolean
}

export interface RadioUnitListener {
  packet(packet: Uint8Array, signal: SignalReport): void
  /** All that was to be sent at this access has left, and the processor has time for its line again. */
  flushed(): void
  /** The statistics have been worked out anew. */
  measured(): void
  bandChanged(band: Band): void
  /** The chip has not finished a frame in time: the firmware is about to reset itself. */
  timedOut(): void
}

/** After so long the firmware gives a frame up, ms. */
const WATCHDOG_MS = 20_000

export class RadioUnit {
  isPromiscuous = false
  /** Shares of airtime, 0 to 1, from which on it sends nothing; 0 for no limit. */
  readonly limits = { short: 0, long: 0 }
  readonly #parts: RadioUnitParts
  readonly #listener: RadioUnitListener
  readonly #watch: ChannelWatch
  readonly #access: ChannelAccess
  readonly #reassembly = new Reassembly()
  #timing: Timing = AVR_TIMING
  #modulation: Modulation | undefined
  #radio: Radio | undefined
  /** What is left of the packet that is being sent; undefined outside of an access. */
  #frames: Uint8Array[] | undefined
  #frameBytes = 0
  #packetBytes = 0
  #watchdog: Timer | undefined

  constructor(parts: RadioUnitParts, listener: RadioUnitListener) {
    const { clock, random, medium, board } = parts
    this.#parts = parts
    this.#listener = listener
    this.#watch = new ChannelWatch(clock, board.hasTelemetry && parts.avoidsInterference, {
      freed: () => this.wake(),
      taken: () => this.#access.interrupt(),
      sampled: () => this.#measure(),
    })
    const access = { isFree: () => this.#watch.isFree, access: () => this.#flush() }
    this.#access = new ChannelAccess(clock, random.fork('access'), AVR_TIMING, access, medium.airtimeScale)
  }

  get isOn(): boolean {
    return this.#radio !== undefined
  }

  /** While it is, the processor sees nothing of its line. */
  get isSending(): boolean {
    return this.#frames !== undefined
  }

  get timing(): Timing {
    return this.#timing
  }

  get modulation(): Modulation | undefined {
    return this.#modulation
  }

  get watch(): ChannelWatch {
    return this.#watch
  }

  /** Never on boards without telemetry, which do not know their shares. */
  get isAirtimeLocked(): boolean {
    const { airtimeShort, airtimeLong } = this.#watch.shares
    const { short, long } = this.limits
    return (short > 0 && airtimeShort >= short) || (long > 0 && airtimeLong >= long)
  }

  /** Switches it on, or over to other settings while it is on. */
  tune(settings: Settings): void {
    const { medium, label, position, counters, board } = this.#parts
    const isNew = this.#radio === undefined
    if (this.#radio !== undefined) medium.detach(this.#radio)
    const modulation = modulationOf(board, settings)
    this.#modulation = modulation
    this.#timing = board.hasTelemetry ? timingOf(modulation) : AVR_TIMING
    this.#access.setTiming(this.#timing)
    const { frequencyHz, powerDbm } = settings
    this.#radio = medium.attach(
      { label, position, modulation, frequencyHz, powerDbm, counters },
      {
        received: (frame, signal) => this.#received(frame, signal),
        transmitted: () => this.#transmitted(),
        airChanged: () => this.#watch.airChanged(),
      },
    )
    // The statistics of an nRF52 go on where they were: its firmware does not clear them.
    if (isNew && board.platform === 'esp32') this.#watch.clear()
    this.#watch.listenOn(this.#radio, isNew)
    if (isNew) this.wake()
  }

  setPower(dBm: number): void {
    this.#radio?.setPower(dBm)
  }

  moveTo(position: Position): void {
    this.#radio?.moveTo(position)
  }

  off(): void {
    this.#access.pause()
    this.#watchdog?.cancel()
    this.#watch.stop()
    if (this.#radio !== undefined) this.#parts.medium.detach(this.#radio)
    this.#radio = undefined
    this.#frames = undefined
  }

  /** Something that keeps it from sending may have changed. */
  wake(): void {
    if (!this.isOn || this.isSending) return
    const { queue, isWedged } = this.#parts
    if (queue.packets > 0 && !this.isAirtimeLocked && !isWedged()) this.#access.want()
    else this.#access.pause()
  }

  #flush(): void {
    this.#watch.pause()
    this.#frames = []
    this.#nextPacket()
  }

  #nextPacket(): void {
    const packet = this.#parts.queue.shift()
    if (packet === undefined) {
      this.#flushed()
      return
    }
    this.#packetBytes = packet.length
    this.#frames = this.isPromiscuous
      ? [packet.subarray(0, MAX_LORA_BYTES)]
      : framesOf(packet, this.#parts.random.below(256))
    this.#nextFrame()
  }

  #nextFrame(): void {
    const frame = this.#frames?.shift()
    const radio = this.#radio as Radio
    if (frame === undefined) {
      if (this.#timing.sendsAll) this.#nextPacket()
      else this.#flushed()
      return
    }
    this.#frameBytes = frame.length
    const { board, clock, medium } = this.#parts
    if (board.chip === 'sx126x' && radio.airtimeMs(frame.length) * medium.airtimeScale >= WATCHDOG_MS) {
      this.#watchdog = clock.setTimer(WATCHDOG_MS, () => this.#listener.timedOut())
    }
    radio.transmit(frame)
  }

  #transmitted(): void {
    this.#watchdog?.cancel()
    const { medium } = this.#parts
    const charge = chargedMs(this.#modulation as Modulation, this.#timing, this.#frameBytes)
    this.#watch.charge(charge * medium.airtimeScale)
    this.#nextFrame()
  }

  #flushed(): void {
    if (this.#timing.sendsAll) this.#parts.queue.releaseAll()
    else this.#parts.queue.release(this.#packetBytes)
    this.#frames = undefined
    this.#watch.resume()
    this.#measure()
    this.#listener.flushed()
    this.wake()
  }

  #measure(): void {
    if (!this.#parts.board.hasTelemetry) return
    this.#watch.update()
    if (this.#access.setAirtime(this.#watch.shares.airtimeShort)) {
      this.#listener.bandChanged(this.#access.band)
    }
    this.#listener.measured()
    this.wake()
  }

  #received(frame: Uint8Array, signal: SignalReport): void {
    const packet = this.isPromiscuous ? frame : this.#reassembly.take(frame)
    if (packet !== undefined) this.#listener.packet(packet, signal)
  }
}
