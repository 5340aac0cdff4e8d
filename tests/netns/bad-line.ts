/** A bad line between two hosts of the lab, for kernels without netem: TCP and UDP through a program. */
import { fileURLToPath } from 'node:url'
import type { Host } from './host.ts'
import { LineProcess } from './line-process.ts'

const PROGRAM = fileURLToPath(new URL('bad-line-main.ts', import.meta.url))

export interface Impairment {
  /**
   * The share of packets that get lost, 0 to 1. TCP repairs a loss, so that on TCP it is a pause of 200 ms,
   * the least that Linux waits for an answer.
   */
  readonly lossRate: number
  /** Time each way, ms. */
  readonly delayMs: number
  /** Each way; 0 for as fast as it goes. */
  readonly bitsPerSecond: number
  /** Nothing passes, and no end is told. */
  readonly isFrozen: boolean
}

export const PERFECT: Impairment = { lossRate: 0, delayMs: 0, bitsPerSecond: 0, isFrozen: false }

export interface BadLineOptions {
  /** The same port for TCP and UDP. */
  readonly port: number
  /** `address:port` where it leads. */
  readonly target: string
  /** For the losses. */
  readonly seed: number
}

export class BadLine {
  readonly #process: LineProcess

  /** Runs on `host`: what is dialled there ends at the target. */
  static async start(host: Host, options: BadLineOptions): Promise<BadLine> {
    const child = host.spawn(process.execPath, [PROGRAM, JSON.stringify(options)])
    const line = new BadLine(new LineProcess(child))
    await line.#process.line()
    return line
  }

  private constructor(process: LineProcess) {
    this.#process = process
  }

  /** Holds for what comes from now on. */
  async become(impairment: Partial<Impairment>): Promise<void> {
    this.#process.say({ ...PERFECT, ...impairment })
    await this.#process.line()
  }

  /** Resets every TCP connection that goes through it. */
  async cut(): Promise<void> {
    this.#process.say('cut')
    await this.#process.line()
  }
}
