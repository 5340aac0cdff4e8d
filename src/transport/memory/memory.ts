/** The in-memory transport: `transports: [memory({ network })]`. */
import type { Address } from '../../identity/address.ts'
import { MeshError } from '../../runtime/errors.ts'
import {
  type DialTarget,
  type LinkHost,
  newTransportCounters,
  type Transport,
  type TransportFactory,
} from '../transport.ts'
import type { MemoryLink } from './link.ts'
import type { MemoryNetwork, NetworkPort } from './network.ts'

export interface MemoryOptions {
  readonly network: MemoryNetwork
  /** The transport's name, for a node on several networks. Default `memory`. */
  readonly name?: string
}

export function memory({ network, name = 'memory' }: MemoryOptions): TransportFactory {
  return ({ identity }) => new MemoryTransport(network, name, identity.address)
}

class MemoryTransport implements Transport, NetworkPort {
  readonly name: string
  readonly counters = newTransportCounters()
  readonly targets: readonly DialTarget[] = []
  readonly #network: MemoryNetwork
  readonly #address: Address
  readonly #links = new Set<MemoryLink>()
  #host: LinkHost | undefined

  constructor(network: MemoryNetwork, name: string, address: Address) {
    this.#network = network
    this.name = name
    this.#address = address
  }

  get listenAddresses(): readonly string[] {
    return this.#host === undefined ? [] : [`/memory/${this.#address.toString()}`]
  }

  async start(host: LinkHost): Promise<void> {
    if (this.#host !== undefined) {
      throw new MeshError('ERR_LIFECYCLE', `transport ${this.name} has started already`)
    }
    this.#network.join(this.#address, this)
    this.#host = host
  }

  async stop(signal: AbortSignal): Promise<void> {
    await this.#flush(signal)
    for (const link of this.#links) link.closeNow('stopping')
    this.#network.leave(this.#address, this)
    this.#host = undefined
  }

  up(link: MemoryLink): void {
    // The node may have stopped between the cable being plugged in and this call.
    if (this.#host === undefined) {
      link.close('stopping')
      return
    }
    this.#links.add(link)
    this.#host.linkUp(link)
  }

  frame(link: MemoryLink, frame: Uint8Array): void {
    this.#host?.frame(link, frame)
  }

  drained(link: MemoryLink): void {
    this.#host?.drained(link)
  }

  down(link: MemoryLink, reason: string, unsent: readonly Uint8Array[]): void {
    // A link that never was up here goes down without a word.
    if (this.#links.delete(link)) this.#host?.linkDown(link, reason, unsent)
  }

  async #flush(signal: AbortSignal): Promise<void> {
    const { promise: aborted, resolve } = Promise.withResolvers<void>()
    const onAbort = (): void => resolve()
    signal.addEventListener('abort', onAbort)
    if (!signal.aborted) {
      const flushed = [...this.#links].map((link) => new Promise<void>((done) => link.whenFlushed(done)))
      await Promise.race([Promise.all(flushed), aborted])
    }
    signal.removeEventListener('abort', onAbort)
  }
}
