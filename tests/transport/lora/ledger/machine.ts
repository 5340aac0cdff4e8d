/** A machine with a ledger on it, for tests. */
import assert from 'node:assert/strict'
import { silentLogger } from '../../../../src/runtime/logger.ts'
import { type Charge, DutyLedger } from '../../../../src/transport/lora/ledger/duty-ledger.ts'
import { SimDisk } from './sim-disk.ts'

/** A second, in microseconds. */
export const S = 1_000_000

export interface Settings {
  readonly dutyShare?: number
  readonly slackUs?: number
  readonly lifted?: boolean
}

/** A machine with a transmitter, in true time, which its clocks only follow. */
export class Machine {
  true = 0
  readonly disk = new SimDisk((us) => {
    this.true += us
  })
  readonly #settings: Settings
  #bootedAt = 0
  #ledger: DutyLedger | undefined

  constructor(settings: Settings = {}, uptime = 0) {
    this.#settings = { slackUs: 0, ...settings }
    this.#bootedAt = -uptime
  }

  get ledger(): DutyLedger {
    assert.ok(this.#ledger)
    return this.#ledger
  }

  /** Starts the process, until a start succeeds. */
  start(): void {
    do {
      this.#ledger = DutyLedger.open({
        medium: this.disk.medium(),
        uptime: () => Math.floor(this.true - this.#bootedAt),
        dutyShare: 0.1,
        logger: silentLogger,
        ...this.#settings,
      })
    } while (this.disk.takeCrash())
  }

  reboot(downUs: number, bootUs: number): void {
    this.true += downUs
    this.#bootedAt = this.true
    this.true += bootUs
    this.start()
  }

  /** @returns undefined where the process has died, and was started again. */
  charge(us: number): Charge | undefined {
    const charge = this.ledger.charge(us)
    if (!this.disk.takeCrash()) return charge
    this.start()
    return undefined
  }

  /** In true time. */
  inTrueTime(uptime: number): number {
    return uptime + this.#bootedAt
  }
}

export function granted(machine: Machine, us: number): void {
  const charge = machine.charge(us)
  assert.ok(charge?.granted, JSON.stringify(charge))
}
