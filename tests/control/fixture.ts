/** A node in memory with a control socket, for the length of a test. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createConnection, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { ControlClient } from '../../src/control/client.ts'
import { ControlServer } from '../../src/control/server.ts'
import { type Clock, systemClock } from '../../src/runtime/clock.ts'
import { type Logger, silentLogger } from '../../src/runtime/logger.ts'
import { TestMesh, type TestNode } from '../support/test-mesh.ts'

/** A client that sends what a test gives it, and reads line by line. */
export class RawClient {
  readonly socket: Socket
  readonly #lines: AsyncIterator<string>

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('error', () => undefined)
    this.#lines = createInterface(socket)[Symbol.asyncIterator]()
  }

  write(bytes: string | Uint8Array): void {
    this.socket.write(bytes)
  }

  request(id: number, method: string, params: object = {}): void {
    this.write(`${JSON.stringify({ v: 1, id, method, params })}\n`)
  }

  /** The next answer, or undefined at the end. */
  async next(): Promise<Record<string, unknown> | undefined> {
    const { value, done } = await this.#lines.next()
    return done === true ? undefined : (JSON.parse(value) as Record<string, unknown>)
  }
}

export class Fixture {
  readonly mesh = new TestMesh()
  readonly dir: string
  readonly control: ControlServer
  readonly #open: { close(): void }[] = []

  static async make(options: { clock?: Clock; logger?: Logger } = {}): Promise<Fixture> {
    const dir = await mkdtemp(join(tmpdir(), 'hopwire-control-'))
    const { clock = systemClock, logger = silentLogger } = options
    return new Fixture(dir, await ControlServer.open({ path: join(dir, 'control.sock'), clock, logger }))
  }

  private constructor(dir: string, control: ControlServer) {
    this.dir = dir
    this.control = control
  }

  /** Starts a node without listeners and puts it under control. */
  async attach(name: string): Promise<TestNode> {
    const node = await this.mesh.node(name, {}, { deaf: true })
    this.control.attach(node.run)
    return node
  }

  async client(): Promise<ControlClient> {
    const client = await ControlClient.connect(this.control.path, systemClock)
    this.#open.push(client)
    return client
  }

  async raw(): Promise<RawClient> {
    const socket = createConnection(this.control.path)
    this.#open.push({ close: () => socket.destroy() })
    await once(socket, 'connect')
    return new RawClient(socket)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const open of this.#open) open.close()
    await this.control.stop()
    await this.mesh.end()
    await rm(this.dir, { recursive: true, force: true })
  }
}

/** Lets virtual time and real input pass until `condition` holds. */
export async function until(mesh: TestMesh, condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 100_000; turn++) {
    if (condition()) return
    await mesh.pass(1)
  }
  assert.fail('it has not come to that')
}
