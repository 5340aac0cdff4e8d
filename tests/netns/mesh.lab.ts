import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { NeighbourView } from '../../src/observability/snapshot.ts'
import { BadLine } from './bad-line.ts'
import { Lab } from './lab.ts'
import { CARRIERS, type Carrier, carriedBy, multiaddrOf } from './meeting.ts'
import { MeshNode, PORT } from './mesh-node.ts'
import { NAT_KINDS } from './nat.ts'
import { labMissing } from './system.ts'

const skip = labMissing() ?? false

/** From the moment that a restarted peer listens again, with a second more for a busy machine, and from any other change. */
const AFTER_RESTART_MS = 3000
const AFTER_CHANGE_MS = 5000

async function startServer(lab: Lab, carrier: Carrier = 'tcp'): Promise<MeshNode> {
  return await MeshNode.start(await lab.server('relay'), carriedBy(carrier, []))
}

function isLinkedTo(node: MeshNode): (neighbours: readonly NeighbourView[]) => boolean {
  return (neighbours) => neighbours.some(({ address }) => address === node.address)
}

function remoteIs(address: string | undefined): (neighbours: readonly NeighbourView[]) => boolean {
  return (neighbours) => neighbours.some(({ remote }) => remote.startsWith(`/ip4/${address}/`))
}

describe('a mesh of nodes behind NATs', { skip, concurrency: 2 }, () => {
  test('is joined by a relay that they dial, whatever kind of NAT each is behind', async () => {
    await using lab = await Lab.open()
    const relay = await startServer(lab)
    const nodes: MeshNode[] = []
    for (const kind of NAT_KINDS) {
      nodes.push(await MeshNode.make(await lab.home(kind, kind), carriedBy('tcp', [relay.multiaddr()])))
    }
    for (const node of nodes) await node.start()
    for (const [index, node] of nodes.entries()) {
      const next = nodes[(index + 1) % nodes.length]
      assert.ok(next)
      await Promise.all([node.deliver(next), next.deliver(node)])
    }
  })

  test('has direct links between two behind one NAT', async () => {
    await using lab = await Lab.open()
    const relay = await startServer(lab)
    const home = await lab.site('home', 'port-restricted')
    const [first, second] = [await lab.host('first'), await lab.host('second')]
    await first.attach(home)
    await second.attach(home)
    const alice = await MeshNode.start(first, carriedBy('tcp', [relay.multiaddr()]))
    const bob = await MeshNode.start(second, carriedBy('tcp', [relay.multiaddr(), alice.multiaddr()]))
    await bob.until(isLinkedTo(alice), AFTER_CHANGE_MS)
    await alice.deliver(bob)
  })

  test('delivers over a line that is slow, long and lossy', async () => {
    await using lab = await Lab.open()
    const relay = await startServer(lab)
    const middle = await lab.server('middle')
    const target = `${relay.host.address}:${PORT}`
    const line = await BadLine.start(middle, { port: PORT, target, seed: 1 })
    await line.become({ lossRate: 0.05, delayMs: 100, bitsPerSecond: 256_000 })
    const config = carriedBy('tcp', [relay.multiaddr(middle.address)])
    const alice = await MeshNode.start(await lab.home('alice', 'port-restricted'), config)
    await alice.deliver(relay)
    await line.cut()
    await alice.deliver(relay)
    await relay.deliver(alice)
  })
})

for (const carrier of CARRIERS) {
  describe(`a link over ${carrier}`, { skip, concurrency: 2 }, () => {
    for (const [end, name] of [
      ['stop', 'restarts'],
      ['kill', 'crashes and restarts'],
    ] as const) {
      test(`comes back when a peer ${name}`, async (t) => {
        await using lab = await Lab.open()
        const relay = await startServer(lab, carrier)
        const config = carriedBy(carrier, [multiaddrOf(relay, carrier)])
        const alice = await MeshNode.start(await lab.home('alice', 'symmetric'), config)
        await alice.until(isLinkedTo(relay), AFTER_CHANGE_MS)
        await relay[end]()
        await relay.start()
        const tookMs = await alice.deliver(relay, AFTER_RESTART_MS)
        t.diagnostic(`${carrier}, ${end} and start: delivered after ${Math.round(tookMs)} ms`)
      })
    }

    test('leads to a peer whose name means another address now', async (t) => {
      await using lab = await Lab.open()
      const relay = await startServer(lab, carrier)
      const home = await lab.home('alice', 'port-restricted')
      await home.resolve('relay.lab', relay.host.address)
      const named = multiaddrOf(relay, carrier).replace(/^\/ip4\/[\d.]+/, '/dns4/relay.lab')
      const alice = await MeshNode.start(home, carriedBy(carrier, [named]))
      await alice.until(isLinkedTo(relay), AFTER_CHANGE_MS)
      await relay.host.changeAddress()
      await home.resolve('relay.lab', relay.host.address)
      const tookMs = await alice.deliver(relay, AFTER_CHANGE_MS)
      t.diagnostic(`${carrier}, another address: delivered after ${Math.round(tookMs)} ms`)
    })

    test('recovers when a laptop goes from one network to another', async (t) => {
      await using lab = await Lab.open()
      const relay = await startServer(lab, carrier)
      const [wifi, mobile] = [
        await lab.site('wifi', 'port-restricted'),
        await lab.site('mobile', 'symmetric'),
      ]
      const laptop = await lab.host('laptop')
      await laptop.attach(wifi)
      await laptop.attach(mobile)
      const alice = await MeshNode.start(laptop, carriedBy(carrier, [multiaddrOf(relay, carrier)]))
      await relay.until(remoteIs(wifi.publicAddress), AFTER_CHANGE_MS)
      for (const network of [mobile, wifi]) {
        await laptop.use(network)
        const tookMs = await alice.deliver(relay, AFTER_CHANGE_MS)
        t.diagnostic(`${carrier}, another network: delivered after ${Math.round(tookMs)} ms`)
        await relay.deliver(alice)
      }
    })
  })
}
