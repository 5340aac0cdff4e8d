/** The transports that a configuration makes, in whole nodes over real sockets on the loopback interface. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it, type TestContext } from 'node:test'
import { Identity } from '../../src/identity/identity.ts'
import { MeshNode } from '../../src/node/mesh-node.ts'
import type { MeshNodeOptions } from '../../src/node/options.ts'
import type { RunHandle } from '../../src/node/run-handle.ts'
import { quicFrom } from '../../src/transport/internet/quic-from.ts'
import { tcp } from '../../src/transport/internet/tcp.ts'

const LIMIT = { timeout: 30_000 }

async function run(test: TestContext, options: MeshNodeOptions): Promise<RunHandle> {
  const handle = await (await MeshNode.create(options)).run()
  test.after(() => handle.shutdown({ deadlineMs: 1000 }))
  return handle
}

async function untilPath(from: RunHandle, to: RunHandle): Promise<void> {
  const wanted = to.node.address.toString()
  while (!from.node.status().paths.some(({ destination }) => destination === wanted))
    await once(from.node, 'pathFound')
}

function addressOf(handle: RunHandle, part: string): string {
  return handle.listenAddresses.find((address) => address.includes(part)) ?? ''
}

describe('a node with TCP and QUIC', () => {
  const config = { transport: { quic: { enabled: true } } }

  it(
    'listens on both, and a message takes one of two links to the same neighbour once',
    LIMIT,
    async (test) => {
      const b = await run(test, { config })
      const a = await run(test, {
        config: {
          transport: {
            tcp: { peers: [addressOf(b, '/tcp/')] },
            quic: { enabled: true, peers: [addressOf(b, '/quic-v1/')] },
          },
        },
      })
      const links = () => a.node.status().neighbours.map(({ transport }) => transport)
      while (links().length < 2) await once(a.node, 'linkUp')
      assert.deepEqual(links().toSorted(), ['quic', 'tcp'])
      await untilPath(a, b)
      let messages = 0
      b.node.on('message', () => {
        messages += 1
      })
      for (let n = 0; n < 20; n++) {
        const delivery = await a.node.send(b.node.address, Buffer.from(`${n}`))
        await delivery.reached('delivered')
      }
      assert.equal(messages, 20)
      const names = a.metricsSnapshot().transports.map(({ name }) => name)
      assert.deepEqual(names, ['tcp', 'quic'])
      assert.equal(a.health().checks['transport']?.status, 'healthy')
    },
  )

  it('says in its health why one of them does not run, and goes on with the other', LIMIT, async (test) => {
    const missing = async (): Promise<never> => {
      throw new Error('Cannot find native binding.')
    }
    const transports = [tcp({ listen: ['/ip4/127.0.0.1/tcp/0'] }), quicFrom(missing, {})]
    const node = await run(test, { transports })
    assert.equal(node.listenAddresses.length, 1)
    const { status, checks } = node.health()
    assert.equal(status, 'degraded')
    assert.equal(
      checks['transport']?.detail,
      'quic does not run on this machine: Cannot find native binding.',
    )
  })
})

describe('a node with relayed links', () => {
  it('reaches a neighbour through one that relays', LIMIT, async (test) => {
    const server = await run(test, { config: { transport: { discovery: { relay_server: true } } } })
    const way = addressOf(server, '/tcp/')
    const identity = Identity.generate()
    await run(test, { identity, config: { transport: { tcp: { peers: [way] }, relay: { enabled: true } } } })
    const peers = [`${way}/p2p-circuit/p2p/${identity.peerId}`]
    const a = await run(test, {
      config: { transport: { tcp: { peers: [way] }, relay: { enabled: true, peers } } },
    })
    const relayed = () => a.node.status().neighbours.filter(({ transport }) => transport === 'relay')
    while (relayed().length === 0) await once(a.node, 'linkUp')
    assert.equal(relayed()[0]?.address, identity.address.toString())
  })
})
