import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { memoryStore } from '../../src/store/memory.ts'
import { type TestMesh, type TestNode, withMesh } from '../support/test-mesh.ts'

const STORE = { maxMessages: 100, maxBytes: 1e6, maxMessagesPerSource: 100 }

async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'hopwire-warm-'))
  try {
    await test(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Alice keeps her files; bob is in her reach for a moment, then she stops. */
async function haveMet(mesh: TestMesh, folder: string): Promise<TestNode> {
  const alice = await mesh.node('alice', { node: { data_dir: folder } }, { store: memoryStore(STORE) })
  const bob = await mesh.node('bob')
  mesh.connect(alice, bob)
  await mesh.pass(1000)
  assert.ok(alice.node.pathTo(bob.node.address))
  mesh.disconnect(alice, bob)
  let stopped = false
  const stop = alice.run.shutdown().then(() => {
    stopped = true
  })
  // In small steps: the deadline of each part is of virtual time, the file is written in real time.
  while (!stopped) await mesh.pass(1)
  await stop
  return bob
}

describe('a node that starts again', () => {
  it('knows whom it knew, and takes messages for them at once', async () => {
    await withFolder(async (folder) => {
      await withMesh(async (mesh) => {
        const bob = await haveMet(mesh, folder)
        const alice = await mesh.node('alice', { node: { data_dir: folder } }, { store: memoryStore(STORE) })
        assert.equal(alice.node.pathTo(bob.node.address)?.nextHop, 'unreachable')
        const delivery = await alice.node.send(bob.node.address, Uint8Array.of(1))
        assert.equal(delivery.state, 'stored')
        mesh.connect(alice, bob)
        await mesh.pass(1000)
        assert.equal(delivery.state, 'delivered')
      })
    })
  })

  it('starts without them when the file is damaged, and keeps that for a look', async () => {
    await withFolder(async (folder) => {
      await withMesh(async (mesh) => {
        const bob = await haveMet(mesh, folder)
        await truncate(join(folder, 'paths'), 40)
        const alice = await mesh.node('alice', { node: { data_dir: folder } }, { store: memoryStore(STORE) })
        assert.equal(alice.node.pathTo(bob.node.address), undefined)
        assert.ok((await readdir(folder)).some((name) => name.startsWith('paths.corrupt-')))
      })
    })
  })
})
