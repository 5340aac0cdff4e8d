import assert from 'node:assert/strict'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { MeshNode } from '../../src/node/mesh-node.ts'
import { memoryStore } from '../../src/store/memory.ts'
import type { MessageStore } from '../../src/store/store.ts'
import { memory } from '../../src/transport/memory/memory.ts'
import { nextAttempt } from '../../src/wire/envelope.ts'
import { FrameKind, kindOf } from '../../src/wire/frame.ts'
import { announceBy, identityOf, messageBy, T0 } from '../support/frames.ts'
import { during, type RawPeer, type TestMesh, type TestNode, withMesh } from '../support/test-mesh.ts'

async function makeFolder(test: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hopwire-inbox-'))
  // A shutdown's virtual deadline may pass while the real disk still writes.
  test.after(() => rm(folder, { recursive: true, maxRetries: 50, retryDelay: 20 }))
  return folder
}

/** Links a peer with the latest run of a node, which learns the peer's key. */
async function meet(mesh: TestMesh, peer: RawPeer, node: TestNode): Promise<void> {
  mesh.connect(peer, node)
  await mesh.pass(10)
  peer.links.at(-1)?.send(announceBy(peer.identity), 0)
  await mesh.pass(10)
}

function receiptsIn(frames: readonly Uint8Array[]): number {
  return frames.filter((frame) => kindOf(frame) === FrameKind.report).length
}

describe('a message for a node', () => {
  it('is delivered once, whichever run of the node gets its copies, and each copy has its receipt', async (test) => {
    const stored = { node: { data_dir: await makeFolder(test) } }
    await withMesh(async (mesh) => {
      const peer = await mesh.raw('peer')
      const first = await mesh.node('node', stored)
      await meet(mesh, peer, first)
      const frame = messageBy(peer.identity, first.identity)
      peer.links.at(-1)?.send(Uint8Array.from(frame), 2)
      await mesh.pass(1000)
      assert.equal(first.heard.length, 1)
      await during(mesh, first.run.shutdown())

      const second = await mesh.node('node', stored)
      await meet(mesh, peer, second)
      const before = receiptsIn(peer.frames)
      peer.links.at(-1)?.send(Uint8Array.from(frame), 2)
      peer.links.at(-1)?.send(nextAttempt(frame), 2)
      peer.links.at(-1)?.send(messageBy(peer.identity, second.identity, { sequence: 2 }), 2)
      await mesh.pass(1000)
      assert.equal(second.heard.length, 1, 'the new one alone')
      assert.equal(receiptsIn(peer.frames), before + 3)
    })
  })

  it('is known after a kill from a tenth of a second on', async (test) => {
    const folder = await makeFolder(test)
    await withMesh(async (mesh) => {
      const peer = await mesh.raw('peer')
      const first = await mesh.node('node', { node: { data_dir: join(folder, 'first') } })
      await meet(mesh, peer, first)
      const frame = messageBy(peer.identity, first.identity)
      peer.links.at(-1)?.send(Uint8Array.from(frame), 2)
      await mesh.pass(50)
      await cp(join(folder, 'first'), join(folder, 'early'), { recursive: true })
      await mesh.pass(60)
      await cp(join(folder, 'first'), join(folder, 'late'), { recursive: true })
      await during(mesh, first.run.shutdown())
      for (const [name, times] of [
        ['early', 1],
        ['late', 0],
      ] as const) {
        const next = await mesh.node('node', { node: { data_dir: join(folder, name) } })
        await meet(mesh, peer, next)
        peer.links.at(-1)?.send(nextAttempt(frame), 2)
        await mesh.pass(500)
        assert.equal(next.heard.length, times, name)
        await during(mesh, next.run.shutdown())
      }
    })
  })

  it('that was kept goes to a listener that is there before the next run begins', async (test) => {
    const stored = { node: { data_dir: await makeFolder(test) } }
    await withMesh(async (mesh) => {
      const peer = await mesh.raw('peer')
      const deaf = await mesh.node('node', stored, { deaf: true })
      await meet(mesh, peer, deaf)
      peer.links.at(-1)?.send(messageBy(peer.identity, deaf.identity), 2)
      await mesh.pass(1000)
      await during(mesh, deaf.run.shutdown())
      const next = await MeshNode.create({
        identity: deaf.identity,
        config: stored,
        clock: mesh.clock,
        transports: [memory({ network: mesh.network })],
      })
      let heard = 0
      next.on('message', () => {
        heard += 1
      })
      await mesh.pass(1000)
      const run = await next.run()
      await mesh.pass(10)
      assert.equal(heard, 1)
      await during(mesh, run.shutdown())
    })
  })

  it('that lies in the store though it was delivered is not delivered again, and has its receipt', async () => {
    await withMesh(async (mesh) => {
      const peer = await mesh.raw('peer')
      const { address } = identityOf('node')
      const frame = messageBy(peer.identity, identityOf('node'))
      const key = { source: peer.identity.address, created: T0, sequence: 1 }
      const inner = memoryStore({ maxMessages: 10, maxBytes: 10_000, maxMessagesPerSource: 10 })
      const store: MessageStore = {
        name: inner.name,
        async open() {
          await inner.open()
          await inner.put({ ...key, destination: address, priority: 2, expiresAt: T0 + 3600, frame })
        },
        close: () => inner.close(),
        put: (message) => inner.put(message),
        pendingFor: (destination, limit) => inner.pendingFor(destination, limit),
        destinations: (limit) => inner.destinations(limit),
        remove: (named, destination) => inner.remove(named, destination),
        delivered: (delivery) => inner.delivered(delivery),
        deliveries: () => [key],
        expire: (nowSeconds, limit) => inner.expire(nowSeconds, limit),
        stats: () => inner.stats(),
      }
      const node = await mesh.node('node', {}, { store })
      await meet(mesh, peer, node)
      assert.equal(node.heard.length, 0)
      assert.equal(receiptsIn(peer.frames), 1)
      assert.equal(store.stats().messages, 0)
    })
  })

  it('goes to its listener, however many were kept', async () => {
    const COUNT = 2500
    await withMesh(async (mesh) => {
      const peer = await mesh.raw('peer')
      const config = { rate_limit: { frames_per_s: 100_000 } }
      const node = await mesh.node('node', config, { deaf: true })
      await meet(mesh, peer, node)
      for (let sequence = 0; sequence < COUNT; sequence++) {
        peer.links.at(-1)?.send(messageBy(peer.identity, node.identity, { sequence, receipt: false }), 2)
        if (sequence % 100 === 0) await mesh.pass(10)
      }
      await mesh.pass(1000)
      assert.equal(node.run.metricsSnapshot().store?.messages, COUNT)
      const heard = new Set<string>()
      node.node.on('message', ({ id }) => heard.add(id))
      await mesh.pass(1000)
      assert.equal(heard.size, COUNT)
    })
  })
})
