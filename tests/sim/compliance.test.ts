import { seededRandom } from '../../src/runtime/random.ts'
import { AsyncWork } from '../../src/sim/async-work.ts'
import { settle } from '../../src/sim/clock.ts'
import { Disk, DurableStore } from '../../src/sim/durable-store.ts'
import { EventQueue } from '../../src/sim/event-queue.ts'
import { Machine, NodeClock } from '../../src/sim/node-clock.ts'
import { clockCompliance } from '../../src/testing/clock-random-compliance.ts'
import { messageStoreCompliance } from '../../src/testing/store-compliance.ts'
import { transportCompliance } from '../../src/testing/transport-compliance.ts'
import { Engine } from './engine.ts'

const START_MS = Date.UTC(2026, 0, 1)

transportCompliance('sim', async (hostA, hostB) => {
  const engine = new Engine()
  engine.pump()
  const a = engine.transport(0)
  const b = engine.transport(1)
  await a.start(hostA)
  await b.start(hostB)
  engine.network.connect(0, 1, { latencyMs: 3, bitsPerSecond: 1e8 })
  return {
    a,
    b,
    addressA: a.address,
    addressB: b.address,
    rival: () => engine.transport(1),
    dispose: () => engine.stop(),
  }
})

for (const driftPpm of [0, -300, 20_000]) {
  clockCompliance(`of a simulated node, ${driftPpm} ppm`, () => {
    const queue = new EventQueue(1)
    const machine = new Machine(0, queue)
    machine.skew(5000, driftPpm)
    return {
      clock: new NodeClock(machine, START_MS),
      async advance(ms) {
        // As much time on this clock: more on the true one where it is slow.
        const until = queue.now + ms / machine.rate
        await settle()
        while (queue.nextAt <= until) {
          queue.runUntil(queue.nextAt)
          await settle()
        }
        queue.now = until
      },
    }
  })
}

messageStoreCompliance('simulated', async (limits) => {
  const queue = new EventQueue(seededRandom('store').uint32())
  const clock = new NodeClock(new Machine(0, queue), START_MS)
  let isRunning = true
  const pumping = (async () => {
    while (isRunning) {
      queue.runUntil(queue.now + 1)
      queue.now += 1
      await settle()
    }
  })()
  const disk = new Disk()
  const open = (): DurableStore => new DurableStore({ disk, limits, clock, work: new AsyncWork() })
  return {
    store: open(),
    reopen: open,
    async dispose() {
      isRunning = false
      await pumping
    },
  }
})
