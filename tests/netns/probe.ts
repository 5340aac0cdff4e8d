/** UDP sockets on a host of the lab, as the test that runs outside sees them. */
import { fileURLToPath } from 'node:url'
import type { Host } from './host.ts'
import { LineProcess } from './line-process.ts'

const PROGRAM = fileURLToPath(new URL('probe-main.ts', import.meta.url))

export interface Datagram {
  /** The port it came to. */
  readonly port: number
  /** `address:port` it came from, as seen here. */
  readonly from: string
  readonly text: string
}

export class Probe {
  readonly #host: Host
  readonly #process: LineProcess

  static async start(host: Host, ...ports: readonly number[]): Promise<Probe> {
    const probe = new Probe(
      host,
      new LineProcess(host.spawn(process.execPath, [PROGRAM, ...ports.map(String)])),
    )
    await probe.#process.line()
    return probe
  }

  private constructor(host: Host, process: LineProcess) {
    this.#host = host
    this.#process = process
  }

  /** `address:port` of one of its sockets. */
  at(port: number): string {
    return `${this.#host.address}:${port}`
  }

  send(port: number, to: string, text: string): void {
    this.#process.say({ port, to, text })
  }

  /** The next datagram that has come, to any of its sockets. */
  async received(): Promise<Datagram> {
    return JSON.parse(await this.#process.line()) as Datagram
  }
}
