import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Identity } from '../../../src/identity/identity.ts'
import { MeshNode } from '../../../src/node/mesh-node.ts'
import { seededRandom } from '../../../src/runtime/random.ts'
import { VirtualClock } from '../../../src/sim/clock.ts'
import { RadioMedium } from '../../../src/sim/radio/medium.ts'
import { radioTransport } from '../../../src/sim/radio/radio-transport.ts'

/** Three nodes 35 m apart where 50 m is out of reach. */
async function line(
  seed: number,
): Promise<{ clock: VirtualClock; nodes: MeshNode[]; stop(): Promise<void> }> {
  const clock = new VirtualClock()
  const random = seededRandom(`radio line ${seed}`)
  const medium = new RadioMedium({ clock, random: random.fork('medium'), pathLoss: (m) => 100 + m })
  const nodes: MeshNode[] = []
  for (let n = 0; n < 3; n++) {
    const identity = Identity.generate(random.fork(`identity ${n}`))
    const transports = [radioTransport({ medium, position: { x: 35 * n, y: 0 } })]
    nodes.push(await MeshNode.create({ identity, clock, random: random.fork(`node ${n}`), transports }))
  }
  const runs = await Promise.all(nodes.map((node) => node.run()))
  return {
    clock,
    nodes,
    async stop() {
      let isDown = false
      const down = Promise.all(runs.map((run) => run.shutdown())).finally(() => {
        isDown = true
      })
      while (!isDown) await clock.advanceAsync(100)
      await down
    },
  }
}

describe('three nodes on the radio, the outer ones out of reach of each other', () => {
  for (let seed = 0; seed < 5; seed++) {
    it(`find each other although they all announce in the same second, and talk (seed ${seed})`, async () => {
      const { clock, nodes, stop } = await line(seed)
      const [left, , right] = nodes as [MeshNode, MeshNode, MeshNode]
      const areJoined = (): boolean =>
        left.pathTo(right.address)?.hops === 2 && right.pathTo(left.address)?.hops === 2
      while (!areJoined() && clock.monotonic() < 300_000) await clock.advanceAsync(100)
      assert.ok(areJoined(), 'within five minutes; how soon is for the benchmark')
      const heard: string[] = []
      right.on('message', ({ payload }) => heard.push(Buffer.from(payload).toString()))
      const delivery = await left.send(right.address, Buffer.from('over the hill'))
      for (let s = 0; s < 120 && delivery.state !== 'delivered'; s++) await clock.advanceAsync(1000)
      assert.equal(delivery.state, 'delivered')
      assert.deepEqual(heard, ['over the hill'])
      await stop()
    })
  }
})
