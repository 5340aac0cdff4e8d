import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Identity } from '../../src/identity/identity.ts'
import type { FormerKey } from '../../src/node/key-rotation.ts'
import { relayedAnnounce } from '../../src/wire/announce.ts'
import { encodeSuccession } from '../../src/wire/succession.ts'
import { announceBy, identityOf, T0 } from '../support/frames.ts'
import { during, type TestMesh, type TestNode, withMesh } from '../support/test-mesh.ts'

const HELLO = new TextEncoder().encode('hello')
const DAY_S = 86_400
const [old, next, third] = ['bob', 'next', 'third'].map(identityOf) as [Identity, Identity, Identity]

function successionOf(from: Identity, to: Identity, created = T0): Uint8Array {
  const keys = { created, oldKey: from.publicKey, newKey: to.publicKey }
  return encodeSuccession(
    keys,
    (part) => from.sign(part),
    (part) => to.sign(part),
  )
}

const formerKeys: readonly FormerKey[] = [{ identity: old, succession: successionOf(old, next) }]

function dropped(node: TestNode, reason: string): number {
  const counts = node.run.metricsSnapshot().envelopes
  return counts.find((count) => count.action === 'dropped' && count.reason === reason)?.count ?? 0
}

/** alice - relay; bob is to come. */
async function twoNodes(mesh: TestMesh): Promise<{ alice: TestNode; relay: TestNode }> {
  const alice = await mesh.node('alice')
  const relay = await mesh.node('relay')
  mesh.connect(alice, relay)
  return { alice, relay }
}

async function join(mesh: TestMesh, relay: TestNode, node: Promise<TestNode>): Promise<TestNode> {
  const joined = await node
  mesh.connect(joined, relay)
  await mesh.pass(2000)
  return joined
}

describe('a node with its next key', () => {
  it('gets under its new address what is sent to the old one, and the delivery says so', async () => {
    await withMesh(async (mesh) => {
      const { alice, relay } = await twoNodes(mesh)
      const bob = await join(mesh, relay, mesh.node('next', {}, { identity: next, formerKeys }))
      const delivery = await during(mesh, alice.node.send(old.address, HELLO))
      await mesh.pass(1000)
      assert.ok(delivery.destination.equals(next.address))
      assert.equal(delivery.state, 'delivered')
      assert.equal(bob.heard.length, 1)
    })
  })

  it('gets what a relay kept for its old address, and the source its receipt', async () => {
    await withMesh(async (mesh) => {
      const { alice, relay } = await twoNodes(mesh)
      const before = await join(mesh, relay, mesh.node('bob'))
      await before.run.shutdown()
      await mesh.pass(100)
      const delivery = await during(mesh, alice.node.send(old.address, HELLO))
      await mesh.pass(1000)
      assert.equal(delivery.state, 'stored')
      const bob = await join(mesh, relay, mesh.node('next', {}, { identity: next, formerKeys }))
      assert.equal(bob.heard.length, 1)
      assert.equal(delivery.state, 'delivered')
      assert.ok(delivery.destination.equals(old.address))
      assert.equal(relay.run.metricsSnapshot().store?.messages, 0, 'custody has ended')
    })
  })

  it('answers to the old address no longer than it should', async () => {
    await withMesh(async (mesh) => {
      const { alice, relay } = await twoNodes(mesh)
      const stale = [{ identity: old, succession: successionOf(old, next, T0 - 31 * DAY_S) }]
      await join(mesh, relay, mesh.node('next', {}, { identity: next, formerKeys: stale }))
      await assert.rejects(during(mesh, alice.node.send(old.address, HELLO)), { code: 'ERR_NO_PATH' })
    })
  })

  it('takes its own succession for nothing new', async () => {
    await withMesh(async (mesh) => {
      const { relay } = await twoNodes(mesh)
      const bob = await join(mesh, relay, mesh.node('next', {}, { identity: next, formerKeys }))
      const peer = await mesh.raw('peer')
      mesh.connect(peer, bob)
      await mesh.pass(10)
      peer.links[0]?.send(successionOf(old, next), 0)
      await mesh.pass(10)
      assert.equal(dropped(bob, 'own'), 1)
    })
  })
})

describe('a mesh that hears of a succession', () => {
  it('tells who asks for the old address, long after its owner has stopped', async () => {
    await withMesh(async (mesh) => {
      const relay = await mesh.node('relay')
      const peer = await mesh.raw('peer')
      mesh.connect(peer, relay)
      await mesh.pass(10)
      peer.links[0]?.send(successionOf(old, next, T0 - 300 * DAY_S), 0)
      await mesh.pass(1000)
      const bob = await join(mesh, relay, mesh.node('next', {}, { identity: next }))
      const alice = await join(mesh, relay, mesh.node('alice'))
      const delivery = await during(mesh, alice.node.send(old.address, HELLO))
      await mesh.pass(1000)
      assert.ok(delivery.destination.equals(next.address))
      assert.equal(bob.heard.length, 1)
    })
  })

  it('passes it on once, and again when it is repeated after a while', async () => {
    await withMesh(async (mesh) => {
      const relay = await mesh.node('relay')
      const [left, right] = [await mesh.raw('left'), await mesh.raw('right')]
      mesh.connect(left, relay)
      mesh.connect(right, relay)
      await mesh.pass(10)
      const told = (): number[] =>
        [left, right].map(({ frames }) => frames.filter((frame) => frame[0] === 0x16).length)
      const frame = successionOf(old, next)
      for (let time = 0; time < 5; time++) {
        left.links[0]?.send(Uint8Array.from(frame), 0)
        await mesh.pass(1000)
      }
      assert.deepEqual(told(), [0, 1])
      assert.deepEqual(right.frames.find((frame) => frame[0] === 0x16)?.at(-1), 1)
      assert.equal(dropped(relay, 'duplicate'), 4)
      await mesh.pass(31 * 60_000)
      left.links[0]?.send(Uint8Array.from(frame), 0)
      await mesh.pass(1000)
      assert.deepEqual(told(), [0, 2])
    })
  })

  it('believes no forgery, and comes to the earlier of two', async () => {
    await withMesh(async (mesh) => {
      const relay = await mesh.node('relay')
      const peer = await mesh.raw('peer')
      mesh.connect(peer, relay)
      await mesh.pass(10)
      const say = async (frame: Uint8Array): Promise<void> => {
        peer.links[0]?.send(frame, 0)
        await mesh.pass(200)
      }
      const claimed = { created: T0, oldKey: old.publicKey, newKey: peer.identity.publicKey }
      const mine = (part: Uint8Array): Uint8Array => peer.identity.sign(part)
      await say(encodeSuccession(claimed, mine, mine))
      assert.equal(dropped(relay, 'bad_signature'), 1)
      await say(successionOf(old, third, T0 + 1))
      await say(successionOf(old, next, T0))
      await say(successionOf(old, third, T0 + 1))
      assert.equal(dropped(relay, 'fork'), 1)
      await say(relayedAnnounce(announceBy(next), 1, 10))
      const delivery = await during(mesh, relay.node.send(old.address, HELLO))
      assert.ok(delivery.destination.equals(next.address))
    })
  })
})
