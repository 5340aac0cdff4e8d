/** What can be wrong with an emulated modem, beyond what is wrong with the air. */
import { Command } from '../../transport/lora/rnode/commands.ts'

/** The settings of which the echo can be made a wrong one. */
export type EchoField = 'frequency' | 'bandwidth' | 'txpower' | 'sf' | 'cr' | 'state'

export const ECHO_FIELDS: readonly EchoField[] = ['frequency', 'bandwidth', 'txpower', 'sf', 'cr', 'state']

const COMMANDS: Readonly<Record<EchoField, number>> = {
  frequency: Command.frequency,
  bandwidth: Command.bandwidth,
  txpower: Command.txPower,
  sf: Command.spreadingFactor,
  cr: Command.codingRate,
  state: Command.radioState,
}

export class Faults {
  /** It takes packets and never sends one. */
  isWedged = false
  /** So badly that not even a reset helps. */
  isWedgedForGood = false
  /** It neither reads its line nor writes on it. */
  isSilent = false
  /** It writes no more than so many bytes a second, one by one; undefined for as fast as it can. */
  bytesPerS: number | undefined
  readonly #offsets = new Map<number, number>()

  setEcho(field: EchoField, offset: number): void {
    this.#offsets.set(COMMANDS[field], offset)
  }

  echo(command: number, value: number): number {
    return value + (this.#offsets.get(command) ?? 0)
  }

  /** After a reset and a loss of power. */
  reset(): void {
    if (!this.isWedgedForGood) this.isWedged = false
  }

  heal(): void {
    this.isWedged = false
    this.isWedgedForGood = false
    this.isSilent = false
    this.bytesPerS = undefined
    this.#offsets.clear()
  }

  /** In words, for people. */
  get list(): string[] {
    const words: string[] = []
    if (this.isWedged) words.push(this.isWedgedForGood ? 'wedged for good' : 'wedged')
    if (this.isSilent) words.push('silent')
    if (this.bytesPerS !== undefined) words.push(`slow: ${this.bytesPerS} bytes/s`)
    for (const field of ECHO_FIELDS) {
      const offset = this.#offsets.get(COMMANDS[field])
      if (offset !== undefined) words.push(`echo of ${field}: ${offset < 0 ? '' : '+'}${offset}`)
    }
    return words
  }
}
