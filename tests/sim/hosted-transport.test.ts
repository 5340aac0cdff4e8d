import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededRandom } from '../../src/runtime/random.ts'
import { Simulation } from '../../src/sim/simulation.ts'
import { memory } from '../../src/transport/memory/memory.ts'
import { MemoryNetwork } from '../../src/transport/memory/network.ts'

/** Two nodes with a second network between them, beside the simulated one. */
async function beside(seed = 'beside'): Promise<{ simulation: Simulation; network: MemoryNetwork }> {
  const simulation = new Simulation({ seed })
  const network = new MemoryNetwork(simulation.clock)
  simulation.addNodes(2, {}, () => [memory({ network })])
  const [a, b] = simulation.nodes
  assert.ok(a !== undefined && b !== undefined)
  network.connect(a.address, b.address, { latencyMs: seededRandom(seed).below(10) })
  await simulation.start()
  await simulation.run(5000)
  return { simulation, network }
}

describe('a transport of another medium', () => {
  it('carries messages in virtual time, and is counted and traced like the network', async () => {
    const { simulation } = await beside()
    assert.equal(simulation.walk(0, 1)?.length, 2)
    const flow = simulation.send(0, 1)
    await simulation.run(1000)
    assert.equal(flow.state, 'delivered')
    const { bytesReceived, controlBytesReceived } = simulation.traffic()
    assert.ok((bytesReceived[1] as number) > (controlBytesReceived[1] as number))
    assert.equal((await beside()).simulation.traceHash(), (await beside()).simulation.traceHash())
    assert.notEqual((await beside()).simulation.traceHash(), (await beside('another')).simulation.traceHash())
    assert.deepEqual(simulation.check(), [])
  })

  it('dies with its process, and comes back with the next', async () => {
    const { simulation } = await beside()
    simulation.crash(1)
    await simulation.run(1000)
    assert.equal(simulation.nodes[0]?.node?.status().neighbours.length, 0)
    await simulation.restart(1)
    await simulation.run(5000)
    assert.equal(simulation.walk(1, 0)?.length, 2)
  })

  it('stands still with its process', async () => {
    const { simulation } = await beside()
    simulation.pause(1, 3000)
    const flow = simulation.send(0, 1)
    await simulation.run(2900)
    assert.equal(flow.deliveredAt, undefined)
    await simulation.run(200)
    assert.ok(flow.deliveredAt !== undefined)
  })
})
