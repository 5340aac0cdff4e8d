import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Delivery } from '../../src/node/delivery.ts'
import { MeshError } from '../../src/runtime/errors.ts'
import { MAX_BODY_BYTES } from '../../src/wire/frame.ts'
import { identityOf } from '../support/frames.ts'
import { during, type TestMesh, type TestNode, withMesh } from '../support/test-mesh.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (payload: Uint8Array | undefined): string => new TextDecoder().decode(payload)

/** alice - relay - bob, paths found. */
async function line(
  mesh: TestMesh,
  options: { bobDeaf?: boolean } = {},
): Promise<Record<'alice' | 'relay' | 'bob', TestNode>> {
  const alice = await mesh.node('alice')
  const relay = await mesh.node('relay')
  const bob = await mesh.node('bob', {}, { deaf: options.bobDeaf === true })
  mesh.connect(alice, relay)
  mesh.connect(bob, relay)
  await mesh.pass(500)
  return { alice, relay, bob }
}

function states(delivery: Delivery): string[] {
  const seen: string[] = [delivery.state]
  delivery.watch(({ state }) => seen.push(state))
  return seen
}

describe('messages', () => {
  it('go over a relay and come back as a receipt', async () => {
    await withMesh(async (mesh) => {
      const { alice, relay, bob } = await line(mesh)
      const delivery = await alice.node.send(bob.node.address, bytes('hello'))
      const seen = states(delivery)
      await mesh.pass(100)
      assert.deepEqual(seen, ['sent', 'delivered'])
      assert.equal(bob.heard.length, 1)
      const message = bob.heard[0]
      assert.equal(text(message?.payload), 'hello')
      assert.equal(message?.id, delivery.id)
      assert.ok(message?.from.equals(alice.node.address))
      assert.equal(message?.hops, 2)
      assert.equal(
        relay.run.metricsSnapshot().envelopes.find(({ action }) => action === 'forwarded')?.count,
        2,
      )
    })
  })

  it('carry from nothing to 65,536 bytes, and a byte more is an error at once', async () => {
    await withMesh(async (mesh) => {
      const { alice, bob } = await line(mesh)
      const large = Uint8Array.from({ length: MAX_BODY_BYTES }, (_, index) => index % 251)
      for (const payload of [new Uint8Array(0), large]) await alice.node.send(bob.node.address, payload)
      await mesh.pass(1000)
      assert.deepEqual(
        bob.heard.map(({ payload }) => payload.length),
        [0, MAX_BODY_BYTES],
      )
      assert.deepEqual(bob.heard[1]?.payload, large)
      await assert.rejects(alice.node.send(bob.node.address, new Uint8Array(MAX_BODY_BYTES + 1)), {
        code: 'ERR_PAYLOAD_TOO_LARGE',
        message: '65537 bytes are too many: a message carries at most 65536',
      })
    })
  })

  it('to an address that nobody knows are an error when the mesh has been asked, and at once soon after', async () => {
    await withMesh(async (mesh) => {
      const { alice } = await line(mesh)
      const { address } = identityOf('stranger')
      const isNoPath = (error: unknown): boolean => {
        assert.ok(error instanceof MeshError && error.code === 'ERR_NO_PATH')
        assert.ok(error.message.includes(address.toString()))
        return true
      }
      await assert.rejects(during(mesh, alice.node.send(address, bytes('?'))), isNoPath)
      await assert.rejects(alice.node.send(address, bytes('?')), isNoPath)
      const alone = await mesh.node('alone')
      await assert.rejects(alone.node.send(address, bytes('?')), isNoPath, 'nobody to ask')
    })
  })

  it('to oneself are delivered', async () => {
    await withMesh(async (mesh) => {
      const alice = await mesh.node('alice')
      const delivery = await alice.node.send(alice.node.address, bytes('note to self'), { receipt: false })
      await mesh.pass(10)
      assert.equal(delivery.state, 'delivered')
      assert.equal(text(alice.heard[0]?.payload), 'note to self')
    })
  })

  it('that overtake the announce of their source wait for it', async () => {
    await withMesh(async (mesh) => {
      const relay = await mesh.node('relay')
      const bob = await mesh.node('bob')
      mesh.connect(bob, relay)
      await mesh.pass(2000)
      const alice = await mesh.node('alice')
      mesh.connect(alice, relay)
      // The relay tells alice of bob at once, but bob hears of alice only after the relay's jitter.
      while (
        !alice.node.status().paths.some(({ destination }) => destination === bob.node.address.toString())
      ) {
        await mesh.pass(1)
      }
      await alice.node.send(bob.node.address, bytes('first!'), { receipt: false })
      await mesh.pass(200)
      assert.equal(text(bob.heard[0]?.payload), 'first!')
    })
  })

  it('are tried again, with the key, when a copy was lost', async () => {
    await withMesh(async (mesh) => {
      const { alice, relay, bob } = await line(mesh)
      const delivery = await alice.node.send(bob.node.address, bytes('again'))
      await mesh.pass(0)
      mesh.disconnect(alice, relay) // the frame is on the cable
      mesh.connect(alice, relay)
      await mesh.pass(10_000)
      assert.equal(delivery.state, 'delivered')
      assert.equal(bob.heard.length, 1)
    })
  })

  it('expire with the reason when nobody can take custody', async () => {
    await withMesh(async (mesh) => {
      const alice = await mesh.node('alice')
      const relay = await mesh.node('relay', { node: { capabilities: ['relay'] } })
      const bob = await mesh.node('bob')
      mesh.connect(alice, relay)
      mesh.connect(bob, relay)
      await mesh.pass(500)
      mesh.disconnect(bob, relay)
      const delivery = await alice.node.send(bob.node.address, bytes('too late'), { ttlMs: 20_000 })
      await mesh.pass(1000)
      assert.equal(delivery.reason, 'no_path')
      const reached = delivery.reached('delivered')
      reached.catch(() => undefined)
      await mesh.pass(25_000)
      await assert.rejects(reached, { code: 'ERR_NOT_DELIVERED', message: /expired: no_path/ })
    })
  })

  it('for which the sender itself has no way wait in its own store', async () => {
    await withMesh(async (mesh) => {
      const { alice, relay, bob } = await line(mesh)
      mesh.disconnect(alice, relay)
      await mesh.pass(10)
      const delivery = await alice.node.send(bob.node.address, bytes('later'))
      assert.equal(delivery.state, 'stored')
      mesh.connect(alice, relay)
      await mesh.pass(3000)
      assert.equal(delivery.state, 'delivered')
      assert.equal(bob.heard.length, 1)
      assert.equal(alice.run.metricsSnapshot().store?.messages, 0)
    })
  })
})

describe('store-and-forward', () => {
  it('keeps what cannot be delivered and hands it over, once, when the destination appears', async () => {
    await withMesh(async (mesh) => {
      const { alice, relay, bob } = await line(mesh)
      mesh.disconnect(bob, relay)
      const deliveries: Delivery[] = []
      for (let n = 0; n < 100; n++) {
        deliveries.push(
          await alice.node.send(bob.node.address, bytes(`${n}`), { priority: n % 2 ? 'bulk' : 'text' }),
        )
      }
      await mesh.pass(1000)
      assert.ok(deliveries.every(({ state }) => state === 'stored'))
      assert.equal(relay.run.metricsSnapshot().store?.messages, 100)
      mesh.connect(bob, relay)
      await mesh.pass(5000)
      assert.ok(deliveries.every(({ state }) => state === 'delivered'))
      const order = bob.heard.map(({ payload }) => Number(text(payload)))
      const even = order.filter((n) => n % 2 === 0)
      assert.equal(new Set(order).size, 100)
      assert.equal(order.length, 100, 'nothing twice')
      assert.deepEqual(order.slice(0, 50), even, 'the more urgent first')
      assert.deepEqual(
        even,
        even.toSorted((a, b) => a - b),
        'the older first',
      )
      assert.equal(relay.run.metricsSnapshot().store?.messages, 0)
    })
  })

  it('survives the end of the relay', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'hopwire-store-'))
    try {
      await withMesh(async (mesh) => {
        const stored = { node: { data_dir: dir } }
        const alice = await mesh.node('alice')
        const first = await mesh.node('relay', stored)
        const bob = await mesh.node('bob')
        mesh.connect(alice, first)
        mesh.connect(bob, first)
        await mesh.pass(500)
        mesh.disconnect(bob, first)
        const delivery = await alice.node.send(bob.node.address, bytes('survivor'))
        await during(mesh, delivery.reached('stored'))
        await during(mesh, first.run.shutdown())
        const second = await mesh.node('relay', stored)
        assert.equal(second.run.metricsSnapshot().store?.messages, 1)
        mesh.connect(bob, second)
        await mesh.pass(3000)
        assert.equal(text(bob.heard[0]?.payload), 'survivor')
        assert.equal(delivery.state, 'delivered')
      })
    } finally {
      await rm(dir, { recursive: true })
    }
  })

  it('keeps messages for a node whose application is away, and says so', async () => {
    await withMesh(async (mesh) => {
      const { alice, bob } = await line(mesh, { bobDeaf: true })
      const delivery = await alice.node.send(bob.node.address, bytes('knock'))
      await mesh.pass(1000)
      assert.equal(delivery.state, 'stored')
      const heard: string[] = []
      bob.node.on('message', ({ payload }) => heard.push(text(payload)))
      await mesh.pass(100)
      assert.deepEqual(heard, ['knock'])
      assert.equal(delivery.state, 'delivered')
      assert.equal(bob.run.metricsSnapshot().store?.messages, 0)
    })
  })

  it('tells the source when a message runs out in the store', async () => {
    await withMesh(async (mesh) => {
      const { alice, relay, bob } = await line(mesh)
      mesh.disconnect(bob, relay)
      const delivery = await alice.node.send(bob.node.address, bytes('short'), { ttlMs: 5000 })
      await mesh.pass(1000)
      assert.equal(delivery.state, 'stored')
      await mesh.pass(20_000)
      assert.equal(delivery.state, 'expired')
      assert.equal(relay.run.metricsSnapshot().store?.messages, 0)
      assert.equal(relay.run.metricsSnapshot().store?.expired, 1)
    })
  })

  it('hands what a sender could not finish over to its next run', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'hopwire-store-'))
    try {
      await withMesh(async (mesh) => {
        const alice = await mesh.node('alice', { node: { data_dir: dir } })
        const relay = await mesh.node('relay', { node: { capabilities: ['relay'] } })
        const bob = await mesh.node('bob')
        mesh.connect(alice, relay)
        mesh.connect(bob, relay)
        await mesh.pass(500)
        mesh.disconnect(bob, relay)
        await alice.node.send(bob.node.address, bytes('unfinished'))
        await during(mesh, alice.run.shutdown())
        mesh.connect(bob, relay)
        await mesh.node('alice', { node: { data_dir: dir } })
        await mesh.pass(10_000)
        assert.deepEqual(
          bob.heard.map(({ payload }) => text(payload)),
          ['unfinished'],
        )
      })
    } finally {
      await rm(dir, { recursive: true })
    }
  })
})
