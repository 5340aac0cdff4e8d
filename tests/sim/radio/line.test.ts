/** LoRa radios beside the simulated network: what ships runs on emulated modems, in the simulator's time. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededRandom } from '../../../src/runtime/random.ts'
import { EmulatedAir } from '../../../src/sim/rnode/network.ts'
import { Simulation } from '../../../src/sim/simulation.ts'
import { lora } from '../../../src/transport/lora/lora.ts'
import { SimDisk } from '../../transport/lora/ledger/sim-disk.ts'

/** Three nodes with radios alone, the outer ones out of reach of each other. */
async function line(seed: number): Promise<Simulation> {
  const simulation = new Simulation({ seed: `radio line ${seed}` })
  const air = new EmulatedAir({
    clock: simulation.clock,
    random: seededRandom(`radio line ${seed}`),
    reach: 'line',
  })
  simulation.addNodes(3, {}, (n) => {
    const { name, line } = air.modem({ name: `m${n}` })
    return [lora({ port: name, line, ledger: new SimDisk().medium() })]
  })
  await simulation.start()
  return simulation
}

describe('three nodes on the radio, the outer ones out of reach of each other', () => {
  for (let seed = 0; seed < 3; seed++) {
    it(`find each other although they all announce in the same second, and talk (seed ${seed})`, async () => {
      const simulation = await line(seed)
      const areJoined = (): boolean =>
        simulation.walk(0, 2)?.length === 3 && simulation.walk(2, 0)?.length === 3
      while (!areJoined() && simulation.now < 300_000) await simulation.run(1000)
      assert.ok(areJoined(), 'within five minutes; how soon is for the benchmark')
      const flow = simulation.send(0, 2)
      await simulation.run(120_000)
      assert.equal(flow.state, 'delivered')
      assert.deepEqual(simulation.check(), [])
    })
  }
})
