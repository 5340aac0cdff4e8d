/** One client of the control socket, on the side of the node: requests in, answers and events out. */
import type { Socket } from 'node:net'
import type { Clock, Timer } from '../runtime/clock.ts'
import { MeshError, messageOf } from '../runtime/errors.ts'
import type { Logger } from '../runtime/logger.ts'
import { LineReader } from './lines.ts'
import type { Call, Controlled, Method } from './method.ts'
import { METHODS } from './methods.ts'
import { type Answer, CONTROL_VERSION, encodeLine, MAX_REQUEST_BYTES } from './protocol.ts'
import { parseRequest } from './request.ts'

/** Requests of one client that are being answered at once. */
export const MAX_REQUESTS = 64
/** How long a client may leave what it was sent unread. */
export const STALL_MS = 30_000
const LINGER_MS = 1000

export interface ConnectionOptions {
  readonly socket: Socket
  readonly clock: Clock
  readonly logger: Logger
  /** The node, or undefined while it is starting. */
  readonly controlled: () => Controlled | undefined
}

export class Connection {
  readonly #options: ConnectionOptions
  readonly #socket: Socket
  readonly #lines = new LineReader(MAX_REQUEST_BYTES)
  readonly #abort = new AbortController()
  #open = 0
  /** Set while the client does not read: no request is begun, and each task runs once it has. */
  #stall: { readonly timer: Timer; readonly tasks: (() => void)[] } | undefined

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#socket = options.socket
    this.#socket.on('data', (chunk: Buffer) => {
      if (this.#abort.signal.aborted) return
      this.#lines.feed(chunk)
      this.#readOn()
    })
    this.#socket.on('drain', () => this.#drained())
    this.#socket.on('error', (error) => {
      options.logger.debug({ error: error.message }, 'control client lost')
    })
    this.#socket.on('close', () => this.#closed())
    this.#socket.on('end', () => this.#closed())
  }

  /** Tells the client why no more answers come, and closes when it has read that. */
  end(error: MeshError): void {
    this.#abort.abort(error)
    // What was open is answered by its own rejection, a few promise callbacks from here.
    this.#options.clock.defer(() => this.#socket.end())
  }

  /** Closes at once. */
  destroy(): void {
    this.#socket.destroy()
  }

  #closed(): void {
    this.#abort.abort(new MeshError('ERR_CONTROL', 'the client is gone'))
    this.#stall?.timer.cancel()
  }

  #readOn(): void {
    while (this.#stall === undefined && !this.#abort.signal.aborted) {
      const line = this.#lines.next()
      if (line === undefined) break
      this.#handle(line)
    }
    if (this.#lines.overlong && !this.#abort.signal.aborted) {
      const most = `a request has at most ${MAX_REQUEST_BYTES} bytes`
      this.#fail(null, new MeshError('ERR_CONTROL', `this line is too long: ${most}`))
      this.#closed()
      this.#socket.end()
      // Closed at once, the client would fail to write the rest and never read why.
      this.#options.clock.setTimer(LINGER_MS, () => this.#socket.destroy())
    }
  }

  #handle(line: string): void {
    const request = parseRequest(line)
    if ('complaint' in request) {
      this.#fail(request.id, new MeshError('ERR_CONTROL', request.complaint))
      return
    }
    const { id, method, params } = request
    try {
      const answer = this.#call(id, method, params)
      if (answer instanceof Promise) this.#later(id, answer)
      else this.#write({ v: CONTROL_VERSION, id, result: answer })
    } catch (error) {
      this.#fail(id, error)
    }
  }

  #call(id: number, name: string, params: unknown): unknown {
    const method = Object.hasOwn(METHODS, name) ? METHODS[name as keyof typeof METHODS] : undefined
    if (method === undefined) {
      const known = Object.keys(METHODS).join(', ')
      throw new MeshError('ERR_CONTROL', `unknown method ${JSON.stringify(name)} (known: ${known})`)
    }
    if (this.#open >= MAX_REQUESTS) {
      const many = `${MAX_REQUESTS} requests of this client are open already`
      throw new MeshError('ERR_QUEUE_FULL', `${many}: wait for an answer`)
    }
    const controlled = this.#options.controlled()
    if (controlled === undefined) throw new MeshError('ERR_LIFECYCLE', 'the node is starting: try again')
    const call: Call<unknown> = {
      emit: (event) => this.#write({ v: CONTROL_VERSION, id, event }),
      whenRoom: (task) => {
        if (this.#stall === undefined) task()
        else this.#stall.tasks.push(task)
      },
      signal: this.#abort.signal,
    }
    return (method as Method)(controlled, params, call)
  }

  async #later(id: number, answer: Promise<unknown>): Promise<void> {
    this.#open += 1
    try {
      const result = await answer
      this.#write({ v: CONTROL_VERSION, id, result })
    } catch (error) {
      this.#fail(id, error)
    } finally {
      this.#open -= 1
    }
  }

  #fail(id: number | null, error: unknown): void {
    if (error instanceof MeshError) {
      this.#write({ v: CONTROL_VERSION, id, error: { code: error.code, message: error.message } })
      return
    }
    this.#options.logger.error({ error: messageOf(error) }, 'control request failed')
    const message = 'the node could not answer; its log has the reason'
    this.#write({ v: CONTROL_VERSION, id, error: { code: 'ERR_INTERNAL', message } })
  }

  /** @returns whether the client keeps up. */
  #write(answer: Answer): boolean {
    if (!this.#socket.writable) return false
    if (this.#socket.write(encodeLine(answer))) return true
    if (this.#stall === undefined) {
      const timer = this.#options.clock.setTimer(STALL_MS, () => this.#giveUp())
      this.#stall = { timer, tasks: [] }
      this.#socket.pause()
    }
    return false
  }

  #drained(): void {
    const stall = this.#stall
    if (stall === undefined) return
    stall.timer.cancel()
    this.#stall = undefined
    this.#socket.resume()
    for (const task of stall.tasks) task()
    this.#readOn()
  }

  #giveUp(): void {
    const unread = this.#socket.writableLength
    this.#options.logger.warn({ unread, afterMs: STALL_MS }, 'control client dropped: it does not read')
    this.#socket.destroy()
  }
}
