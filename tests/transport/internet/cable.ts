/** A TCP line that a test can cut at any byte, or make go dead without a word. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export class Cable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #isDead = false
  /** Bytes that may still pass, by direction. */
  #left = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]

  private constructor(server: Server) {
    this.#server = server
  }

  /** @param address the multiaddr it leads to, `/ip4/127.0.0.1/tcp/<port>/…`. */
  static async lay(address: string): Promise<Cable> {
    const port = Number(address.split('/')[4])
    const server = createServer((near) => {
      const far = connect(port, '127.0.0.1')
      cable.#join(near, far, 0)
      cable.#join(far, near, 1)
    })
    const cable = new Cable(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return cable
  }

  get address(): string {
    return `/ip4/127.0.0.1/tcp/${(this.#server.address() as AddressInfo).port}`
  }

  /** Cuts what is connected now; who calls again gets through. */
  flap(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#sockets.clear()
  }

  /** From now on nothing passes over what is connected now; who calls again gets through. */
  freeze(): void {
    for (const socket of this.#sockets) socket.removeAllListeners('data').pause()
  }

  /** Cuts for good once so many more bytes have passed towards the far end (0) or back (1). */
  cutAfter(direction: 0 | 1, bytes: number): void {
    this.#left[direction] = bytes
  }

  /** From now on nothing passes either way, and nobody is told. */
  die(): void {
    this.#isDead = true
  }

  async remove(): Promise<void> {
    this.#cut()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #join(from: Socket, to: Socket, direction: 0 | 1): void {
    this.#sockets.add(from)
    from.on('error', () => to.destroy())
    from.on('close', () => to.destroy())
    from.on('data', (data) => {
      if (this.#isDead) return
      const left = this.#left[direction] as number
      this.#left[direction] = left - data.length
      if (data.length < left) to.write(data)
      else to.write(data.subarray(0, left), () => this.#cut())
    })
  }

  #cut(): void {
    if (this.#isDead) return
    this.#server.removeAllListeners('connection')
    this.#server.on('connection', (socket) => socket.destroy())
    for (const socket of this.#sockets) socket.destroy()
  }
}
