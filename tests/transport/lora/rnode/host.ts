/** A driver with its scripted modem, and what it has told its listener. */
import { silentLogger } from '../../../../src/runtime/logger.ts'
import { VirtualClock } from '../../../../src/sim/clock.ts'
import type { ModemListener, ModemSettings, Signal } from '../../../../src/transport/lora/modem.ts'
import { RnodeModem } from '../../../../src/transport/lora/rnode/driver.ts'
import { ScriptedModem } from './scripted-modem.ts'

export const SETTINGS: ModemSettings = {
  frequencyHz: 869_525_000,
  bandwidthHz: 125_000,
  spreadingFactor: 8,
  codingRate: 5,
  txPowerDbm: 14,
}

export interface Received {
  readonly packet: Uint8Array
  readonly signal: Signal | undefined
}

export class Host implements ModemListener {
  readonly clock = new VirtualClock()
  readonly device = new ScriptedModem(this.clock)
  readonly modem: RnodeModem
  /** What the listener was told, in order: `up`, or `down: ` and the reason. */
  readonly events: string[] = []
  readonly packets: Received[] = []
  readonly lost: Uint8Array[] = []
  rooms = 0
  onRoom: (() => void) | undefined

  constructor(settings: Partial<ModemSettings> = {}, maxHeld?: number) {
    this.modem = new RnodeModem({
      port: 'memory',
      settings: { ...SETTINGS, ...settings },
      clock: this.clock,
      logger: silentLogger,
      line: this.device.line,
      ...(maxHeld === undefined ? {} : { maxHeld }),
    })
  }

  up(): void {
    this.events.push('up')
  }

  down(reason: string, lost: readonly Uint8Array[]): void {
    this.events.push(`down: ${reason}`)
    this.lost.push(...lost)
  }

  received(packet: Uint8Array, signal: Signal | undefined): void {
    this.packets.push({ packet, signal })
  }

  room(): void {
    this.rooms += 1
    this.onRoom?.()
  }

  start(): void {
    this.modem.start(this)
  }

  async run(ms: number): Promise<void> {
    await this.clock.advanceAsync(ms)
  }

  /** Until `done`, in small steps. @returns how long it took, ms. */
  async until(done: () => boolean, withinMs: number): Promise<number> {
    const begin = this.clock.monotonic()
    while (!done() && this.clock.monotonic() - begin < withinMs) await this.run(10)
    if (!done())
      throw new Error(`not within ${withinMs} ms: ${this.modem.problem}; ${this.events.join(', ')}`)
    return this.clock.monotonic() - begin
  }

  async untilUp(withinMs = 5000): Promise<number> {
    return await this.until(() => this.modem.isUp, withinMs)
  }
}

/** A host whose modem is up and has booted long since. */
export async function hostUp(settings: Partial<ModemSettings> = {}): Promise<Host> {
  const host = new Host(settings)
  await host.run(1000)
  host.start()
  await host.untilUp()
  return host
}
