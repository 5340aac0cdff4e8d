/** The simulator's network without nodes round it: two transports, and virtual time that runs by itself. */
import { Address } from '../../src/identity/address.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { settle } from '../../src/sim/clock.ts'
import { EventQueue } from '../../src/sim/event-queue.ts'
import type { LinkModel } from '../../src/sim/link-model.ts'
import { Network, type NetworkObserver } from '../../src/sim/network.ts'
import { Machine } from '../../src/sim/node-clock.ts'
import type { SimTransport } from '../../src/sim/sim-transport.ts'
import type { Link, LinkHost } from '../../src/transport/transport.ts'

const NOBODY: NetworkObserver = {
  offered: () => undefined,
  sent: () => undefined,
  received: () => undefined,
  handled: () => undefined,
}

export class Engine {
  readonly queue: EventQueue
  readonly network: Network
  readonly machines: Machine[] = []
  #pumping: Promise<void> | undefined
  #isRunning = true

  constructor(seed = 'engine', observe: (queue: EventQueue) => NetworkObserver = () => NOBODY) {
    const random = seededRandom(seed)
    this.queue = new EventQueue(random.uint32())
    this.network = new Network(this.queue, random, observe(this.queue))
  }

  /** A process at node `index`, which has not started. */
  transport(index: number): SimTransport {
    this.machines[index] ??= new Machine(index, this.queue)
    return this.network.transport(this.machines[index], Address.at(new Uint8Array(16).fill(index + 1)))
  }

  /** Lets virtual time pass by itself until {@link stop}. */
  pump(): void {
    this.#pumping = (async () => {
      while (this.#isRunning) await this.pass(1)
    })()
  }

  async pass(ms: number): Promise<void> {
    const until = this.queue.now + ms
    while (this.queue.nextAt <= until) {
      this.queue.runUntil(Math.min(until, this.queue.nextAt))
      await settle()
    }
    this.queue.now = until
    await settle()
  }

  async stop(): Promise<void> {
    this.#isRunning = false
    await this.#pumping
  }
}

/** What node 1 gets of what node 0 sends over a link of this kind. */
export interface Receiver {
  readonly engine: Engine
  /** Node 0's end. */
  readonly link: Link
  /** In order of arrival: when, and the number in the first four bytes. */
  readonly arrivals: { at: number; number: number }[]
  readonly downs: string[]
}

export async function receiver(model: Partial<LinkModel>, seed = 'engine'): Promise<Receiver> {
  const engine = new Engine(seed)
  const arrivals: { at: number; number: number }[] = []
  const downs: string[] = []
  const links: Link[] = []
  const host = (node: number): LinkHost => ({
    linkUp: (link) => {
      links[node] = link
    },
    frame: (_, frame) => {
      if (node === 1) arrivals.push({ at: engine.queue.now, number: numberIn(frame) })
    },
    drained: () => undefined,
    linkDown: (_, reason) => downs.push(`${node} ${reason}`),
  })
  for (const node of [0, 1]) await engine.transport(node).start(host(node))
  engine.network.connect(0, 1, model)
  await engine.pass(0)
  return { engine, link: links[0] as Link, arrivals, downs }
}

export function numbered(number: number, length: number): Uint8Array {
  const frame = new Uint8Array(length)
  new DataView(frame.buffer).setUint32(0, number)
  return frame
}

function numberIn(frame: Uint8Array): number {
  return new DataView(frame.buffer, frame.byteOffset).getUint32(0)
}
