/** Whole nodes on a network in memory and a virtual clock: everything ships but the wire and the time. */
import type { PartialConfig } from '../../src/config/config.ts'
import { defaultProvider } from '../../src/crypto/provider/select.ts'
import type { Identity } from '../../src/identity/identity.ts'
import { MeshNode } from '../../src/node/mesh-node.ts'
import type { MeshNodeOptions } from '../../src/node/options.ts'
import type { RunHandle } from '../../src/node/run-handle.ts'
import { silentLogger } from '../../src/runtime/logger.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import type { IncomingMessage } from '../../src/services/service.ts'
import { VirtualClock } from '../../src/sim/clock.ts'
import { memory } from '../../src/transport/memory/memory.ts'
import { MemoryNetwork } from '../../src/transport/memory/network.ts'
import type { Link, LinkHost, Transport } from '../../src/transport/transport.ts'
import { identityOf } from './frames.ts'

export interface TestNode {
  readonly identity: Identity
  readonly node: MeshNode
  readonly run: RunHandle
  /** What its `message` listener got, if it has one. */
  readonly heard: IncomingMessage[]
}

/** A peer that speaks raw frames, honest or not. */
export interface RawPeer {
  readonly identity: Identity
  readonly links: Link[]
  readonly frames: Uint8Array[]
  readonly downs: string[]
  stop(): Promise<void>
}

export class TestMesh {
  readonly clock = new VirtualClock()
  readonly network = new MemoryNetwork(this.clock)
  readonly #running = new Set<{ stop(): Promise<unknown> }>()

  async node(
    name: string,
    config: PartialConfig = {},
    options: MeshNodeOptions & { deaf?: boolean } = {},
  ): Promise<TestNode> {
    const identity = options.identity ?? identityOf(name)
    const node = await MeshNode.create({
      identity,
      config,
      clock: this.clock,
      random: seededRandom(`node ${name}`),
      transports: [memory({ network: this.network })],
      ...options,
    })
    const heard: IncomingMessage[] = []
    if (options.deaf !== true) node.on('message', (message) => heard.push(message))
    const run = await node.run()
    this.#running.add({ stop: () => run.shutdown() })
    return { identity, node, run, heard }
  }

  async raw(name: string): Promise<RawPeer> {
    const identity = identityOf(name)
    const peer = { identity, links: [] as Link[], frames: [] as Uint8Array[], downs: [] as string[] }
    const host: LinkHost = {
      linkUp: (link) => peer.links.push(link),
      frame: (_link, frame) => peer.frames.push(Uint8Array.from(frame)),
      drained: () => undefined,
      linkDown: (_link, reason) => peer.downs.push(reason),
    }
    const transport: Transport = memory({ network: this.network })({
      identity,
      crypto: defaultProvider(),
      clock: this.clock,
      random: seededRandom(name),
      logger: silentLogger,
    })
    await transport.start(host)
    const stop = async (): Promise<void> => transport.stop(AbortSignal.abort())
    this.#running.add({ stop })
    return { ...peer, stop }
  }

  connect(
    a: { identity: Identity },
    b: { identity: Identity },
    profile: { bitsPerSecond?: number } = {},
  ): void {
    this.network.connect(a.identity.address, b.identity.address, profile)
  }

  disconnect(a: { identity: Identity }, b: { identity: Identity }): void {
    this.network.disconnect(a.identity.address, b.identity.address)
  }

  /** Lets `ms` of virtual time pass. */
  async pass(ms: number): Promise<void> {
    await this.clock.advanceAsync(ms)
  }

  /** Stops everything; virtual time goes on meanwhile, since deadlines are made of it. */
  async end(): Promise<void> {
    const stopped = Promise.all([...this.#running].map((running) => running.stop()))
    let done = false
    stopped.finally(() => {
      done = true
    })
    while (!done) await this.pass(100)
    await stopped
  }
}

/** `TestMesh` for the length of a test. */
export async function withMesh(test: (mesh: TestMesh) => Promise<void>): Promise<void> {
  const mesh = new TestMesh()
  try {
    await test(mesh)
  } finally {
    await mesh.end()
  }
}

/** Runs `work` while virtual time passes, up to a minute of it. */
export async function during<T>(mesh: TestMesh, work: Promise<T>): Promise<T> {
  let done = false
  const watched = work.finally(() => {
    done = true
  })
  watched.catch(() => undefined)
  for (let steps = 0; steps < 600 && !done; steps++) await mesh.pass(100)
  return await watched
}
