/** A router of the lab that forwards ports when it is asked by UPnP, as the test that runs outside sees it. */
import { fileURLToPath } from 'node:url'
import type { Site } from './lab.ts'
import { LineProcess } from './line-process.ts'

const PROGRAM = fileURLToPath(new URL('igd-main.ts', import.meta.url))

export class Igd {
  readonly #process: LineProcess

  /** @param site with a NAT */
  static async start({ router, gateway, publicAddress = '' }: Site): Promise<Igd> {
    const igd = new Igd(new LineProcess(router.spawn(process.execPath, [PROGRAM, gateway, publicAddress])))
    await igd.#process.line()
    return igd
  }

  private constructor(process: LineProcess) {
    this.#process = process
  }

  /** What it forwards after its next change, such as `TCP 4330`. */
  async changed(): Promise<readonly string[]> {
    return JSON.parse(await this.#process.line()) as string[]
  }
}
