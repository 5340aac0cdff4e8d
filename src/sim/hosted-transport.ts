/**
 * A transport of another medium, such as a radio, in a simulated process: it dies and stands still with the
 * process, and what it brings is counted.
 */
import type { DialTarget, Link, LinkHost, Transport, TransportCounters } from '../transport/transport.ts'
import type { SimEvent } from './event-queue.ts'
import type { Machine } from './node-clock.ts'

export class HostedTransport implements Transport, LinkHost {
  readonly #inner: Transport
  readonly #machine: Machine
  readonly #arrived: (node: number, frame: Uint8Array) => void
  #host: LinkHost | undefined

  /** @param arrived is told of each frame before the node sees it. */
  constructor(inner: Transport, machine: Machine, arrived: (node: number, frame: Uint8Array) => void) {
    this.#inner = inner
    this.#machine = machine
    this.#arrived = arrived
  }

  get name(): string {
    return this.#inner.name
  }

  get listenAddresses(): readonly string[] {
    return this.#inner.listenAddresses
  }

  get counters(): TransportCounters {
    return this.#inner.counters
  }

  get targets(): readonly DialTarget[] {
    return this.#inner.targets
  }

  start(host: LinkHost): Promise<void> {
    this.#host = host
    return this.#inner.start(this)
  }

  stop(signal: AbortSignal): Promise<void> {
    return this.#inner.stop(signal)
  }

  /** The process is dead: its host hears nothing more. */
  kill(): void {
    this.#host = undefined
    void this.#inner.stop(AbortSignal.abort())
  }

  linkUp(link: Link): void {
    this.#tell((host) => host.linkUp(link))
  }

  frame(link: Link, frame: Uint8Array): void {
    if (!this.#machine.isPaused) {
      this.#hand(link, frame)
      return
    }
    const kept = Uint8Array.from(frame)
    this.#tell(() => this.#hand(link, kept))
  }

  drained(link: Link): void {
    this.#tell((host) => host.drained(link))
  }

  linkDown(link: Link, reason: string, unsent: readonly Uint8Array[]): void {
    this.#tell((host) => host.linkDown(link, reason, unsent))
  }

  #hand(link: Link, frame: Uint8Array): void {
    this.#arrived(this.#machine.index, frame)
    this.#host?.frame(link, frame)
  }

  /** Now, or when the process goes on. */
  #tell(call: (host: LinkHost) => void): void {
    const task = (): void => {
      if (this.#host !== undefined) call(this.#host)
    }
    if (!this.#machine.isPaused) task()
    else this.#machine.queue.push(new WhenItGoesOn(this.#machine, task), this.#machine.pausedUntil)
  }
}

class WhenItGoesOn implements SimEvent {
  readonly isDead = false
  readonly owner: number
  readonly #machine: Machine
  readonly #task: () => void

  constructor(machine: Machine, task: () => void) {
    this.owner = machine.index
    this.#machine = machine
    this.#task = task
  }

  fire(): void {
    if (this.#machine.isPaused) this.#machine.queue.push(this, this.#machine.pausedUntil)
    else this.#task()
  }
}
