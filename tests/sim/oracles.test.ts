/** Each oracle is shown what it is there for: a simulation that is broken on purpose. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Address } from '../../src/identity/address.ts'
import type { MetricsSnapshot } from '../../src/observability/snapshot.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import type { IncomingMessage } from '../../src/services/service.ts'
import { Forgeries } from '../../src/sim/byzantine.ts'
import { NextHops } from '../../src/sim/next-hops.ts'
import { Findings } from '../../src/sim/oracles.ts'
import { Recorder } from '../../src/sim/recorder.ts'
import type { SimNode, Simulation } from '../../src/sim/simulation.ts'
import { capacityProblems, loops } from '../../src/sim/state-checks.ts'
import type { Link } from '../../src/transport/transport.ts'
import { encodePathRequest } from '../../src/wire/path-request.ts'
import { announceBy, identityOf } from '../support/frames.ts'
import { Engine } from './engine.ts'
import { lineOf } from './meshes.ts'

function found(simulation: Simulation): string[] {
  return simulation.check().map(({ oracle, node }) => `${oracle} ${node}`)
}

function meshNode(simulation: Simulation, index: number): NonNullable<SimNode['node']> {
  const { node } = simulation.nodes[index] as SimNode
  assert.ok(node !== undefined)
  return node
}

/** Node 0's end of the link to node 1, as the node holds it. */
async function linkOf(simulation: Simulation, bitsPerSecond = 1e9): Promise<Link> {
  const links: Link[] = []
  meshNode(simulation, 0).on('linkUp', (link) => links.push(link))
  simulation.disconnect(0, 1)
  simulation.connect(0, 1, { bitsPerSecond })
  await simulation.run(5000)
  return links[0] as Link
}

describe('the oracles', () => {
  it('find nothing where nothing is wrong', async () => {
    const simulation = await lineOf(3)
    simulation.send(0, 2)
    await simulation.run(20_000)
    assert.deepEqual(simulation.check(), [])
  })

  it('notice a message that an application gets twice, or that nobody sent', async () => {
    const simulation = await lineOf(3)
    const heard: IncomingMessage[] = []
    const node = meshNode(simulation, 2)
    node.on('message', (message) => heard.push(message))
    simulation.send(0, 2)
    await simulation.run(1000)
    const [message] = heard
    assert.ok(message !== undefined)
    node.emit('message', message)
    assert.deepEqual(found(simulation), ['duplicate 2'])
    node.emit('message', { ...message, payload: message.payload.toReversed() })
    meshNode(simulation, 1).emit('message', message)
    assert.deepEqual(found(simulation), ['duplicate 2', 'forged 2', 'forged 1'])
  })

  it('notice a message that comes again after a crash, where the node could know that it had it', async () => {
    const simulation = await lineOf(3)
    const heard: IncomingMessage[] = []
    meshNode(simulation, 2).on('message', (message) => heard.push(message))
    simulation.send(0, 2)
    await simulation.run(1000)
    simulation.crash(2)
    await simulation.restart(2)
    await simulation.run(5000)
    assert.deepEqual(found(simulation), [])
    const [message] = heard
    assert.ok(message !== undefined)
    meshNode(simulation, 2).emit('message', message)
    assert.deepEqual(found(simulation), ['duplicate 2'])
  })

  it('notice a receipt for a message that did not arrive', async () => {
    const simulation = await lineOf(3)
    const node = meshNode(simulation, 2)
    node.removeAllListeners('message')
    node.on('message', () => undefined)
    simulation.send(0, 2)
    await simulation.run(1000)
    assert.deepEqual(found(simulation), ['receipt 0'])
  })

  it('notice a message that was to be kept and is not', async () => {
    const simulation = await lineOf(3)
    simulation.disconnect(1, 2)
    simulation.send(0, 2)
    await simulation.run(1000)
    assert.deepEqual(found(simulation), [])
    for (const { disk } of simulation.nodes) for (const message of [...disk.messages]) disk.erase(message)
    assert.deepEqual(found(simulation), ['held 0'])
  })

  it('notice a frame that has come too far', async () => {
    const simulation = await lineOf(2)
    const link = await linkOf(simulation)
    const announce = announceBy(identityOf('far away'))
    announce[announce.length - 3] = 63
    link.send(Uint8Array.from(announce), 0)
    await simulation.run(10)
    assert.deepEqual(found(simulation), [])
    announce[announce.length - 3] = 64
    link.send(announce, 0)
    await simulation.run(10)
    assert.deepEqual(found(simulation), ['hop_limit 0'])
  })

  it('let an announce come further where somebody has asked for it', async () => {
    const simulation = await lineOf(2)
    const link = await linkOf(simulation)
    const far = identityOf('far away')
    link.send(encodePathRequest({ reach: 1, target: far.address.bytes, newerThan: 0, number: 1 }), 0)
    for (const [hops, expected] of [
      [127, []],
      [128, ['hop_limit 0']],
    ] as const) {
      const announce = announceBy(far)
      announce[announce.length - 3] = hops
      link.send(announce, 0)
      await simulation.run(10)
      assert.deepEqual(found(simulation), expected)
    }
  })

  it('notice announces over the budget of a constrained link, and of such a link only', async () => {
    for (const [bitsPerSecond, expected] of [
      [1e9, []],
      [10_000, ['budget 0']],
    ] as const) {
      const simulation = await lineOf(2)
      const link = await linkOf(simulation, bitsPerSecond)
      for (let i = 0; i < 5; i++) link.send(announceBy(identityOf(`crowd ${i}`)), 0)
      await simulation.run(10_000)
      assert.deepEqual(found(simulation), expected)
    }
  })

  it('notice a forged frame that changes something', async () => {
    const findings = new Findings()
    const forgeries = new Forgeries()
    let state = 0
    const engine = new Engine('forged', (queue) => {
      return new Recorder({ queue, findings, forgeries, footprint: () => `${state}`, maxHops: 64 })
    })
    const links: Link[] = []
    const host = {
      linkUp: (link: Link) => links.push(link),
      frame: () => {
        state += 1
      },
      drained: () => undefined,
      linkDown: () => undefined,
    }
    const liar = engine.transport(0)
    liar.adversary = { outgoing: (_, frame) => frame, incoming: () => true }
    for (const transport of [liar, engine.transport(1)]) await transport.start(host)
    engine.network.connect(0, 1, {})
    await engine.pass(1)
    const mine = links.find((link) => link.neighbour?.equals(engine.transport(1).address))
    mine?.send(announceBy(identityOf('genuine')), 0)
    await engine.pass(10)
    assert.equal(state, 1)
    assert.deepEqual(findings.violations, [])
    mine?.send(forgeries.add(announceBy(identityOf('forged'))), 0)
    await engine.pass(10)
    assert.equal(state, 2)
    assert.deepEqual(
      findings.violations.map(({ oracle, node }) => [oracle, node]),
      [['signature', 1]],
    )
  })

  it('notice a table that has outgrown its capacity', async () => {
    const simulation = await lineOf(2)
    const snapshot = simulation.nodes[0]?.run?.metricsSnapshot() as MetricsSnapshot
    assert.deepEqual(capacityProblems(snapshot), [])
    const { routing, outbox } = snapshot
    assert.deepEqual(capacityProblems({ ...snapshot, outbox: { ...outbox, waiting: outbox.capacity + 1 } }), [
      `outbox: ${outbox.capacity + 1} of ${outbox.capacity}`,
    ])
    assert.deepEqual(capacityProblems({ ...snapshot, routing: { ...routing, capacity: 0 } }), [
      `paths: ${routing.paths} of 0`,
    ])
  })

  it('notice next hops that lead in a circle', async () => {
    const simulation = await lineOf(4)
    const random = seededRandom('circle')
    const genuine = simulation.nodes
    assert.deepEqual(loops(genuine, new NextHops(genuine), random), [])
    // Node 1 believes that the way to node 3 leads over node 0.
    const [nextHop, destination] = [String(genuine[0]?.address), genuine[3]?.address]
    const misled = genuine.map((node) => {
      if (node.index !== 1) return node
      const pathTo = (to: Address): object | undefined => (destination?.equals(to) ? { nextHop } : undefined)
      return { index: 1, address: node.address, node: { pathTo } } as unknown as SimNode
    })
    const circles = loops(misled, new NextHops(misled), random)
    assert.deepEqual(
      circles.map(({ node }) => node),
      [0, 1],
    )
  })

  it('notice a path that is missing, once there was time and where nothing was in the way', async () => {
    const simulation = await lineOf(4)
    meshNode(simulation, 0).pathTo = () => undefined
    assert.deepEqual(found(simulation), [])
    simulation.connect(1, 2, { loss: 0.001 })
    await simulation.run(20_000)
    assert.deepEqual(found(simulation), ['path 0'], 'beyond the link that may lose there may be none')
    simulation.connect(1, 2)
    await simulation.run(20_000)
    assert.deepEqual(found(simulation), ['path 0', 'path 0', 'path 0'])
  })

  it('notice that a node throws, and go on', async () => {
    const simulation = await lineOf(3)
    meshNode(simulation, 1).once('linkDown', () => {
      throw new Error('not on my watch')
    })
    simulation.disconnect(0, 1)
    await simulation.run(1000)
    const [violation, ...more] = simulation.check()
    assert.deepEqual(more, [])
    assert.equal(violation?.oracle, 'exception')
    assert.equal(violation?.node, 1)
    assert.match(violation?.detail ?? '', /not on my watch/)
    assert.equal(simulation.now, 6000)
  })
})
