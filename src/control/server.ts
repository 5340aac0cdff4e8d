/** The control socket of a running node: a Unix socket that its owner alone may open. */
import { createServer, type Server, type Socket } from 'node:net'
import type { RunHandle } from '../node/run-handle.ts'
import { type Clock, withinDeadline } from '../runtime/clock.ts'
import { MeshError } from '../runtime/errors.ts'
import type { Logger } from '../runtime/logger.ts'
import { Connection } from './connection.ts'
import { MessageHub } from './message-hub.ts'
import type { Controlled } from './method.ts'
import { CONTROL_VERSION, encodeLine } from './protocol.ts'
import { bindSocket } from './socket-file.ts'

/** Clients at a time. A further one gets an error and is closed. */
export const MAX_CLIENTS = 32
/** What may wait for a client that does not read, bytes, before it gets no more. */
const HIGH_WATER_BYTES = 262_144
const STOP_MS = 1000

export interface ControlServerOptions {
  /** The file of the socket, at most 107 bytes. */
  readonly path: string
  readonly clock: Clock
  readonly logger: Logger
}

export class ControlServer {
  readonly path: string
  readonly #options: ControlServerOptions
  readonly #server: Server
  readonly #connections = new Set<Connection>()
  #controlled: Controlled | undefined
  #stopped: Promise<void> | undefined

  /**
   * Binds the socket. Until {@link ControlServer.attach}, every request is answered with ERR_LIFECYCLE.
   *
   * @throws MeshError ERR_CONTROL where another node runs there, or the file cannot be made
   */
  static async open(options: ControlServerOptions): Promise<ControlServer> {
    const control = new ControlServer(options)
    await bindSocket(control.#server, options.path)
    return control
  }

  private constructor(options: ControlServerOptions) {
    this.path = options.path
    this.#options = options
    this.#server = createServer({ highWaterMark: HIGH_WATER_BYTES }, (socket) => this.#accept(socket))
    this.#server.on('error', (error) => {
      if (this.#server.listening) options.logger.warn({ error: error.message }, 'control socket failed')
    })
  }

  get clients(): number {
    return this.#connections.size
  }

  /** From now on requests go to this node. */
  attach(run: RunHandle): void {
    const { node } = run
    this.#controlled = { node, run, hub: new MessageHub(node), clock: this.#options.clock }
  }

  /** Answers what is open with ERR_LIFECYCLE, closes all clients and removes the socket. Idempotent. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
    })
    for (const connection of this.#connections) {
      connection.end(new MeshError('ERR_LIFECYCLE', 'the node has been shut down'))
    }
    if (!(await withinDeadline(this.#options.clock, STOP_MS, closed))) {
      for (const connection of this.#connections) connection.destroy()
      await closed
    }
    this.#connections.clear()
  }

  #accept(socket: Socket): void {
    if (this.#connections.size >= MAX_CLIENTS) {
      const message = `${MAX_CLIENTS} clients are connected to this node already`
      const error = { code: 'ERR_CONTROL', message }
      socket.on('error', () => socket.destroy())
      socket.end(encodeLine({ v: CONTROL_VERSION, id: null, error }), () => socket.destroy())
      return
    }
    const { clock, logger } = this.#options
    const connection = new Connection({ socket, clock, logger, controlled: () => this.#controlled })
    this.#connections.add(connection)
    socket.on('close', () => this.#connections.delete(connection))
  }
}
