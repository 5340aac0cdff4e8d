/** What becomes of messages while the links under them break: whole nodes over real sockets. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it, type TestContext } from 'node:test'
import { MeshNode } from '../../src/node/mesh-node.ts'
import type { MeshNodeOptions } from '../../src/node/options.ts'
import type { RunHandle } from '../../src/node/run-handle.ts'
import { Cable } from '../transport/internet/cable.ts'

async function run(test: TestContext, options: MeshNodeOptions): Promise<RunHandle> {
  const handle = await (await MeshNode.create(options)).run()
  test.after(() => handle.shutdown({ deadlineMs: 1000 }))
  return handle
}

function knows(from: RunHandle, to: RunHandle): boolean {
  const wanted = to.node.address.toString()
  return from.node.status().paths.some(({ destination }) => destination === wanted)
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('messages over a line that breaks again and again', () => {
  it('arrive once each, none lost, though nobody asked for receipts', { timeout: 60_000 }, async (test) => {
    const relay = await run(test, { config: { node: { capabilities: ['relay', 'store'] } } })
    const cable = await Cable.lay(relay.listenAddresses[0] as string)
    test.after(() => cable.remove())
    const source = await run(test, { config: { transport: { tcp: { peers: [cable.address] } } } })
    const sink = await run(test, {
      config: { transport: { tcp: { peers: [relay.listenAddresses[0] as string] } } },
    })
    while (!knows(source, sink)) await once(source.node, 'pathFound')
    // Only so many messages wait for the key of a source that has not been heard.
    while (!knows(sink, source)) await once(sink.node, 'pathFound')
    const got: number[] = []
    sink.node.on('message', ({ payload }) => got.push(Number(Buffer.from(payload).toString())))
    const count = 600
    for (let n = 0; n < count; n++) {
      await source.node.send(sink.node.address, Buffer.from(`${n}`), { receipt: false })
      if (n % 10 === 0) await turn()
      if (n % 200 === 150) cable.flap()
      // Some are sent while there is no link, and the next ones over a new one.
      if (n % 200 === 199) while (!knows(source, sink)) await turn()
    }
    while (got.length < count) {
      test.signal.throwIfAborted()
      await turn()
    }
    assert.deepEqual(
      got.toSorted((a, b) => a - b),
      Array.from({ length: count }, (_, n) => n),
    )
  })
})
