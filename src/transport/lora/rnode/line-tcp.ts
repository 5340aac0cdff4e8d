/** The line to a modem with WiFi, or to an emulated one, over TCP. */
import { connect, type Socket } from 'node:net'
import type { Clock, Timer } from '../../../runtime/clock.ts'
import { MeshError, messageOf, systemCodeOf } from '../../../runtime/errors.ts'
import { Command, DETECT_REQUEST } from './commands.ts'
import { encodeKiss } from './kiss.ts'
import { type Line, type LineListener, MAX_BACKLOG_BYTES, type OpenLine } from './line.ts'

/** The modem hangs up on a host that it has not heard for 6.5 s. */
const KEEP_ALIVE_MS = 3500
const KEEP_ALIVE = encodeKiss(Command.detect, [DETECT_REQUEST])

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there; is the modem on, and its WiFi?',
  ECONNRESET: 'it closed the connection',
  EHOSTUNREACH: 'no way to that host',
  ENETUNREACH: 'no way to that network',
  ENOTFOUND: 'there is no host of that name',
  EAI_AGAIN: 'the name could not be looked up',
  ETIMEDOUT: 'it does not answer',
}

export function tcpLine(port: string, host: string, portNumber: number, clock: Clock): OpenLine {
  return (listener, signal) =>
    new Promise((resolve, reject) => {
      const socket = connect({ host, port: portNumber, noDelay: true, signal })
      const refuse = (error: unknown): void => {
        const reason = signal.aborted ? 'it does not answer' : reasonOf(error)
        reject(new MeshError('ERR_TRANSPORT', `${port}: ${reason}`, { cause: error }))
      }
      socket.once('error', refuse)
      socket.once('connect', () => {
        socket.off('error', refuse)
        resolve(new TcpLine(socket, listener, clock))
      })
    })
}

class TcpLine implements Line {
  readonly #socket: Socket
  readonly #clock: Clock
  #timer: Timer | undefined
  #writtenAt: number
  #isOpen = true

  constructor(socket: Socket, listener: LineListener, clock: Clock) {
    this.#socket = socket
    this.#clock = clock
    this.#writtenAt = clock.monotonic()
    const gone = (reason: string): void => {
      if (!this.#isOpen) return
      this.close()
      listener.closed(reason)
    }
    let hasSpoken = false
    socket.on('data', (data) => {
      hasSpoken = true
      if (this.#isOpen) listener.bytes(data)
    })
    // Stays after `close`: an error that comes late would otherwise end the process.
    socket.on('error', (error) => gone(reasonOf(error)))
    // A modem has room for one program, and sends others away.
    const hint = (): string => (hasSpoken ? '' : ' at once; does another program use it?')
    socket.on('end', () => gone(`the modem closed the connection${hint()}`))
    socket.on('close', () => gone('the connection is closed'))
    this.#keepAlive(KEEP_ALIVE_MS)
  }

  write(bytes: Uint8Array): boolean {
    if (!this.#isOpen || this.#socket.writableLength > MAX_BACKLOG_BYTES) return false
    this.#writtenAt = this.#clock.monotonic()
    this.#socket.write(bytes)
    return true
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#timer?.cancel()
    this.#socket.destroySoon()
  }

  #keepAlive(delayMs: number): void {
    this.#timer = this.#clock.setTimer(delayMs, () => {
      const silentMs = this.#clock.monotonic() - this.#writtenAt
      if (silentMs >= KEEP_ALIVE_MS) this.write(KEEP_ALIVE)
      this.#keepAlive(silentMs >= KEEP_ALIVE_MS ? KEEP_ALIVE_MS : KEEP_ALIVE_MS - silentMs)
    })
  }
}

function reasonOf(error: unknown): string {
  return REASONS[systemCodeOf(error) ?? ''] ?? messageOf(error)
}
