import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Flow } from '../../src/sim/flow.ts'
import { Simulation } from '../../src/sim/simulation.ts'
import { gridOf, lineOf, pairsOf } from './meshes.ts'

/** A mesh with a bit of everything that happens by chance. */
async function eventful(seed: string): Promise<Simulation> {
  const simulation = new Simulation({ seed })
  simulation.addNodes(12)
  for (let node = 0; node < 12; node++) {
    const link = { latencyMs: 5, jitterMs: 20, loss: 0.1, duplicate: 0.05, reorder: 0.05, bitsPerSecond: 1e6 }
    simulation.connect(node, (node + 1) % 12, link)
    simulation.connect(node, (node + 5) % 12, { ...link, clog: { everyMs: 3000, forMs: 200 } })
  }
  await simulation.start()
  await simulation.run(4000)
  for (let node = 0; node < 12; node++) simulation.send(node, (node + 6) % 12)
  simulation.crash(3)
  simulation.pause(7, 800)
  simulation.skewClock(5, 2000, 200)
  simulation.corrupt(9, 'replay')
  await simulation.run(2000)
  await simulation.restart(3)
  simulation.loseKey(1)
  await simulation.restart(1)
  await simulation.run(6000)
  return simulation
}

describe('a simulation', () => {
  it('runs the same twice with the same seed, frame by frame, and otherwise with another', async () => {
    const [first, second, other] = [await eventful('a'), await eventful('a'), await eventful('b')]
    assert.ok(first.events.frames > 500)
    assert.equal(first.traceHash(), second.traceHash())
    assert.deepEqual(first.flows, second.flows)
    assert.deepEqual(first.traffic(), second.traffic())
    assert.notEqual(first.traceHash(), other.traceHash())
  })

  it('does not depend on how its time is cut into pieces', async () => {
    const whole = await lineOf(6, {}, 0)
    await whole.run(3000)
    const pieces = await lineOf(6, {}, 0)
    for (let piece = 0; piece < 300; piece++) await pieces.run(10)
    assert.equal(whole.traceHash(), pieces.traceHash())
  })

  it('of a grid of 49 finds paths between all pairs, and messages get through with a receipt', async () => {
    const simulation = gridOf(7, { seed: 'grid' })
    await simulation.start()
    await simulation.run(15_000)
    const pairs = pairsOf(simulation)
    const lost = pairs.filter(([from, to]) => simulation.walk(from, to) === undefined)
    assert.deepEqual(lost, [])
    assert.ok(pairs.every(([from, to]) => simulation.hasPath(from, to)))
    assert.equal(simulation.walk(0, 48)?.length, 13, 'the shortest way')
    const flows = pairs
      .filter((_, index) => index % 7 === 0)
      .map(([from, to]) => simulation.send(from, to, 100))
    await simulation.run(2000)
    assert.deepEqual(
      flows.filter(({ state }) => state !== 'delivered'),
      [],
    )
    for (const { sentAt, deliveredAt, receiptAt } of flows) {
      assert.ok(deliveredAt !== undefined && receiptAt !== undefined)
      assert.ok(sentAt < deliveredAt && deliveredAt < receiptAt)
    }
    assert.deepEqual(simulation.check(), [])
  })

  it('counts what arrives at each node, and what of it is control traffic', async () => {
    const simulation = await lineOf(3)
    const before = simulation.traffic()
    assert.ok(before.controlBytesReceived.every((bytes) => bytes > 0))
    assert.deepEqual(before.controlBytesReceived, before.bytesReceived)
    simulation.send(0, 2, 1000)
    await simulation.run(1000)
    const after = simulation.traffic()
    // The message one way and its receipt the other: both pass the relay.
    const bytes = after.bytesReceived.map((all, node) => all - (before.bytesReceived[node] as number))
    const control = after.controlBytesReceived.map(
      (all, n) => all - (before.controlBytesReceived[n] as number),
    )
    assert.ok((bytes[2] as number) - (control[2] as number) > 1000)
    assert.ok((bytes[1] as number) - (control[1] as number) > 1100)
    assert.deepEqual(before.framesReceived.length, 3)
  })

  it('says why a message is refused', async () => {
    const simulation = await lineOf(3)
    simulation.crash(0)
    const dead: Flow = simulation.send(0, 2)
    assert.equal(dead.state, 'refused')
    assert.match(dead.error ?? '', /^ERR_LIFECYCLE: node 0 does not run$/)
    assert.throws(() => simulation.send(0, 7), {
      code: 'ERR_USAGE',
      message: 'there is no node 7: there are 3',
    })
    assert.throws(() => simulation.connect(1, 1), { code: 'ERR_USAGE' })
  })

  it('works the same with the stand-in for signatures', async () => {
    const simulation = await lineOf(5, { signatures: 'stand-in' })
    assert.equal(simulation.nodes[0]?.run?.metricsSnapshot().build.crypto, 'stand-in')
    const flow = simulation.send(0, 4)
    await simulation.run(1000)
    assert.equal(flow.state, 'delivered')
    assert.deepEqual(simulation.check(), [])
  })

  it('gives nodes the configuration of all, and above it their own', async () => {
    const simulation = new Simulation({ seed: 'config', config: { routing: { max_paths: 100 } } })
    simulation.addNodes(1)
    simulation.addNodes(1, { routing: { max_paths: 200 } })
    await simulation.start()
    const capacities = simulation.nodes.map(({ run }) => run?.metricsSnapshot().routing.capacity)
    assert.deepEqual(capacities, [100, 200])
    assert.equal(simulation.nodes[0]?.run?.metricsSnapshot().seen.capacity, 1024)
  })
})
