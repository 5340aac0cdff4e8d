/**
 * Modems on an air that is simpler than the emulated one: who wants to speak waits for the end of what is being
 * sent and a few slots, nothing collides, and what gets lost is up to the test.
 */
import type { Clock } from '../../../../src/runtime/clock.ts'
import type { Random } from '../../../../src/runtime/random.ts'
import { airtimeMs, type Modulation } from '../../../../src/transport/lora/airtime.ts'
import type { Modem, ModemListener } from '../../../../src/transport/lora/modem.ts'
import { rnodeModulation, slotMs } from '../../../../src/transport/lora/rnode-timing.ts'

export interface PlainAirOptions {
  readonly clock: Clock
  readonly random: Random
  readonly spreadingFactor?: number
  /** Whether a packet gets lost on its way from one modem to another. Default: none does. */
  readonly isLost?: (from: PlainModem, to: PlainModem, packet: Uint8Array) => boolean
}

export class PlainAir {
  readonly clock: Clock
  readonly random: Random
  readonly modulation: Modulation
  readonly modems: PlainModem[] = []
  /** Every packet, in the order sent. */
  readonly log: { readonly at: number; readonly from: PlainModem; readonly packet: Uint8Array }[] = []
  isLost: (from: PlainModem, to: PlainModem, packet: Uint8Array) => boolean
  /** Monotonic ms: the channel is taken until then. */
  busyUntil = 0

  constructor({ clock, random, spreadingFactor = 8, isLost = () => false }: PlainAirOptions) {
    this.clock = clock
    this.random = random
    this.modulation = rnodeModulation(spreadingFactor, 125_000, 5)
    this.isLost = isLost
  }

  modem(port: string): PlainModem {
    const modem = new PlainModem(port, this)
    this.modems.push(modem)
    return modem
  }

  /** Time on air of all that was sent, ms. */
  get airtimeMs(): number {
    return this.log.reduce((sum, { packet }) => sum + airtimeMs(this.modulation, packet.length + 1), 0)
  }
}

export class PlainModem implements Modem {
  readonly port: string
  readonly telemetry = {}
  readonly #air: PlainAir
  #listener: ModemListener | undefined
  #problem: string | undefined
  #queue: Uint8Array[] = []
  #isSending = false

  constructor(port: string, air: PlainAir) {
    this.port = port
    this.#air = air
  }

  get modulation(): Modulation {
    return this.#air.modulation
  }

  get isUp(): boolean {
    return this.#listener !== undefined && this.#problem === undefined
  }

  get problem(): string | undefined {
    return this.#problem
  }

  get heldPackets(): number {
    return this.#queue.length
  }

  start(listener: ModemListener): void {
    this.#listener = listener
    this.#air.clock.defer(() => listener.up())
  }

  send(packet: Uint8Array): boolean {
    if (!this.isUp) return false
    this.#queue.push(packet)
    this.#wait()
    return true
  }

  async stop(): Promise<void> {
    this.#listener = undefined
    this.#queue = []
  }

  /** Takes it off the air, and puts it back after `ms`. */
  unplug(ms: number): void {
    const lost = this.#queue
    this.#queue = []
    this.#problem = 'unplugged'
    this.#air.clock.defer(() => this.#listener?.down('unplugged', lost))
    this.#air.clock.setTimer(ms, () => {
      this.#problem = undefined
      this.#listener?.up()
    })
  }

  #wait(): void {
    const { clock, random, modulation } = this.#air
    if (this.#isSending || this.#queue.length === 0) return
    this.#isSending = true
    const wait = (2 + random.below(15)) * slotMs(modulation)
    const idle = Math.max(0, this.#air.busyUntil - clock.monotonic())
    clock.setTimer(idle + wait, () => {
      this.#isSending = false
      if (this.#air.busyUntil > clock.monotonic()) this.#wait()
      else this.#transmit()
    })
  }

  #transmit(): void {
    const [packet] = this.#queue
    if (packet === undefined) return
    const { clock, modulation } = this.#air
    const lasts = airtimeMs(modulation, packet.length + 1)
    this.#isSending = true
    this.#air.busyUntil = clock.monotonic() + lasts
    this.#air.log.push({ at: clock.monotonic(), from: this, packet })
    clock.setTimer(lasts, () => {
      this.#isSending = false
      if (this.#queue[0] !== packet) return
      this.#queue.shift()
      for (const other of this.#air.modems) if (other !== this) other.#hear(this, packet)
      this.#listener?.room()
      // All that waited when the run began goes back to back.
      if (this.#queue.length > 0) this.#transmit()
    })
  }

  #hear(from: PlainModem, packet: Uint8Array): void {
    if (this.isUp && !this.#air.isLost(from, this, packet)) {
      this.#listener?.received(packet.slice(), { rssiDbm: -90, snrDb: 8 })
    }
  }
}
