/** A real node, `hopwire run` with a configuration file, on a host of the lab. */
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ControlClient } from '../../src/control/client.ts'
import { Identity } from '../../src/identity/identity.ts'
import type { NeighbourView } from '../../src/observability/snapshot.ts'
import { sleep, systemClock } from '../../src/runtime/clock.ts'
import { MeshError, messageOf } from '../../src/runtime/errors.ts'
import type { Host } from './host.ts'
import { LineProcess } from './line-process.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const NODE_COMPILE_CACHE = fileURLToPath(new URL('../../node_modules/.cache/hopwire', import.meta.url))

export const PORT = 4330

const ANSWER_MS = 5000
const LOOK_EVERY_MS = 50

export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export class MeshNode {
  readonly host: Host
  readonly address: string
  readonly peerId: string
  readonly #configFile: string
  #process: LineProcess | undefined
  #control: ControlClient | undefined

  /** A node that does not run yet. @param config TOML, behind what every node of the lab has. */
  static async make(host: Host, config: string): Promise<MeshNode> {
    const folder = join(host.folder, 'node')
    await mkdir(folder, { recursive: true })
    const identity = Identity.generate()
    await identity.save(join(folder, 'identity.key'))
    const node = new MeshNode(host, identity, join(folder, 'hopwire.toml'))
    await node.configure(config)
    return node
  }

  /** The same, running. */
  static async start(host: Host, config: string): Promise<MeshNode> {
    const node = await MeshNode.make(host, config)
    await node.start()
    return node
  }

  private constructor(host: Host, { address, peerId }: Identity, configFile: string) {
    this.host = host
    this.address = address.toString()
    this.peerId = peerId
    this.#configFile = configFile
  }

  /** Where others dial it. */
  multiaddr(address: string = this.host.address): string {
    return `/ip4/${address}/tcp/${PORT}/p2p/${this.peerId}`
  }

  /** Holds from the next start. */
  async configure(config: string): Promise<void> {
    const common = `[http]\nenabled = false\n[logging]\nlevel = "debug"\n[store]\nkind = "memory"\n`
    await writeFile(this.#configFile, `${common}${config}\n`)
  }

  async start(): Promise<void> {
    assert.equal(this.#process, undefined, `${this.host.name} runs already`)
    const args = [MAIN, 'run', '-c', this.#configFile]
    const options = { env: { ...process.env, NODE_COMPILE_CACHE } }
    this.#process = new LineProcess(this.host.spawn(process.execPath, args, options))
    const { control } = JSON.parse(await this.#process.line()) as { control: string }
    this.#control = await ControlClient.connect(control, systemClock)
    // A message is delivered, and its receipt sent, when somebody takes it. That ends with the connection.
    this.#control.call('listen', {}).catch(() => undefined)
  }

  /** Drains it. */
  async stop(): Promise<void> {
    assert.equal(await this.#end('SIGTERM'), 0, this.log)
  }

  /** As a crash or a power cut does. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Its log of this run, for the message of a failure. */
  get log(): string {
    return this.#process?.stderr ?? ''
  }

  /** Runs another command on its host, with its configuration, to its end. */
  async command(name: string, ...args: readonly string[]): Promise<Outcome> {
    const argv = [MAIN, name, '-c', this.#configFile, ...args]
    const child = this.host.spawn(process.execPath, argv, { env: { ...process.env, NODE_COMPILE_CACHE } })
    const started = new LineProcess(child)
    const code = await started.ended()
    return { code, stdout: started.rest(), stderr: started.stderr }
  }

  async neighbours(): Promise<readonly NeighbourView[]> {
    return (await this.#running.call('peers', {}, { timeoutMs: ANSWER_MS })).peers
  }

  /**
   * Sends a text, again where no path is known yet, and waits until its receipt is here.
   *
   * @returns how long that took, ms
   */
  async deliver(to: MeshNode, timeoutMs = 10_000): Promise<number> {
    const payload = Buffer.from(`from ${this.host.name}`).toString('base64')
    const params = { to: to.address, payload, wait: 'delivered' } as const
    const start = systemClock.monotonic()
    for (;;) {
      try {
        const left = Math.max(1, start + timeoutMs - systemClock.monotonic())
        await this.#running.call('send', params, { timeoutMs: left })
        return systemClock.monotonic() - start
      } catch (error) {
        if (error instanceof MeshError && error.code === 'ERR_NO_PATH') continue
        const what = `${this.host.name} to ${to.host.name} within ${timeoutMs} ms: ${messageOf(error)}`
        throw new Error(`${what}\n${this.log}\n-- ${to.host.name}\n${to.log}`, { cause: error })
      }
    }
  }

  /** Waits until `condition` holds of its neighbours. @returns how long that took, ms. */
  async until(
    condition: (neighbours: readonly NeighbourView[]) => boolean,
    timeoutMs: number,
  ): Promise<number> {
    const start = systemClock.monotonic()
    for (;;) {
      const neighbours = await this.neighbours()
      const passed = systemClock.monotonic() - start
      if (condition(neighbours)) return passed
      if (passed > timeoutMs) {
        const now = JSON.stringify(neighbours)
        assert.fail(`${this.host.name} after ${timeoutMs} ms: ${condition}; but ${now}\n${this.log}`)
      }
      await sleep(systemClock, LOOK_EVERY_MS)
    }
  }

  /** The same for anything else. */
  async untilSo(condition: () => Promise<boolean>, timeoutMs: number): Promise<void> {
    const start = systemClock.monotonic()
    while (!(await condition())) {
      const passed = systemClock.monotonic() - start
      if (passed > timeoutMs)
        assert.fail(`${this.host.name} after ${timeoutMs} ms: ${condition}\n${this.log}`)
      await sleep(systemClock, LOOK_EVERY_MS)
    }
  }

  get #running(): ControlClient {
    assert.ok(this.#control, `${this.host.name} does not run`)
    return this.#control
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    this.#control?.close()
    this.#control = undefined
    const ended = await this.#process?.end(signal)
    this.#process = undefined
    return ended ?? null
  }
}
