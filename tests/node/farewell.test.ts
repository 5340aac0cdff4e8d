/** A relay that stops while messages go through it: they take the other way, and none waits in its store. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { Identity } from '../../src/identity/identity.ts'
import { MeshNode } from '../../src/node/mesh-node.ts'
import type { RunHandle } from '../../src/node/run-handle.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { RecordingHost } from '../../src/testing/recording-host.ts'
import { tcp } from '../../src/transport/internet/tcp.ts'
import { componentsOf } from '../transport/internet/tcp-bench.ts'

const ANY = '/ip4/127.0.0.1/tcp/0'
const BYSTANDERS = 40
const MESSAGES = 300

async function run(test: TestContext, label: string, listen: string[], peers: string[]): Promise<RunHandle> {
  const identity = Identity.generate(seededRandom(`farewell ${label}`))
  const handle = await (await MeshNode.create({ identity, transports: [tcp({ listen, peers })] })).run()
  test.after(() => handle.shutdown())
  return handle
}

async function untilPath(
  test: TestContext,
  from: RunHandle,
  to: RunHandle,
  alternates: number,
): Promise<void> {
  while ((from.node.pathTo(to.node.address)?.alternates.length ?? -1) < alternates) {
    test.signal.throwIfAborted()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

describe('a relay that stops under load', () => {
  it('keeps no message back that has another way', { timeout: 60_000 }, async (test) => {
    const relays = [await run(test, 'one', [ANY], []), await run(test, 'two', [ANY], [])]
    const at = relays.flatMap(({ listenAddresses }) => listenAddresses)
    const [alice, bob] = [await run(test, 'alice', [], at), await run(test, 'bob', [], at)]
    await untilPath(test, alice, bob, 1)
    await untilPath(test, bob, alice, 1)
    const via = alice.node.pathTo(bob.node.address)?.nextHop
    const stopping = relays.find(({ node }) => node.address.toString() === via)
    assert.ok(stopping)
    // Each takes time to let go.
    const host = new RecordingHost(test.signal)
    const bystanders = Array.from({ length: BYSTANDERS }, (_, n) => {
      const identity = Identity.generate(seededRandom(`farewell bystander ${n}`))
      return tcp({ peers: stopping.listenAddresses })(componentsOf(identity))
    })
    test.after(() => Promise.all(bystanders.map((each) => each.stop(AbortSignal.abort()))))
    for (const each of bystanders) await each.start(host)
    await host.until('all are linked', () => host.links.length === BYSTANDERS)

    let received = 0
    bob.node.on('message', () => {
      received += 1
    })
    const send = () => alice.node.send(bob.node.address, Buffer.from('hello'))
    const first = await send()
    await first.reached('delivered')
    let isStopped = false
    const stopped = stopping.shutdown({ deadlineMs: 10_000 }).then((report) => {
      isStopped = true
      return report
    })
    const deliveries = [first]
    while (!isStopped || deliveries.length < MESSAGES) {
      test.signal.throwIfAborted()
      deliveries.push(await send())
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.deepEqual((await stopped).open, [])
    await Promise.all(deliveries.map((delivery) => delivery.reached('delivered', { signal: test.signal })))
    assert.equal(received, deliveries.length)
  })
})
