import assert from 'node:assert/strict'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import type { InternetOptions, ReachOptions } from '../../../src/transport/internet/options.ts'
import { quic } from '../../../src/transport/internet/quic.ts'
import { relay } from '../../../src/transport/internet/relay.ts'
import { tcp } from '../../../src/transport/internet/tcp.ts'
import type { Link, TransportFactory } from '../../../src/transport/transport.ts'
import { ANY_UDP_PORT, eventually, InternetNode } from './internet-bench.ts'
import { ANY_PORT, newIdentity } from './tcp-bench.ts'

const LIMIT = { timeout: 30_000 }
type Make = (options: InternetOptions) => TransportFactory

interface Three {
  readonly relay: InternetNode
  readonly a: InternetNode
  readonly b: InternetNode
}

/** Two nodes that are linked to a relay, the first of which calls the second through it. */
async function startThree(
  test: TestContext,
  make: Make,
  listen: string,
  relayReach: ReachOptions = { relayServer: true },
  listenB: readonly string[] = [],
  morePeersOfA: readonly string[] = [],
): Promise<Three> {
  const server = await InternetNode.start(test, newIdentity('relay'), [
    make({ listen: [listen], reach: relayReach }),
  ])
  const [address = ''] = server.transports.flatMap(({ listenAddresses }) => listenAddresses)
  const identityB = newIdentity('b')
  const b = await InternetNode.start(test, identityB, [make({ peers: [address], listen: listenB }), relay()])
  const peers = [`${address}/p2p-circuit/p2p/${identityB.peerId}`]
  const a = await InternetNode.start(test, newIdentity('a'), [
    make({ peers: [address, ...morePeersOfA] }),
    relay({ peers }),
  ])
  return { relay: server, a, b }
}

/** Numbered frames from one node to another, over whatever link there is, as fast as they are taken. */
class Traffic {
  readonly #from: InternetNode
  readonly #to: InternetNode
  readonly #done: Promise<void>
  readonly #again: Uint8Array[] = []
  #isStopping = false
  #seenDowns = 0
  sent = 0

  constructor(from: InternetNode, to: InternetNode) {
    this.#from = from
    this.#to = to
    this.#done = this.#run()
  }

  /** Stops, and checks that all that was sent has arrived once. */
  async finish(): Promise<void> {
    this.#isStopping = true
    await this.#done
    const { host } = this.#to
    await host.until('all has arrived', () => host.frames.length >= this.sent)
    const arrived = host.frames.map((frame) => Buffer.from(frame).readUInt32BE())
    const expected = Array.from({ length: this.sent }, (_, number) => number)
    assert.deepEqual(
      arrived.toSorted((x, y) => x - y),
      expected,
    )
  }

  async #run(): Promise<void> {
    while (this.#hasMore() || !this.#isStopping) {
      // The oldest link: the one that is about to be replaced.
      const [link] = this.#from.linksTo(this.#to)
      for (let n = 0; link !== undefined && n < 20; n++) this.#sendOne(link)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  /** Whether something has come back that is to be sent again. */
  #hasMore(): boolean {
    const { downs } = this.#from.host
    for (; this.#seenDowns < downs.length; this.#seenDowns++) {
      this.#again.push(...(downs[this.#seenDowns]?.unsent ?? []))
    }
    return this.#again.length > 0
  }

  #sendOne(link: Link): void {
    const [old] = this.#again
    if (old !== undefined) {
      if (link.send(old, 2)) this.#again.shift()
    } else if (!this.#isStopping) {
      const frame = Buffer.alloc(1000)
      frame.writeUInt32BE(this.sent)
      if (link.send(frame, 2)) this.sent += 1
    }
  }
}

function assertUp(node: InternetNode, other: InternetNode, transports: readonly string[]): void {
  assert.deepEqual(
    node.linksTo(other).map(({ transport }) => transport),
    transports,
  )
}

for (const [name, make, listen] of [
  ['tcp', tcp, ANY_PORT],
  ['quic', quic, ANY_UDP_PORT],
] as const) {
  describe(`a link through a relay, over ${name}`, () => {
    it('carries frames of every length both ways, and shows the way it takes', LIMIT, async (test) => {
      const { a, b } = await startThree(test, make, listen)
      const [linkA, linkB] = [await a.linkTo(b, 'relay'), await b.linkTo(a, 'relay')]
      assert.match(linkA.remote, /\/p2p-circuit\/p2p\//)
      assert.ok(linkA.profile.bitsPerSecond < (await a.host.link()).profile.bitsPerSecond)
      const lengths = [1, 65_680, 2, 40_000]
      for (const length of lengths) {
        assert.ok(linkA.send(new Uint8Array(length).fill(7), 2))
        assert.ok(linkB.send(new Uint8Array(length).fill(8), 2))
      }
      await Promise.all([a.host.framesArrived(4), b.host.framesArrived(4)])
      assert.deepEqual(
        b.host.frames.map(({ length }) => length),
        lengths,
      )
      assert.ok(b.host.frames.every((frame) => frame.every((byte) => byte === 7)))
      assert.match(b.address('relay'), /\/p2p-circuit\/p2p\//)
      assert.equal(a.transport('relay').targets[0]?.state, 'connected')
    })
  })
}

/** Lets TCP connections to a port through to another one, once it is opened. */
class Gate {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly port: number

  private constructor(port: number, to: () => number) {
    this.port = port
    this.#server = createServer((socket) => {
      const onward = connect(to(), '127.0.0.1')
      for (const [end, other] of [
        [socket, onward],
        [onward, socket],
      ] as const) {
        this.#sockets.add(end)
        end.on('error', () => other.destroy())
        end.on('close', () => other.destroy())
        end.pipe(other)
      }
    })
  }

  static async reserve(test: TestContext, to: () => number): Promise<Gate> {
    const probe = createServer()
    await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
    const address = probe.address()
    await new Promise((resolve) => probe.close(resolve))
    const gate = new Gate(address !== null && typeof address === 'object' ? address.port : 0, to)
    test.after(() => gate.shut())
    return gate
  }

  open(): void {
    this.#server.listen(this.port, '127.0.0.1')
  }

  shut(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }
}

describe('a relayed link', () => {
  it('is not made where there is a direct one', LIMIT, async (test) => {
    const server = await InternetNode.start(test, newIdentity('relay'), [
      tcp({ listen: [ANY_PORT], reach: { relayServer: true } }),
    ])
    const toRelay = server.address('tcp')
    const b = await InternetNode.start(test, newIdentity('b'), [
      tcp({ listen: [ANY_PORT], peers: [toRelay] }),
      relay(),
    ])
    await b.linkTo(server, 'tcp')
    await eventually(test, () => b.address('relay') !== '')
    const a = await InternetNode.start(test, newIdentity('a'), [
      tcp({ peers: [toRelay, b.address('tcp')] }),
      relay({ peers: [b.address('relay')] }),
    ])
    await a.linkTo(b, 'tcp')
    await eventually(test, () => a.transport('relay').targets[0]?.state === 'connected')
    await eventually(test, () => a.linksTo(b).length === 1 && b.linksTo(a).length === 1)
    assertUp(a, b, ['tcp'])
    assertUp(b, a, ['tcp'])
  })

  it(
    'gives way to a direct one under load, with no frame lost or doubled, and comes back after it',
    LIMIT,
    async (test) => {
      const gate = await Gate.reserve(test, () => Number(/tcp\/(\d+)/.exec(b.address('tcp'))?.[1]))
      const direct = `/ip4/127.0.0.1/tcp/${gate.port}`
      const { a, b } = await startThree(test, tcp, ANY_PORT, { relayServer: true }, [ANY_PORT], [direct])
      const relayed = await a.linkTo(b, 'relay')
      await b.linkTo(a, 'relay')
      const traffic = { ab: new Traffic(a, b), ba: new Traffic(b, a) }
      gate.open()
      await a.host.until('the relayed link is down', () => a.host.downs.some(({ link }) => link === relayed))
      await b.host.until('the relayed link is down', () =>
        b.linksTo(a).every((link) => link.transport === 'tcp'),
      )
      for (const { sent } of Object.values(traffic)) assert.ok(sent > 0)
      await Promise.all([traffic.ab.finish(), traffic.ba.finish()])
      assertUp(a, b, ['tcp'])
      assertUp(b, a, ['tcp'])

      gate.shut()
      await a.linkTo(b, 'relay')
      await b.linkTo(a, 'relay')
    },
  )

  it('is not to be had from a node that does not relay', LIMIT, async (test) => {
    const { relay: server, a, b } = await startThree(test, tcp, ANY_PORT, {})
    await a.linkTo(server, 'tcp')
    await b.linkTo(server, 'tcp')
    const target = () => a.transport('relay').targets[0]
    await eventually(test, () => (target()?.lastError ?? '').includes('/libp2p/circuit/relay/0.2.0/hop'))
    assert.deepEqual(b.transport('relay').listenAddresses, [])
    assertUp(a, b, [])
  })

  it('needs a link to the relay, and says so', LIMIT, async (test) => {
    const [relayId, peerId] = [newIdentity('relay').peerId, newIdentity('b').peerId]
    const peers = [`/ip4/127.0.0.1/tcp/1/p2p/${relayId}/p2p-circuit/p2p/${peerId}`]
    const a = await InternetNode.start(test, newIdentity('a'), [tcp(), relay({ peers })])
    const target = () => a.transport('relay').targets[0]
    await eventually(test, () => target()?.lastError !== undefined)
    const wanted = `no link to the relay: is /ip4/127.0.0.1/tcp/1/p2p/${relayId} among the peers of its transport, and up?`
    assert.equal(target()?.lastError, wanted)
  })

  it('is to a peer that has a name', LIMIT, async (test) => {
    const peers = [`/ip4/127.0.0.1/tcp/1/p2p/${newIdentity('relay').peerId}/p2p-circuit`]
    await assert.rejects(InternetNode.start(test, newIdentity('a'), [tcp(), relay({ peers })]), {
      code: 'ERR_TRANSPORT',
      message: /does not name the node to reach/,
    })
  })
})
