import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import type { PartialConfig } from '../../src/config/config.ts'
import { Identity } from '../../src/identity/identity.ts'
import { MeshNode } from '../../src/node/mesh-node.ts'
import type { RunHandle } from '../../src/node/run-handle.ts'
import { seededRandom } from '../../src/runtime/random.ts'

const LIMIT = { timeout: 30_000 }

async function run(
  test: TestContext,
  label: string,
  tcp: PartialConfig['transport'] = {},
): Promise<RunHandle> {
  const identity = Identity.generate(seededRandom(`addresses ${label}`))
  const handle = await (await MeshNode.create({ identity, config: { transport: tcp } })).run()
  test.after(() => handle.shutdown())
  return handle
}

async function until(test: TestContext, condition: () => boolean): Promise<void> {
  while (!condition()) {
    test.signal.throwIfAborted()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** A port at which nobody listens. */
async function deadPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

describe("a node's address book", () => {
  it('knows of each configured address whether it has led to the neighbour', LIMIT, async (test) => {
    const bob = await run(test, 'bob')
    const [alive = ''] = bob.listenAddresses
    const dead = `/ip4/127.0.0.1/tcp/${await deadPort()}/p2p/${alive.split('/p2p/')[1]}`
    const alice = await run(test, 'alice', { tcp: { listen: [], peers: [dead, alive] } })
    const known = () => {
      return alice.node.status().addresses.map(({ linkedSecondsAgo, failures, ...rest }) => {
        return { ...rest, hasLinked: linkedSecondsAgo !== undefined, hasFailed: failures > 0 }
      })
    }
    await until(test, () => known().some(({ hasLinked }) => hasLinked))
    await until(test, () => known().some(({ hasFailed }) => hasFailed))
    const ofBob = { neighbour: bob.node.address.toString(), transport: 'tcp', source: 'configured' }
    assert.deepEqual(known(), [
      { ...ofBob, address: alive, hasLinked: true, hasFailed: false },
      { ...ofBob, address: dead, hasLinked: false, hasFailed: true },
    ])
    await until(test, () => bob.node.status().addresses.length > 0)
    const [seen, ...others] = bob.node.status().addresses
    assert.deepEqual(
      [seen?.neighbour, seen?.source, others.length],
      [alice.node.address.toString(), 'seen', 0],
    )
  })
})
