/** The other end of the control socket: what the commands use, and programs may. */
import { createConnection, type Socket } from 'node:net'
import type { Clock } from '../runtime/clock.ts'
import { ERROR_CODES, type ErrorCode, MeshError, systemCodeOf } from '../runtime/errors.ts'
import { LineReader } from './lines.ts'
import {
  type Answer,
  CONTROL_VERSION,
  type ControlMethods,
  encodeLine,
  MAX_ANSWER_BYTES,
  type MethodName,
} from './protocol.ts'

export interface CallOptions<E> {
  /** Called for each event. */
  readonly onEvent?: (event: E) => void
  /** How long to wait for the result, ms. Default: for ever. */
  readonly timeoutMs?: number
}

interface Pending {
  resolve(result: unknown): void
  reject(error: unknown): void
  onEvent(event: unknown): void
}

export class ControlClient implements Disposable {
  readonly #path: string
  readonly #socket: Socket
  readonly #clock: Clock
  readonly #lines = new LineReader(MAX_ANSWER_BYTES)
  readonly #pending = new Map<number, Pending>()
  #lastId = 0
  #closed: MeshError | undefined

  /** @throws MeshError ERR_CONTROL where no node answers at `path`. */
  static async connect(path: string, clock: Clock): Promise<ControlClient> {
    const socket = createConnection(path)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    socket.once('connect', resolve)
    socket.once('error', reject)
    try {
      await promise
    } catch (error) {
      throw notConnected(path, error)
    }
    socket.off('error', reject)
    return new ControlClient(path, socket, clock)
  }

  private constructor(path: string, socket: Socket, clock: Clock) {
    this.#path = path
    this.#socket = socket
    this.#clock = clock
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#fail(new MeshError('ERR_CONTROL', `the node at ${path} went away`)))
  }

  /**
   * Calls a method. Requests are begun in the order of the calls.
   *
   * @throws MeshError as the node has answered; ERR_CONTROL when it goes away; ERR_DEADLINE
   */
  async call<N extends MethodName>(
    method: N,
    params: ControlMethods[N]['params'],
    options: CallOptions<ControlMethods[N]['event']> = {},
  ): Promise<ControlMethods[N]['result']> {
    if (this.#closed !== undefined) throw this.#closed
    const { onEvent = () => undefined, timeoutMs } = options
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#lastId += 1
    const id = this.#lastId
    this.#pending.set(id, { resolve, reject, onEvent: onEvent as (event: unknown) => void })
    this.#socket.write(encodeLine({ v: CONTROL_VERSION, id, method, params }))
    const late = `the node at ${this.#path} did not answer within ${(timeoutMs ?? 0) / 1000} s`
    const timer =
      timeoutMs === undefined
        ? undefined
        : this.#clock.setTimer(timeoutMs, () => reject(new MeshError('ERR_DEADLINE', late)))
    try {
      return (await promise) as ControlMethods[N]['result']
    } finally {
      timer?.cancel()
      this.#pending.delete(id)
    }
  }

  /** Ends the connection; whatever is open is given up, at the node as well. */
  close(): void {
    this.#socket.destroy()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #read(chunk: Buffer): void {
    this.#lines.feed(chunk)
    for (let line = this.#lines.next(); line !== undefined; line = this.#lines.next()) this.#take(line)
    if (this.#lines.overlong) this.#fail(this.#notUnderstood())
  }

  #take(line: string): void {
    const answer = parseAnswer(line)
    if (answer === undefined) {
      this.#fail(this.#notUnderstood())
    } else if ('error' in answer) {
      const error = errorOf(answer.error)
      // Without an id it is not about one request, but about this connection.
      if (answer.id === null) this.#fail(error)
      else this.#pending.get(answer.id)?.reject(error)
    } else {
      const pending = this.#pending.get(answer.id)
      if ('event' in answer) pending?.onEvent(answer.event)
      else pending?.resolve(answer.result)
    }
  }

  #fail(error: MeshError): void {
    this.#closed ??= error
    for (const pending of this.#pending.values()) pending.reject(this.#closed)
    this.#socket.destroy()
  }

  #notUnderstood(): MeshError {
    return new MeshError('ERR_CONTROL', `what answers at ${this.#path} is no node of this version of hopwire`)
  }
}

/** A node is believed to mean what it says, once it is clear that it is one of this version. */
function parseAnswer(line: string): Answer | undefined {
  try {
    const answer = JSON.parse(line) as Answer | null
    return answer?.v === CONTROL_VERSION ? answer : undefined
  } catch {
    return undefined
  }
}

function errorOf({ code, message }: { code: string; message: string }): MeshError {
  return new MeshError(Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : 'ERR_CONTROL', message)
}

function notConnected(path: string, error: unknown): MeshError {
  const code = systemCodeOf(error)
  if (code === 'EACCES') {
    return new MeshError(
      'ERR_CONTROL',
      `control socket ${path}: permission denied: it belongs to another user`,
    )
  }
  return new MeshError('ERR_CONTROL', `no node answers at ${path}: start one with 'hopwire run'`, {
    cause: error,
  })
}
