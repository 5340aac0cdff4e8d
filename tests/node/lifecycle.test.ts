import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MeshNode } from '../../src/node/mesh-node.ts'
import { MeshError } from '../../src/runtime/errors.ts'
import type { Service } from '../../src/services/service.ts'
import { memoryStore } from '../../src/store/memory.ts'
import type { MessageStore } from '../../src/store/store.ts'
import type { TransportFactory } from '../../src/transport/transport.ts'
import { during, withMesh } from '../support/test-mesh.ts'

const LIMITS = { maxMessages: 100, maxBytes: 1e6, maxMessagesPerSource: 100 }

/** A store that notes when it opens and closes. */
function notedStore(notes: string[], slowClose?: Promise<void>): MessageStore {
  const store = memoryStore(LIMITS)
  return Object.assign(Object.create(store) as MessageStore, {
    open: async () => {
      notes.push('store open')
      await store.open()
    },
    close: async () => {
      notes.push('store close')
      await slowClose
      await store.close()
    },
    put: store.put.bind(store),
    stats: store.stats.bind(store),
    expire: store.expire.bind(store),
    remove: store.remove.bind(store),
    delivered: store.delivered.bind(store),
    deliveries: store.deliveries.bind(store),
    pendingFor: store.pendingFor.bind(store),
  })
}

function notedService(notes: string[], name: string, id: number, extra: Partial<Service> = {}): Service {
  return {
    id,
    name,
    version: 1,
    capabilities: 0x0400,
    start: () => void notes.push(`${name} start`),
    handle: () => undefined,
    stop: () => void notes.push(`${name} stop`),
    ...extra,
  }
}

function failingTransport(): TransportFactory {
  return () => ({
    name: 'failing',
    listenAddresses: [],
    counters: { framesSent: 0, framesReceived: 0, bytesSent: 0, bytesReceived: 0, errors: new Map() },
    targets: [],
    start: () => Promise.reject(new MeshError('ERR_LISTEN', 'the address is in use')),
    stop: () => Promise.resolve(),
  })
}

describe('the life of a node', () => {
  it('works with nothing given', async () => {
    const node = await MeshNode.create()
    const run = await node.run()
    assert.match(node.address.toString(), /^[0-9a-f]{32}$/)
    assert.match(run.listenAddresses[0] ?? '', /^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3Koo/)
    assert.equal(run.healthAddress, undefined)
    assert.equal(run.health().status, 'healthy')
    assert.deepEqual(await run.shutdown(), { open: [] })
  })

  it('starts its parts in order and stops them in the reverse one', async () => {
    await withMesh(async (mesh) => {
      const notes: string[] = []
      const { run } = await mesh.node(
        'node',
        {},
        {
          store: notedStore(notes),
          services: [notedService(notes, 'first', 300), notedService(notes, 'second', 301)],
        },
      )
      assert.deepEqual(notes, ['store open', 'first start', 'second start'])
      await during(mesh, run.shutdown())
      assert.deepEqual(notes.slice(3), ['second stop', 'first stop', 'store close'])
    })
  })

  it('takes down what had started when a part fails to start', async () => {
    const notes: string[] = []
    const node = await MeshNode.create({
      store: notedStore(notes),
      services: [notedService(notes, 'service', 300)],
      transports: [failingTransport()],
      config: { http: { listen: '127.0.0.1:0' } },
    })
    await assert.rejects(node.run(), { code: 'ERR_LISTEN', message: 'the address is in use' })
    assert.deepEqual(notes, ['store open', 'service start', 'service stop', 'store close'])
  })

  it('runs once, and sends only while it runs', async () => {
    await withMesh(async (mesh) => {
      const idle = await MeshNode.create({ transports: [] })
      await assert.rejects(idle.send(idle.address, new Uint8Array(1)), {
        code: 'ERR_LIFECYCLE',
        message: 'the node is not running yet: call run() first',
      })
      const { node, run } = await mesh.node('node')
      await assert.rejects(node.run(), { code: 'ERR_LIFECYCLE' })
      await during(mesh, run.shutdown())
      await assert.rejects(node.send(node.address, new Uint8Array(1)), {
        code: 'ERR_LIFECYCLE',
        message: 'the node has been shut down',
      })
    })
  })

  it('says draining while it stops, and shutting down twice is shutting down once', async () => {
    await withMesh(async (mesh) => {
      const closing = Promise.withResolvers<void>()
      const notes: string[] = []
      const { run } = await mesh.node('node', {}, { store: notedStore(notes, closing.promise) })
      const first = run.shutdown()
      assert.equal(run.health().status, 'draining')
      const second = run.shutdown()
      assert.equal(first, second)
      await mesh.pass(100)
      closing.resolve()
      assert.deepEqual(await during(mesh, first), { open: [] })
      assert.equal(notes.filter((note) => note === 'store close').length, 1)
    })
  })

  it('does not wait for ever for a service, and reports it', async () => {
    await withMesh(async (mesh) => {
      const stuck = notedService([], 'stuck', 300, { stop: () => new Promise(() => undefined) })
      const { run } = await mesh.node('node', {}, { services: [stuck] })
      const startedAt = mesh.clock.monotonic()
      const report = await during(mesh, run.shutdown({ deadlineMs: 1000 }))
      assert.deepEqual(report.open, ['service stuck'])
      assert.ok(mesh.clock.monotonic() - startedAt <= 1500)
    })
  })

  it('announces the capabilities of its services', async () => {
    await withMesh(async (mesh) => {
      const alice = await mesh.node('alice', {}, { services: [notedService([], 'patients', 300)] })
      const bob = await mesh.node('bob')
      mesh.connect(alice, bob)
      await mesh.pass(500)
      assert.deepEqual(bob.node.status().paths[0]?.capabilities, ['relay', 'store', 'fappPatient'])
    })
  })
})

describe('services', () => {
  const text = (payload: Uint8Array | undefined): string => new TextDecoder().decode(payload)

  it('get the messages of their number, and answer on it', async () => {
    await withMesh(async (mesh) => {
      const replies: string[] = []
      const echo: Service = {
        ...notedService([], 'echo', 300),
        async handle(message, context) {
          await context.send(message.from, message.payload, { receipt: false })
        },
      }
      const client: Service = {
        ...notedService([], 'echo', 300),
        handle: ({ payload }) => void replies.push(text(payload)),
      }
      const alice = await mesh.node('alice', {}, { services: [client] })
      const bob = await mesh.node('bob', {}, { services: [echo] })
      mesh.connect(alice, bob)
      await mesh.pass(500)
      const delivery = await alice.node.send(bob.node.address, new TextEncoder().encode('hey'), {
        service: 300,
      })
      await mesh.pass(100)
      assert.equal(delivery.state, 'delivered')
      assert.deepEqual(replies, ['hey'])
      assert.equal(alice.heard.length + bob.heard.length, 0)
    })
  })

  it('that are absent or fail are told to the source, for good', async () => {
    await withMesh(async (mesh) => {
      const failing: Service = {
        ...notedService([], 'failing', 301),
        handle: () => Promise.reject(new Error('no')),
      }
      const alice = await mesh.node('alice')
      const bob = await mesh.node('bob', {}, { services: [failing] })
      mesh.connect(alice, bob)
      await mesh.pass(500)
      for (const [service, reason] of [
        [300, 'no_service'],
        [301, 'service_failed'],
      ] as const) {
        const delivery = await alice.node.send(bob.node.address, new Uint8Array(1), { service })
        await mesh.pass(100)
        assert.equal(delivery.state, 'failed')
        assert.equal(delivery.reason, reason)
      }
    })
  })

  const wrong: [string, Service[]][] = [
    ["'a' and 'b' both have number 300", [notedService([], 'a', 300), notedService([], 'b', 300)]],
    ['two services have the same name', [notedService([], 'a', 300), notedService([], 'a', 301)]],
    ["service 'a' has number 255: services take 256 to 65535", [notedService([], 'a', 255)]],
    ["service 'a' requires 'b', which is not registered", [notedService([], 'a', 300, { requires: ['b'] })]],
  ]
  for (const [message, services] of wrong) {
    it(`are refused: ${message}`, async () => {
      await assert.rejects(MeshNode.create({ services, transports: [] }), { code: 'ERR_SERVICE', message })
    })
  }
})

describe('a trace', () => {
  it('names every hop and its time', async () => {
    await withMesh(async (mesh) => {
      const nodes = []
      for (const name of ['alice', 'one', 'two', 'bob']) nodes.push(await mesh.node(name))
      for (let n = 1; n < nodes.length; n++) mesh.connect(nodes[n - 1] as never, nodes[n] as never)
      await mesh.pass(3000)
      const [alice, ...others] = nodes
      const bob = others.at(-1)
      assert.ok(alice && bob)
      const hops = await during(mesh, alice.node.trace(bob.node.address))
      assert.deepEqual(
        hops.map(({ hop, address }) => [hop, address?.toString()]),
        others.map(({ node }, index) => [index + 1, node.address.toString()]),
      )
      const times = hops.map(({ roundTripMs }) => roundTripMs ?? Number.NaN)
      assert.deepEqual(
        times,
        times.toSorted((a, b) => a - b),
      )
      assert.ok(
        times.every((time) => time >= 2 && time < 10),
        String(times),
      )
    })
  })

  it('leaves a gap where nobody answers in time', async () => {
    await withMesh(async (mesh) => {
      const alice = await mesh.node('alice')
      const relay = await mesh.node('relay')
      const bob = await mesh.node('bob')
      mesh.connect(alice, relay)
      mesh.connect(relay, bob)
      await mesh.pass(500)
      mesh.disconnect(relay, bob)
      const hops = await during(mesh, alice.node.trace(bob.node.address, { timeoutMs: 1000 }))
      assert.equal(hops[0]?.address?.toString(), relay.node.address.toString())
      assert.deepEqual(hops[1], { hop: 2, address: undefined, roundTripMs: undefined })
    })
  })
})
