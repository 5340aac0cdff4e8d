/** Whole nodes over real sockets on the loopback interface, with their store on disk. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { Identity } from '../../src/identity/identity.ts'
import { MeshNode } from '../../src/node/mesh-node.ts'
import type { RunHandle } from '../../src/node/run-handle.ts'
import type { IncomingMessage } from '../../src/services/service.ts'
import { tcp } from '../../src/transport/internet/tcp.ts'

const TIMEOUT = { timeout: 20_000 }
const listen = ['/ip4/127.0.0.1/tcp/0']

async function start(
  peers: readonly string[],
  dataDir: string,
  identity = Identity.generate(),
): Promise<RunHandle> {
  const node = await MeshNode.create({
    identity,
    config: { node: { data_dir: dataDir }, http: { listen: '127.0.0.1:0' } },
    transports: [tcp({ listen: peers.length === 0 ? listen : [], peers })],
  })
  return await node.run()
}

async function untilPath(from: RunHandle, to: RunHandle): Promise<void> {
  const wanted = to.node.address.toString()
  while (!from.node.status().paths.some(({ destination }) => destination === wanted))
    await once(from.node, 'pathFound')
}

describe('three nodes over TCP', () => {
  it('talk over the relay, and what it keeps survives it', TIMEOUT, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hopwire-tcp-'))
    const open: RunHandle[] = []
    const run = async (...options: Parameters<typeof start>): Promise<RunHandle> => {
      const handle = await start(...options)
      open.push(handle)
      return handle
    }
    try {
      const relayIdentity = Identity.generate()
      const bobIdentity = Identity.generate()
      let relay = await run([], join(folder, 'relay'), relayIdentity)
      const relayAt = relay.listenAddresses.map(String)
      const alice = await run(relayAt, join(folder, 'alice'))
      let bob = await run(relayAt, join(folder, 'bob'), bobIdentity)
      await untilPath(alice, bob)
      await untilPath(bob, alice)

      const hello = once(bob.node, 'message') as Promise<[IncomingMessage]>
      const delivery = await alice.node.send(bob.node.address, Buffer.from('hello'))
      const [message] = await hello
      assert.equal(Buffer.from(message.payload).toString(), 'hello')
      await delivery.reached('delivered')

      const health = (await (await fetch(`http://${relay.healthAddress}/healthz`)).json()) as {
        status: string
      }
      assert.equal(health.status, 'healthy')
      const metrics = await (await fetch(`http://${relay.healthAddress}/metricsz`)).text()
      assert.match(metrics, /^hopwire_envelopes_total\{action="forwarded",reason=""\} 2$/m)

      const gone = once(relay.node, 'linkDown')
      await bob.shutdown()
      await gone
      const later = await alice.node.send(bob.node.address, Buffer.from('later'))
      await later.reached('stored')
      const port = new URL(
        relayAt[0]?.replace('/ip4/127.0.0.1/tcp/', 'tcp://h:').replace(/\/p2p.*/, '') ?? '',
      ).port
      await relay.shutdown()

      const node = await MeshNode.create({
        identity: relayIdentity,
        config: { node: { data_dir: join(folder, 'relay') } },
        transports: [tcp({ listen: [`/ip4/127.0.0.1/tcp/${port}`] })],
      })
      relay = await node.run()
      open.push(relay)
      bob = await run(relayAt, join(folder, 'bob'), bobIdentity)
      const [kept] = (await once(bob.node, 'message')) as [IncomingMessage]
      assert.equal(Buffer.from(kept.payload).toString(), 'later')
      await later.reached('delivered')
    } finally {
      for (const handle of open) assert.deepEqual(await handle.shutdown(), { open: [] })
      await rm(folder, { recursive: true })
    }
  })
})
