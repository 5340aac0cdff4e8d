import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Address } from '../../src/identity/address.ts'
import { AsyncWork } from '../../src/sim/async-work.ts'
import { settle } from '../../src/sim/clock.ts'
import { COMMIT_MS, Disk, DurableStore } from '../../src/sim/durable-store.ts'
import { EventQueue } from '../../src/sim/event-queue.ts'
import { Machine, NodeClock } from '../../src/sim/node-clock.ts'
import type { Simulation } from '../../src/sim/simulation.ts'
import type { StoredMessage } from '../../src/store/store.ts'
import type { Link } from '../../src/transport/transport.ts'
import { lineOf } from './meshes.ts'

const BOB = Address.parse('b'.repeat(32))
const LIMITS = { maxMessages: 10, maxBytes: 10_000, maxMessagesPerSource: 10 }

function message(sequence: number): StoredMessage {
  const source = Address.parse('a'.repeat(32))
  return {
    source,
    destination: BOB,
    created: 1,
    sequence,
    priority: 2,
    expiresAt: 99,
    frame: new Uint8Array(9),
  }
}

function neighbours(simulation: Simulation, node: number): number {
  return simulation.nodes[node]?.node?.status().neighbours.length ?? 0
}

describe('a crash', () => {
  it('keeps what was durably stored and nothing else', async () => {
    const queue = new EventQueue(1)
    const machine = new Machine(0, queue)
    const clock = new NodeClock(machine, 0)
    const disk = new Disk()
    const store = new DurableStore({ disk, limits: LIMITS, clock, work: new AsyncWork() })
    await store.open()
    const outcomes: string[] = []
    const put = (sequence: number) =>
      void store.put(message(sequence)).then((outcome) => outcomes.push(`${sequence} ${outcome}`))
    put(1)
    put(2)
    await passed(COMMIT_MS)
    assert.deepEqual(outcomes, ['1 stored', '2 stored'])
    store.remove(message(1)) // not yet durable
    put(3) // not either
    await passed(COMMIT_MS / 2)
    clock.kill()
    await passed(100)
    assert.deepEqual(outcomes, ['1 stored', '2 stored'], 'nobody is told that it was stored')
    const next = new DurableStore({
      disk,
      limits: LIMITS,
      clock: new NodeClock(machine, 0),
      work: new AsyncWork(),
    })
    await next.open()
    assert.deepEqual(
      next.pendingFor(BOB, 10).map(({ sequence }) => sequence),
      [1, 2],
    )
    next.remove(message(1))
    await passed(COMMIT_MS)
    assert.equal(disk.size, 1)

    async function passed(ms: number): Promise<void> {
      const until = queue.now + ms
      queue.runUntil(until)
      queue.now = until
      await settle()
    }
  })

  it('of a node that holds a message does not lose it', async () => {
    const simulation = await lineOf(3)
    simulation.disconnect(1, 2)
    const flow = simulation.send(0, 2)
    await simulation.run(1000)
    assert.equal(flow.state, 'stored')
    simulation.crash(1)
    await simulation.run(1000)
    assert.deepEqual(simulation.check(), [])
    await simulation.restart(1)
    simulation.connect(1, 2)
    await simulation.run(30_000)
    assert.ok(flow.deliveredAt !== undefined)
    assert.equal(flow.state, 'delivered')
    assert.deepEqual(simulation.check(), [])
  })

  it('of the sender loses what only it knew, and says so', async () => {
    const simulation = await lineOf(3, { config: { node: { capabilities: ['relay'] } } })
    simulation.disconnect(1, 2)
    const flow = simulation.send(0, 2)
    simulation.crash(0)
    await simulation.run(1000)
    assert.equal(flow.state, 'lost')
    await simulation.restart(0)
    assert.deepEqual(simulation.check(), [])
  })

  it('of a process is noticed at once, that of a machine after a while, and both come back', async () => {
    const simulation = await lineOf(3)
    simulation.crash(1)
    await simulation.run(1)
    assert.deepEqual([neighbours(simulation, 0), neighbours(simulation, 2)], [0, 0])
    await simulation.restart(1)
    await simulation.run(5000)
    assert.deepEqual([neighbours(simulation, 0), neighbours(simulation, 1)], [1, 2])
    simulation.crash(1, { noticedAfterMs: 3000 })
    await simulation.run(2990)
    assert.deepEqual([neighbours(simulation, 0), neighbours(simulation, 2)], [1, 1])
    await simulation.run(20)
    assert.deepEqual([neighbours(simulation, 0), neighbours(simulation, 2)], [0, 0])
    await simulation.restart(1)
    await simulation.run(5000)
    assert.equal(simulation.walk(0, 2)?.length, 3)
  })

  it('that nobody noticed before the node came back leaves one link to it', async () => {
    const simulation = await lineOf(3)
    simulation.crash(1, { noticedAfterMs: 60_000 })
    await simulation.run(1000)
    await simulation.restart(1)
    await simulation.run(5000)
    assert.deepEqual([neighbours(simulation, 0), neighbours(simulation, 1)], [1, 2])
    const flow = simulation.send(0, 2)
    await simulation.run(70_000)
    assert.equal(flow.state, 'delivered')
    assert.equal(neighbours(simulation, 0), 1)
  })
})

describe('a node', () => {
  it('that has closed a link hears from its neighbour again after a while', async () => {
    const simulation = await lineOf(2)
    const links: Link[] = []
    simulation.nodes[0]?.node?.on('linkUp', (link) => links.push(link))
    simulation.disconnect(0, 1)
    simulation.connect(0, 1)
    await simulation.run(5000)
    links[0]?.close('garbage')
    await simulation.run(4000)
    assert.deepEqual([neighbours(simulation, 0), neighbours(simulation, 1)], [0, 0])
    await simulation.run(4000)
    assert.deepEqual([neighbours(simulation, 0), neighbours(simulation, 1)], [1, 1])
    assert.equal(links.length, 2)
    links[1]?.close('garbage')
    await simulation.run(1000)
    await simulation.restart(1)
    await simulation.run(20_000)
    assert.equal(links.length, 3, 'it need not dial where the link has come up by itself')
    links[2]?.close('garbage')
    await simulation.run(100)
    simulation.disconnect(0, 1)
    await simulation.run(20_000)
    assert.equal(neighbours(simulation, 0), 0)
  })

  it('that is paused does nothing, and then deals with all that has waited', async () => {
    const simulation = await lineOf(3)
    simulation.pause(1, 2000)
    const before = simulation.traffic().framesReceived[1]
    const flow = simulation.send(0, 2)
    await simulation.run(1990)
    assert.equal(simulation.traffic().framesReceived[1], before)
    assert.equal(flow.deliveredAt, undefined)
    await simulation.run(100)
    assert.ok(flow.deliveredAt !== undefined && flow.deliveredAt - flow.sentAt >= 2000)
  })

  it('that is paused runs its timers when it goes on', () => {
    const queue = new EventQueue(1)
    const machine = new Machine(0, queue)
    const clock = new NodeClock(machine, 0)
    const fired: number[] = []
    for (const delay of [10, 20, 200]) clock.setTimer(delay, () => fired.push(queue.now))
    machine.pausedUntil = 100
    clock.defer(() => fired.push(queue.now))
    queue.runUntil(1000)
    assert.deepEqual(fired, [100, 100, 100, 200])
  })

  it('whose clock is wrong tells its own time, and its timers run at its own pace', async () => {
    const simulation = await lineOf(2, {}, 0)
    const queue = new EventQueue(1)
    const machine = new Machine(0, queue)
    const clock = new NodeClock(machine, 1_000_000)
    machine.skew(5000, 100_000)
    let firedAt = 0
    clock.setTimer(1100, () => {
      firedAt = queue.now
    })
    queue.runUntil(2000)
    queue.now = 2000
    assert.equal(firedAt, 1000)
    assert.equal(clock.now(), 1_000_000 + 5000 + 2200)
    machine.skew(0, 0)
    assert.equal(clock.monotonic(), 2200, 'it never goes back')
    assert.equal(clock.now(), 1_000_000 + 2200)
    simulation.skewClock(0, 60_000, 500)
    await simulation.run(10_000)
    assert.ok(simulation.hasPath(0, 1) && simulation.hasPath(1, 0), 'a minute is borne with')
  })

  it('that has lost its key is another at the next start', async () => {
    const simulation = await lineOf(3)
    const before = simulation.nodes[2]?.address.toString()
    simulation.loseKey(2)
    await simulation.run(100)
    assert.equal(simulation.nodes[2]?.address.toString(), before)
    await simulation.restart(2)
    assert.notEqual(simulation.nodes[2]?.address.toString(), before)
    await simulation.run(5000)
    assert.equal(simulation.walk(0, 2)?.length, 3)
  })
})
