/** The packets that the modem has and has not sent yet, in their order. */
import type { Job } from './jobs.ts'
import type { Neighbour } from './neighbour.ts'

export interface HeldPacket {
  readonly counter: number
  /** Those that are asked to answer. */
  readonly asked: readonly Neighbour[]
  readonly jobs: readonly Job[]
  /** Its airtime. */
  readonly us: number
}

export class HeldPackets {
  readonly #all: HeldPacket[] = []

  get count(): number {
    return this.#all.length
  }

  /** Their airtime, ms. */
  get ms(): number {
    return this.#all.reduce((sum, { us }) => sum + us / 1000, 0)
  }

  add(packet: HeldPacket): void {
    this.#all.push(packet)
  }

  /** The modem has so many now. @returns those that have left. */
  shrinkTo(count: number): HeldPacket[] {
    return this.#all.splice(0, Math.max(0, this.#all.length - count))
  }

  has(job: Job): boolean {
    return this.#all.some(({ jobs }) => jobs.includes(job))
  }
}
