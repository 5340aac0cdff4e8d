/** Mesh nodes without the mesh: the internet transports of one identity, and what their host sees. */
import type { TestContext } from 'node:test'
import type { Identity } from '../../../src/identity/identity.ts'
import { RecordingHost } from '../../../src/testing/recording-host.ts'
import type { Link, Transport, TransportFactory } from '../../../src/transport/transport.ts'
import { componentsOf } from './tcp-bench.ts'

export const ANY_UDP_PORT = '/ip4/127.0.0.1/udp/0/quic-v1'

export class InternetNode {
  readonly identity: Identity
  readonly transports: readonly Transport[]
  readonly host: RecordingHost

  constructor(test: TestContext, identity: Identity, factories: readonly TransportFactory[]) {
    const components = componentsOf(identity)
    this.identity = identity
    this.transports = factories.map((make) => make(components))
    this.host = new RecordingHost(test.signal)
    test.after(() => this.stop())
  }

  static async start(
    test: TestContext,
    identity: Identity,
    factories: readonly TransportFactory[],
  ): Promise<InternetNode> {
    const node = new InternetNode(test, identity, factories)
    for (const transport of node.transports) await transport.start(node.host)
    return node
  }

  transport(name: string): Transport {
    const found = this.transports.find((transport) => transport.name === name)
    if (found === undefined) throw new Error(`no transport ${name}`)
    return found
  }

  /** The first address of a transport. */
  address(name: string): string {
    return this.transport(name).listenAddresses[0] ?? ''
  }

  /** The link of a transport to another node, as soon as it is up. */
  async linkTo(other: InternetNode, transport: string): Promise<Link> {
    const find = () => this.linksTo(other).find((link) => link.transport === transport)
    await this.host.until(`there is a ${transport} link`, () => find() !== undefined)
    return find() as Link
  }

  linksTo(other: InternetNode): Link[] {
    return this.host.links.filter(({ neighbour }) => neighbour?.equals(other.identity.address))
  }

  async stop(): Promise<void> {
    for (const transport of this.transports.toReversed()) await transport.stop(AbortSignal.abort())
  }
}

/** Lets the event loop go round until `condition` holds. */
export async function eventually(test: TestContext, condition: () => boolean): Promise<void> {
  while (!condition()) {
    test.signal.throwIfAborted()
    await new Promise((resolve) => setImmediate(resolve))
  }
}
