/** An emulated modem on a TCP port, as a modem with WiFi is. */
import { createServer, type Server, type Socket } from 'node:net'
import type { Clock } from '../../runtime/clock.ts'
import { MeshError, messageOf, systemCodeOf } from '../../runtime/errors.ts'
import type { EmulatedModem, HostEnd } from './modem.ts'

/** A modem hangs up on a host that it has not heard for so long, ms. */
const SILENCE_MS = 6500
/** What a host may leave unread, bytes; the rest is lost, as on a serial line. */
const MOST_UNREAD_BYTES = 65_536

export class TcpPort {
  /** Such as `127.0.0.1:7633`. */
  readonly address: string
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  /**
   * @param port 0 for any free one.
   * @throws MeshError ERR_LISTEN where it cannot be bound, with the address.
   */
  static async listen(modem: EmulatedModem, clock: Clock, host: string, port: number): Promise<TcpPort> {
    const server = createServer({ noDelay: true })
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    server.once('error', reject)
    server.listen(port, host, resolve)
    try {
      await promise
    } catch (error) {
      const what =
        systemCodeOf(error) === 'EADDRINUSE' ? 'another program has it; take another port' : messageOf(error)
      throw new MeshError('ERR_LISTEN', `${host}:${port} for modem ${modem.name}: ${what}`, { cause: error })
    }
    return new TcpPort(server, modem, clock)
  }

  private constructor(server: Server, modem: EmulatedModem, clock: Clock) {
    const address = server.address()
    if (address === null || typeof address === 'string') throw new MeshError('ERR_INTERNAL', 'no TCP address')
    this.address = `${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`
    this.#server = server
    server.on('error', () => undefined)
    server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      serve(socket, modem, clock)
    })
  }

  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#server.close(() => resolve())
    for (const socket of this.#sockets) socket.destroy()
    await promise
  }
}

function serve(socket: Socket, modem: EmulatedModem, clock: Clock): void {
  socket.on('error', () => undefined) // `close` follows
  let end: HostEnd
  try {
    end = modem.connect({
      bytes: (data) => {
        if (socket.writableLength <= MOST_UNREAD_BYTES) socket.write(data)
      },
      closed: () => socket.destroySoon(),
    })
  } catch {
    // Unplugged, or another host is there: whoever connects is sent away.
    socket.destroy()
    return
  }
  let heardAt = clock.monotonic()
  const watch = (delayMs: number) =>
    clock.setTimer(delayMs, () => {
      const left = heardAt + SILENCE_MS - clock.monotonic()
      if (left > 0) timer = watch(left)
      else socket.destroySoon()
    })
  let timer = watch(SILENCE_MS)
  socket.on('data', (data) => {
    heardAt = clock.monotonic()
    end.write(data)
  })
  socket.on('close', () => {
    timer.cancel()
    end.close()
  })
}
