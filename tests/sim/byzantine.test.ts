import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { defaultProvider } from '../../src/crypto/provider/select.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { BYZANTINE_KINDS, Byzantine, type ByzantineKind, Forgeries } from '../../src/sim/byzantine.ts'
import { NodeClock } from '../../src/sim/node-clock.ts'
import type { SimLink } from '../../src/sim/sim-link.ts'
import type { Simulation } from '../../src/sim/simulation.ts'
import { AnnounceView, relayedAnnounce } from '../../src/wire/announce.ts'
import { announceBy, identityOf, messageBy } from '../support/frames.ts'
import { Engine, receiver } from './engine.ts'
import { gridOf, lineOf } from './meshes.ts'

async function gridWith(kind: ByzantineKind): Promise<Simulation> {
  const simulation = gridOf(4, { seed: `liar ${kind}` })
  simulation.corrupt(5, kind)
  await simulation.start()
  await simulation.run(5000)
  return simulation
}

describe('a Byzantine node', () => {
  for (const kind of BYZANTINE_KINDS) {
    it(`(${kind}) does not break what must hold`, async () => {
      const simulation = await gridWith(kind)
      for (const [from, to] of [
        [0, 15],
        [12, 3],
        [2, 8],
        [4, 6],
      ] as const) {
        simulation.send(from, to)
      }
      await simulation.run(5000)
      assert.deepEqual(simulation.check(), [])
    })
  }

  it('(black_hole) passes nothing on, but is heard and takes messages for itself', async () => {
    const simulation = await lineOf(3)
    simulation.corrupt(1, 'black_hole')
    const through = simulation.send(0, 2)
    const to = simulation.send(0, 1)
    await simulation.run(5000)
    assert.equal(through.deliveredAt, undefined)
    assert.equal(to.state, 'delivered')
    assert.equal(simulation.walk(0, 2)?.length, 3)
  })

  it('(forged_hops) passes announces on as if they came from next door, and other frames as they are', async () => {
    const engine = new Engine()
    const transport = engine.transport(0)
    const liar = new Byzantine({
      kind: 'forged_hops',
      transport,
      clock: new NodeClock(transport.machine, 0),
      random: seededRandom('liar'),
      crypto: defaultProvider(),
      forgeries: new Forgeries(),
    })
    const { link } = await receiver({})
    const told = relayedAnnounce(announceBy(identityOf('far')), 7, 900)
    const view = new AnnounceView(liar.outgoing(link as SimLink, told) ?? told)
    assert.deepEqual([view.hops, view.metric], [1, 1])
    assert.equal(new AnnounceView(told).hops, 7, 'the frame itself may go over other links')
    const message = messageBy(identityOf('a'), identityOf('b'))
    assert.equal(liar.outgoing(link as SimLink, message), message)
  })

  it('(announce_flood) fills no table over its capacity', async () => {
    const simulation = await lineOf(3, { config: { routing: { max_paths: 64 } } })
    simulation.corrupt(0, 'announce_flood')
    const before = simulation.traffic().framesReceived[1] as number
    await simulation.run(10_000)
    assert.ok((simulation.traffic().framesReceived[1] as number) - before > 4000)
    assert.equal(simulation.nodes[1]?.node?.status().neighbours.length, 2, 'too few wrong ones to be closed')
    assert.ok((simulation.nodes[1]?.run?.metricsSnapshot().routing.paths ?? 0) <= 64)
    assert.deepEqual(simulation.check(), [])
  })

  it('(oversized) and (replay) send what they are to send', async () => {
    const received = async (kind: ByzantineKind | undefined): Promise<number> => {
      const simulation = await lineOf(3, {}, 0)
      if (kind !== undefined) simulation.corrupt(0, kind)
      await simulation.run(10_000)
      return simulation.traffic().framesReceived[1] as number
    }
    const honest = await received(undefined)
    for (const kind of ['oversized', 'replay'] as const) {
      const more = (await received(kind)) - honest
      assert.ok(more > 20, `${kind}: ${more} frames more`)
    }
  })
})
