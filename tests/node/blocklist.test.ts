import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { announceBy, messageBy } from '../support/frames.ts'
import { during, type TestMesh, type TestNode, withMesh } from '../support/test-mesh.ts'

const HELLO = new TextEncoder().encode('hello')

function dropped(node: TestNode, reason: string): number {
  const counts = node.run.metricsSnapshot().envelopes
  return counts.find((count) => count.action === 'dropped' && count.reason === reason)?.count ?? 0
}

/** alice - near - relay - bob */
async function chain(mesh: TestMesh): Promise<[TestNode, TestNode, TestNode, TestNode]> {
  const nodes: TestNode[] = []
  for (const name of ['alice', 'near', 'relay', 'bob']) nodes.push(await mesh.node(name))
  const [alice, near, relay, bob] = nodes as [TestNode, TestNode, TestNode, TestNode]
  mesh.connect(alice, near)
  mesh.connect(near, relay)
  mesh.connect(relay, bob)
  await mesh.pass(3000)
  return [alice, near, relay, bob]
}

describe('a node that is blocked', () => {
  it('is gone from the paths at once, and comes back in no announce', async () => {
    await withMesh(async (mesh) => {
      const [alice, , relay] = await chain(mesh)
      assert.ok(relay.node.pathTo(alice.identity.address))
      await during(mesh, relay.node.setBlocklist([alice.identity.address]))
      assert.equal(relay.node.pathTo(alice.identity.address), undefined)
      await mesh.pass(15 * 60_000)
      assert.equal(relay.node.pathTo(alice.identity.address), undefined)
      assert.ok(dropped(relay, 'blocked') > 0)
      await assert.rejects(during(mesh, relay.node.send(alice.identity.address, HELLO)), {
        code: 'ERR_NO_PATH',
        message: `${alice.identity.address} is on the blocklist`,
      })
    })
  })

  it('gets nothing through in either direction, and everybody else does', async () => {
    await withMesh(async (mesh) => {
      const [alice, near, relay, bob] = await chain(mesh)
      await during(mesh, relay.node.setBlocklist([alice.identity.address]))
      await during(mesh, alice.node.send(bob.identity.address, HELLO))
      await during(mesh, bob.node.send(alice.identity.address, HELLO))
      const other = await during(mesh, near.node.send(bob.identity.address, HELLO))
      await mesh.pass(1000)
      assert.equal(alice.heard.length, 0)
      assert.deepEqual(
        bob.heard.map(({ from }) => String(from)),
        [near.identity.address.toString()],
      )
      assert.equal(other.state, 'delivered')
      assert.ok(dropped(relay, 'blocked') >= 2)
      await during(mesh, relay.node.setBlocklist([]))
      await mesh.pass(11 * 60_000)
      const again = await during(mesh, alice.node.send(bob.identity.address, HELLO))
      await mesh.pass(5000)
      assert.equal(again.state, 'delivered', 'and all is as before when it is taken off the list')
    })
  })

  it('loses its link, and gets no other', async () => {
    await withMesh(async (mesh) => {
      const node = await mesh.node('node')
      const peer = await mesh.raw('peer')
      mesh.connect(peer, node)
      await mesh.pass(10)
      const events: string[] = []
      node.node.on('linkUp', () => events.push('up'))
      node.node.on('linkDown', (_link, reason) => events.push(`down ${reason}`))
      await during(mesh, node.node.setBlocklist([peer.identity.address]))
      await mesh.pass(10)
      assert.deepEqual(events.splice(0), ['down blocked'])
      mesh.disconnect(peer, node)
      mesh.connect(peer, node)
      peer.links.at(-1)?.send(announceBy(peer.identity), 0)
      await mesh.pass(10)
      assert.deepEqual(events, [], 'nobody is told of a link that was never there')
      assert.equal(node.run.metricsSnapshot().transports[0]?.links, 0)
      assert.equal(node.node.pathTo(peer.identity.address), undefined)
    })
  })

  it('has its messages taken out of the store', async () => {
    await withMesh(async (mesh) => {
      const [alice, near, relay, bob] = await chain(mesh)
      await bob.run.shutdown()
      await mesh.pass(100)
      for (const from of [alice, near, alice]) await during(mesh, from.node.send(bob.identity.address, HELLO))
      await mesh.pass(1000)
      assert.equal(relay.run.metricsSnapshot().store?.messages, 3)
      const before = dropped(relay, 'blocked')
      await during(mesh, relay.node.setBlocklist([alice.identity.address]))
      assert.equal(relay.run.metricsSnapshot().store?.messages, 1)
      assert.equal(dropped(relay, 'blocked') - before, 2)
      const back = await mesh.node('bob')
      mesh.connect(back, relay)
      await mesh.pass(5000)
      assert.deepEqual(
        back.heard.map(({ from }) => String(from)),
        [near.identity.address.toString()],
      )
    })
  })
})

describe('the blocklist of the configuration', () => {
  async function withFile(text: string, test: (file: string) => Promise<void>): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'hopwire-blocked-'))
    try {
      await writeFile(join(folder, 'blocked'), text)
      await test(join(folder, 'blocked'))
    } finally {
      await rm(folder, { recursive: true })
    }
  }

  it('holds from the start', async () => {
    await withMesh(async (mesh) => {
      const peer = await mesh.raw('peer')
      const key = Buffer.from(peer.identity.publicKey).toString('hex')
      await withFile(`${key} # a pest\n`, async (file) => {
        const node = await mesh.node('node', { blocklist: { file } })
        mesh.connect(peer, node)
        await mesh.pass(10)
        peer.links[0]?.send(messageBy(peer.identity, node.identity), 2)
        await mesh.pass(10)
        assert.deepEqual(peer.downs.length > 0, true)
        assert.equal(node.heard.length, 0)
      })
    })
  })

  it('with an error keeps the node from starting, naming file and line', async () => {
    await withMesh(async (mesh) => {
      await withFile('# fine\nnot fine\n', async (file) => {
        await assert.rejects(
          mesh.node('node', { blocklist: { file } }),
          (error: Error & { code?: string }) => {
            assert.equal(error.code, 'ERR_CONFIG')
            assert.ok(error.message.startsWith(`${file}:2: expected an address`))
            return true
          },
        )
      })
    })
  })
})
