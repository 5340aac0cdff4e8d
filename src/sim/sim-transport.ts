/** The transport of one simulated process: `transports: [network.transport(machine)]`. */
import type { Address } from '../identity/address.ts'
import { MeshError } from '../runtime/errors.ts'
import {
  type DialTarget,
  type LinkHost,
  newTransportCounters,
  type Transport,
} from '../transport/transport.ts'
import type { SimEvent } from './event-queue.ts'
import type { Network } from './network.ts'
import type { Machine } from './node-clock.ts'
import type { SimLink } from './sim-link.ts'

/** What a node that has been corrupted does to its own frames. */
export interface Adversary {
  /** What goes out in a frame's place: the same, another, or nothing. */
  outgoing(link: SimLink, frame: Uint8Array): Uint8Array | undefined
  /** Whether the node's own software gets to see a frame. */
  incoming(link: SimLink, frame: Uint8Array): boolean
}

export class SimTransport implements Transport, SimEvent {
  readonly name = 'sim'
  readonly isDead = false
  readonly counters = newTransportCounters()
  readonly targets: readonly DialTarget[] = []
  readonly network: Network
  readonly machine: Machine
  readonly address: Address
  adversary: Adversary | undefined
  readonly #links = new Set<SimLink>()
  #host: LinkHost | undefined
  /** Links with something to send at the end of this tick. */
  #dirty: SimLink[] = []

  constructor(network: Network, machine: Machine, address: Address) {
    this.network = network
    this.machine = machine
    this.address = address
  }

  get owner(): number {
    return this.machine.index
  }

  get now(): number {
    return this.machine.queue.now
  }

  get links(): ReadonlySet<SimLink> {
    return this.#links
  }

  get listenAddresses(): readonly string[] {
    return this.#host === undefined ? [] : [`/sim/${this.machine.index}`]
  }

  async start(host: LinkHost): Promise<void> {
    if (this.#host !== undefined) {
      throw new MeshError('ERR_LIFECYCLE', `node ${this.machine.index} is on the simulated network already`)
    }
    this.network.join(this)
    this.#host = host
  }

  async stop(signal: AbortSignal): Promise<void> {
    await this.#flush(signal)
    for (const link of this.#links) link.closeNow('stopping')
    this.network.leave(this)
    this.#host = undefined
  }

  /** The process is dead: its host hears nothing more, and its links say nothing. */
  kill(): void {
    this.#host = undefined
    for (const link of this.#links) link.kill()
    this.network.leave(this)
  }

  /** Runs `task` at the end of this tick, or when the process goes on. */
  later(task: () => void): void {
    this.machine.queue.defer(new Later(this.machine, task))
  }

  up(link: SimLink): void {
    if (link.isClosed) return
    if (this.#host === undefined) {
      link.close('stopping')
      return
    }
    this.#links.add(link)
    link.isUp = true
    this.#host.linkUp(link)
    link.peer.arm()
  }

  /** A link has something to send: all that is queued within a tick leaves at its end. */
  sendSoon(link: SimLink): void {
    if (link.isDirty) return
    link.isDirty = true
    if (this.#dirty.push(link) === 1) this.machine.queue.defer(this)
  }

  /** The end of the tick. */
  fire(): void {
    if (this.machine.isPaused) {
      this.machine.queue.push(this, this.machine.pausedUntil)
      return
    }
    const dirty = this.#dirty
    this.#dirty = []
    for (const link of dirty) {
      link.isDirty = false
      link.transmit()
    }
  }

  sent(link: SimLink, frame: Uint8Array): void {
    this.counters.framesSent += 1
    this.counters.bytesSent += frame.length
    this.network.observer.sent(link, frame)
  }

  receive(link: SimLink, frame: Uint8Array): void {
    if (this.#host === undefined) return
    this.counters.framesReceived += 1
    this.counters.bytesReceived += frame.length
    this.network.observer.received(link, frame)
    if (this.adversary !== undefined && !this.adversary.incoming(link, frame)) return
    this.#host.frame(link, this.network.lend(frame))
    this.network.observer.handled(link, frame)
  }

  drained(link: SimLink): void {
    this.#host?.drained(link)
  }

  down(link: SimLink, reason: string, unsent: readonly Uint8Array[]): void {
    // A link that never was up here goes down without a word.
    if (this.#links.delete(link)) this.#host?.linkDown(link, reason, unsent)
  }

  async #flush(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    const { promise: aborted, resolve } = Promise.withResolvers<void>()
    const onAbort = (): void => resolve()
    signal.addEventListener('abort', onAbort)
    const flushed = [...this.#links].map((link) => new Promise<void>((done) => link.whenFlushed(done)))
    await Promise.race([Promise.all(flushed), aborted])
    signal.removeEventListener('abort', onAbort)
  }
}

class Later implements SimEvent {
  readonly isDead = false
  readonly #machine: Machine
  readonly #task: () => void

  constructor(machine: Machine, task: () => void) {
    this.#machine = machine
    this.#task = task
  }

  get owner(): number {
    return this.#machine.index
  }

  fire(): void {
    if (this.#machine.isPaused) {
      this.#machine.queue.push(this, this.#machine.pausedUntil)
    } else this.#task()
  }
}
