/** Runs on a host of the lab: forwards TCP and UDP, impaired as the lines on stdin say (see bad-line.ts). */
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { createConnection, createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { type Random, seededRandom } from '../../src/runtime/random.ts'
import { type BadLineOptions, type Impairment, PERFECT } from './bad-line.ts'

const PACKET_BYTES = 1400
const RETRANSMISSION_MS = 200
/** What a router on the way holds; UDP that finds it full is dropped, TCP waits. */
const QUEUE_BYTES = 256 * 1024
const FROZEN_POLL_MS = 20

let impairment: Impairment = PERFECT

/** One direction of one flow. What is put in comes out in order, later. */
class Pipe {
  readonly #random: Random
  readonly #out: (data: Buffer) => void
  readonly #onRoom: () => void
  readonly #queue: { readonly data: Buffer; readonly at: number }[] = []
  #lineFreeAt = 0
  #queuedBytes = 0
  #isWaiting = false

  constructor(random: Random, out: (data: Buffer) => void, onRoom: () => void = () => undefined) {
    this.#random = random
    this.#out = out
    this.#onRoom = onRoom
  }

  get isFull(): boolean {
    return this.#queuedBytes >= QUEUE_BYTES
  }

  loses(): boolean {
    return impairment.lossRate > 0 && this.#random.float() < impairment.lossRate
  }

  /** @param extraMs holds up this and all behind it */
  put(data: Buffer, extraMs = 0): void {
    const { bitsPerSecond, delayMs } = impairment
    const start = Math.max(performance.now(), this.#lineFreeAt) + extraMs
    this.#lineFreeAt = start + (bitsPerSecond === 0 ? 0 : (data.length * 8000) / bitsPerSecond)
    this.#queue.push({ data, at: this.#lineFreeAt + delayMs })
    this.#queuedBytes += data.length
    this.#pass()
  }

  #pass(): void {
    if (this.#isWaiting) return
    while (this.#queue[0] !== undefined) {
      const { data, at } = this.#queue[0]
      const wait = impairment.isFrozen ? FROZEN_POLL_MS : at - performance.now()
      if (wait > 0) {
        this.#isWaiting = true
        setTimeout(() => {
          this.#isWaiting = false
          this.#pass()
        }, wait)
        return
      }
      this.#queue.shift()
      this.#queuedBytes -= data.length
      this.#out(data)
      if (!this.isFull) this.#onRoom()
    }
  }
}

const { port, target, seed } = JSON.parse(process.argv[2] ?? '') as BadLineOptions
const [targetAddress = '', targetPort] = target.split(':')
const random = seededRandom(seed)
const connections = new Set<Socket>()
let flows = 0

function nextRandom(): Random {
  flows += 1
  return random.fork(String(flows))
}

const server = createServer({ allowHalfOpen: true }, (near) => {
  const far = createConnection({ host: targetAddress, port: Number(targetPort), allowHalfOpen: true })
  for (const [from, to] of [
    [near, far],
    [far, near],
  ] as const) {
    connections.add(from)
    const pipe = new Pipe(
      nextRandom(),
      (data) => (data.length === 0 ? to.end() : to.write(data)),
      () => from.resume(),
    )
    from.on('data', (chunk: Buffer) => {
      for (let at = 0; at < chunk.length; at += PACKET_BYTES) {
        pipe.put(chunk.subarray(at, at + PACKET_BYTES), pipe.loses() ? RETRANSMISSION_MS : 0)
      }
      if (pipe.isFull) from.pause()
    })
    from.on('end', () => pipe.put(Buffer.alloc(0)))
    from.on('error', () => to.resetAndDestroy())
    from.on('close', () => connections.delete(from))
  }
})

const udp = createSocket('udp4')
const udpFlows = new Map<string, { readonly far: UdpSocket; readonly out: Pipe }>()
udp.on('message', (message, { address, port: nearPort }) => {
  const key = `${address}:${nearPort}`
  let flow = udpFlows.get(key)
  if (flow === undefined) {
    const far = createSocket('udp4')
    const back = new Pipe(nextRandom(), (data) => udp.send(data, nearPort, address))
    far.on('message', (data) => {
      if (!back.isFull && !back.loses()) back.put(data)
    })
    flow = { far, out: new Pipe(nextRandom(), (data) => far.send(data, Number(targetPort), targetAddress)) }
    udpFlows.set(key, flow)
  }
  if (!flow.out.isFull && !flow.out.loses()) flow.out.put(message)
})

server.listen(port)
udp.bind(port)
await Promise.all([once(server, 'listening'), once(udp, 'listening')])
process.stdout.write('ready\n')

for await (const line of createInterface(process.stdin)) {
  const command = JSON.parse(line) as Impairment | 'cut'
  if (command === 'cut') for (const connection of connections) connection.resetAndDestroy()
  else impairment = command
  process.stdout.write('done\n')
}
