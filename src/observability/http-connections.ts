/**
 * Owns the connections of the HTTP server: each carries one request and lives no longer than its deadline,
 * on the node's own clock, so that nobody can keep one open and a stop never hangs on one.
 */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '../runtime/clock.ts'
import { type Answer, failure, rawAnswer } from './http-answer.ts'

/** `refused`: our last word was sent, and the other end should hang up. */
type State = 'waiting' | 'answering' | 'refused'

export class HttpConnections {
  readonly #server: Server
  readonly #states = new Map<Socket, State>()

  constructor(server: Server, clock: Clock, deadlineMs: number) {
    this.#server = server
    // Node takes an answer that is written but still being sent for idle, and close() would cut it off.
    server.closeIdleConnections = () => undefined
    server.on('connection', (socket: Socket) => {
      this.#states.set(socket, 'waiting')
      const timer = clock.setTimer(deadlineMs, () => this.#expire(socket))
      socket.once('close', () => {
        timer.cancel()
        this.#states.delete(socket)
      })
    })
  }

  /** A request has been read, and its answer is on the way. */
  answering(socket: Socket): void {
    this.#states.set(socket, 'answering')
  }

  /** Answers what is no request. Where an answer is on its way already, that one stands. */
  refuse(socket: Socket, answer: Answer): void {
    const state = this.#states.get(socket)
    if (state === 'answering' && socket.writable) return
    if (state !== 'waiting' || !socket.writable) {
      socket.destroy()
      return
    }
    this.#states.set(socket, 'refused')
    // Not closed both ways yet: unread input would turn the answer into a reset.
    socket.end(rawAnswer(answer))
  }

  /**
   * Takes no more connections, closes those without a request, and gives answers on their way until
   * `signal` aborts.
   */
  async close(signal: AbortSignal): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const [socket, state] of this.#states) {
      if (state !== 'answering') socket.destroy()
    }
    const closeAll = (): void => {
      for (const socket of this.#states.keys()) socket.destroy()
    }
    signal.addEventListener('abort', closeAll, { once: true })
    if (signal.aborted) closeAll()
    await closed
    signal.removeEventListener('abort', closeAll)
  }

  #expire(socket: Socket): void {
    if (this.#states.get(socket) === 'waiting' && socket.writable) {
      socket.write(rawAnswer(failure(408, 'request_timeout', 'the request did not arrive in time')))
      socket.destroySoon()
    } else {
      socket.destroy()
    }
  }
}
