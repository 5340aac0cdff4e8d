/** One node of a simulation: the machine, its disk and key, and the process that runs on it, if one does. */
import type { Config, PartialConfig } from '../config/config.ts'
import type { CryptoProvider } from '../crypto/provider/provider.ts'
import type { Address } from '../identity/address.ts'
import { Identity } from '../identity/identity.ts'
import { MeshNode } from '../node/mesh-node.ts'
import type { RunHandle } from '../node/run-handle.ts'
import type { Random } from '../runtime/random.ts'
import type { IncomingMessage } from '../services/service.ts'
import type { TransportFactory } from '../transport/transport.ts'
import type { AsyncWork } from './async-work.ts'
import { Byzantine, type ByzantineKind, type Forgeries } from './byzantine.ts'
import { Disk, DurableStore } from './durable-store.ts'
import { HostedTransport } from './hosted-transport.ts'
import type { Network } from './network.ts'
import { Machine, NodeClock } from './node-clock.ts'
import type { SimTransport } from './sim-transport.ts'

/** What all nodes of a simulation share. */
export interface SimWorld {
  readonly network: Network
  readonly random: Random
  readonly crypto: CryptoProvider
  readonly work: AsyncWork
  readonly forgeries: Forgeries
  /** The true wall-clock time at virtual 0, ms since the Unix epoch. */
  readonly startMs: number
  /** An application has got a message. */
  readonly arrived: (node: SimNode, message: IncomingMessage) => void
  /** A frame has come over another medium than the simulated network. */
  readonly heard: (node: number, frame: Uint8Array) => void
}

export interface SimNodeOptions {
  readonly config: PartialConfig
  /** The same with all that it leaves open. */
  readonly resolved: Config
  /** Beside the simulated network. */
  readonly transports: readonly TransportFactory[]
}

interface Process {
  readonly node: MeshNode
  readonly run: RunHandle
  readonly clock: NodeClock
  readonly transport: SimTransport
  readonly others: readonly HostedTransport[]
}

export class SimNode {
  readonly index: number
  readonly machine: Machine
  readonly disk = new Disk()
  readonly #world: SimWorld
  readonly #random: Random
  readonly #options: SimNodeOptions
  #identity: Identity
  #keys = 0
  #hasLostKey = false
  #runs = 0
  #process: Process | undefined
  #byzantine: ByzantineKind | undefined

  constructor(world: SimWorld, index: number, options: SimNodeOptions) {
    this.index = index
    this.machine = new Machine(index, world.network.queue)
    this.#world = world
    this.#random = world.random.fork(`node ${index}`)
    this.#options = options
    this.#identity = this.#newIdentity()
  }

  get address(): Address {
    return this.#identity.address
  }

  get config(): Config {
    return this.#options.resolved
  }

  get isRunning(): boolean {
    return this.#process !== undefined
  }

  /** How often its process has been started. */
  get runs(): number {
    return this.#runs
  }

  /** The process's node, while it runs. */
  get node(): MeshNode | undefined {
    return this.#process?.node
  }

  get run(): RunHandle | undefined {
    return this.#process?.run
  }

  get byzantine(): ByzantineKind | undefined {
    return this.#byzantine
  }

  /** Starts a process on what the last one left on the disk. Without effect while one runs. */
  async start(): Promise<void> {
    if (this.#process !== undefined) return
    if (this.#hasLostKey) this.#identity = this.#newIdentity()
    this.#hasLostKey = false
    this.#runs += 1
    const { network, crypto, work, startMs } = this.#world
    const clock = new NodeClock(this.machine, startMs)
    const transport = network.transport(this.machine, this.address)
    const others: HostedTransport[] = []
    const factories = this.#options.transports.map(
      (make): TransportFactory =>
        (components) => {
          const hosted = new HostedTransport(make(components), this.machine, this.#world.heard)
          others.push(hosted)
          return hosted
        },
    )
    const { max_messages, max_bytes, max_messages_per_source } = this.#options.resolved.store
    const node = await MeshNode.create({
      identity: this.#identity,
      config: this.#options.config,
      transports: [() => transport, ...factories],
      store: new DurableStore({
        disk: this.disk,
        limits: {
          maxMessages: max_messages,
          maxBytes: max_bytes,
          maxMessagesPerSource: max_messages_per_source,
        },
        clock,
        work,
      }),
      clock,
      random: this.#random.fork(`run ${this.#runs}`),
      crypto,
    })
    node.on('message', (message) => this.#world.arrived(this, message))
    work.note()
    const run = await node.run()
    this.#process = { node, run, clock, transport, others }
    if (this.#byzantine !== undefined) this.#turn(this.#byzantine)
  }

  /** Ends the process at once, as kill -9 does. @returns whether one ran. */
  kill(): boolean {
    if (this.#process === undefined) return false
    this.#process.clock.kill()
    this.#process.transport.kill()
    for (const other of this.#process.others) other.kill()
    this.#world.work.note()
    this.#process = undefined
    return true
  }

  loseKey(): void {
    this.#hasLostKey = true
  }

  /** From now on, over all its runs. */
  corrupt(kind: ByzantineKind): void {
    this.#byzantine = kind
    if (this.#process !== undefined) this.#turn(kind)
  }

  #turn(kind: ByzantineKind): void {
    const { transport, clock } = this.#process as Process
    const { crypto, forgeries } = this.#world
    transport.adversary = new Byzantine({
      kind,
      transport,
      clock,
      random: this.#random.fork(`byzantine ${this.#runs}`),
      crypto,
      forgeries,
    })
  }

  #newIdentity(): Identity {
    this.#keys += 1
    return Identity.generate(this.#random.fork(`key ${this.#keys}`), this.#world.crypto)
  }
}
