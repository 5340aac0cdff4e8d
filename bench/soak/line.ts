/** A line between two nodes, of TCP and UDP, that goes bad in the ways lines do. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** Ports of the far end; undefined while nobody is there. */
export interface Target {
  readonly tcp: number
  readonly udp: number
}

const HOST = '127.0.0.1'
/** A UDP flow without a packet for so long is forgotten. */
const UDP_IDLE_MS = 60_000
/** What a stalled line holds for each direction of a connection; then its ends feel it. */
const HELD_BYTES = 256 * 1024

interface Pair {
  readonly near: Socket
  readonly far: Socket
}

/** One direction of a connection: what goes in comes out in order. */
class Pipe {
  readonly #line: Line
  readonly #from: Socket
  readonly #to: Socket
  readonly #queue: { readonly data: Buffer; readonly at: number }[] = []
  #bytes = 0
  #timer: NodeJS.Timeout | undefined

  constructor(line: Line, from: Socket, to: Socket) {
    this.#line = line
    this.#from = from
    this.#to = to
    to.on('drain', () => this.#resume())
  }

  put(data: Buffer): void {
    this.#queue.push({ data, at: performance.now() + this.#line.delayMs })
    this.#bytes += data.length
    this.pass()
    if (this.#bytes > HELD_BYTES || this.#to.writableNeedDrain) this.#from.pause()
  }

  pass(): void {
    clearTimeout(this.#timer)
    for (let head = this.#queue[0]; head !== undefined && !this.#line.isStalled; head = this.#queue[0]) {
      const waitMs = Math.min(this.#line.delayMs, head.at - performance.now())
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.pass(), waitMs)
        return
      }
      this.#queue.shift()
      this.#bytes -= head.data.length
      if (!this.#to.destroyed) this.#to.write(head.data)
    }
    this.#resume()
  }

  #resume(): void {
    if (this.#bytes <= HELD_BYTES && !this.#to.writableNeedDrain) this.#from.resume()
  }
}

export class Line {
  target: Target | undefined
  /** Nothing passes, and neither end is told. TCP waits, UDP is lost. */
  isStalled = false
  /** Each way, ms. */
  delayMs = 0
  /** Of UDP packets, 0 to 1: TCP repairs its own. */
  lossRate = 0
  readonly #random: () => number
  readonly #server: Server
  readonly #udp = createSocket('udp4')
  readonly #pairs = new Set<Pair>()
  readonly #flows = new Map<number, { readonly far: UdpSocket; idle: NodeJS.Timeout }>()
  readonly #pipes = new Set<Pipe>()

  static async lay(random: () => number): Promise<Line> {
    const line = new Line(random)
    line.#server.listen(0, HOST)
    line.#udp.bind(0, HOST)
    await Promise.all([once(line.#server, 'listening'), once(line.#udp, 'listening')])
    return line
  }

  private constructor(random: () => number) {
    this.#random = random
    this.#server = createServer((near) => this.#connect(near))
    this.#udp.on('message', (packet, { port }) => this.#packet(packet, port))
  }

  get tcpAddress(): string {
    return `/ip4/${HOST}/tcp/${(this.#server.address() as AddressInfo).port}`
  }

  get quicAddress(): string {
    return `/ip4/${HOST}/udp/${this.#udp.address().port}/quic-v1`
  }

  /** Resets what is connected over TCP. */
  cut(): void {
    for (const { near, far } of this.#pairs) {
      near.resetAndDestroy()
      far.resetAndDestroy()
    }
  }

  /** The far end is cut off, and the near end goes on speaking to nobody. */
  halfOpen(): void {
    for (const pair of this.#pairs) {
      this.#pairs.delete(pair)
      pair.near.removeAllListeners()
      pair.near.on('error', () => undefined)
      pair.near.resume()
      pair.far.removeAllListeners('close')
      pair.far.resetAndDestroy()
    }
  }

  heal(): void {
    this.isStalled = false
    this.delayMs = 0
    this.lossRate = 0
    for (const pipe of this.#pipes) pipe.pass()
  }

  remove(): void {
    this.#server.close()
    this.cut()
    this.#udp.close()
    for (const { far, idle } of this.#flows.values()) {
      clearTimeout(idle)
      far.close()
    }
  }

  #connect(near: Socket): void {
    if (this.target === undefined) {
      near.resetAndDestroy()
      return
    }
    const far = connect(this.target.tcp, HOST)
    const pair = { near, far }
    this.#pairs.add(pair)
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      const pipe = new Pipe(this, from, to)
      this.#pipes.add(pipe)
      from.on('data', (data) => pipe.put(data))
      from.on('error', () => to.destroy())
      from.on('close', () => {
        this.#pairs.delete(pair)
        this.#pipes.delete(pipe)
        to.destroy()
      })
    }
  }

  #packet(packet: Buffer, nearPort: number): void {
    if (this.target === undefined || this.#isLost()) return
    const { udp } = this.target
    const flow = this.#flows.get(nearPort) ?? this.#flow(nearPort)
    flow.idle.refresh()
    this.#later(() => flow.far.send(packet, udp, HOST))
  }

  #flow(nearPort: number): { readonly far: UdpSocket; idle: NodeJS.Timeout } {
    const far = createSocket('udp4')
    const close = (): void => {
      this.#flows.delete(nearPort)
      far.close()
    }
    const flow = { far, idle: setTimeout(close, UDP_IDLE_MS) }
    far.on('message', (packet) => {
      if (!this.#isLost()) this.#later(() => this.#udp.send(packet, nearPort, HOST))
    })
    far.on('error', () => undefined)
    this.#flows.set(nearPort, flow)
    return flow
  }

  #isLost(): boolean {
    return this.isStalled || (this.lossRate > 0 && this.#random() < this.lossRate)
  }

  #later(send: () => void): void {
    const attempt = (): void => {
      try {
        send()
      } catch {
        // It has been closed meanwhile.
      }
    }
    if (this.delayMs === 0) attempt()
    else setTimeout(attempt, this.delayMs)
  }
}
