import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededRandom } from '../../src/runtime/random.ts'
import { parseScenario } from '../../src/sim/scenario.ts'
import { loadGrades } from '../../src/sim/scenario-folder.ts'
import { drawPair, type PingPlan, pingTimes } from '../../src/sim/scenario-pings.ts'
import { Stage } from '../../src/sim/scenario-stage.ts'
import { line, sideBySide } from '../../src/sim/topology.ts'
import { Graph } from '../../src/sim/topology-graph.ts'

const grades = await loadGrades()

/** A stage that has run for 5 s, and its one event. */
async function stageOf(topology: string, event: string) {
  const text = `
shows = "x"
grade = "lan"
duration_s = 60
[topology]
${topology}
[pings]
within_s = 1
[events.it]
at_s = 1
${event}
`
  const scenario = parseScenario(text, 'test.toml', grades)
  const stage = new Stage(scenario, '1')
  await stage.start()
  await stage.simulation.run(5000)
  const [it] = scenario.events
  assert.ok(it !== undefined)
  return { stage, play: () => stage.play(it) }
}

/** Whether a message from one to the other arrives within 2 s. */
async function arrives({ simulation }: Stage, from: number, to: number): Promise<boolean> {
  const flow = simulation.send(from, to)
  await simulation.run(2000)
  return flow.deliveredAt !== undefined
}

const LINE = 'kind = "line"\nnodes = 4'

describe('an event', () => {
  for (const [kind, event] of [
    ['partition', 'kind = "partition"\nnodes = [0, 1]\nfor_s = 9'],
    ['disconnect', 'kind = "disconnect"\nbetween = [2, 1]\nfor_s = 9'],
    ['crash', 'kind = "crash"\nnodes = [2]\nfor_s = 9'],
  ] as const) {
    it(`of the kind ${kind} cuts a line in two until it is undone`, async () => {
      const { stage, play } = await stageOf(LINE, event)
      assert.ok(await arrives(stage, 0, 3))
      const undo = await play()
      assert.equal(stage.graph.hops(0, 3), undefined)
      assert.equal(await arrives(stage, 0, 3), false)
      await undo?.()
      await stage.simulation.run(5000)
      assert.equal(stage.graph.hops(0, 3), 3)
      assert.ok(await arrives(stage, 0, 3))
    })
  }

  it('of the kind pause holds a message up, and so does a clogged link', async () => {
    for (const event of [
      'kind = "pause"\nnodes = [1]\nfor_s = 4',
      'kind = "clog"\nbetween = [1, 2]\nfor_s = 4',
    ]) {
      const { stage, play } = await stageOf(LINE, event)
      await play()
      const flow = stage.simulation.send(0, 3)
      await stage.simulation.run(3900)
      assert.equal(flow.deliveredAt, undefined)
      await stage.simulation.run(5000)
      assert.notEqual(flow.deliveredAt, undefined)
    }
  })

  it('of the kind corrupt leaves no honest way through the node', async () => {
    const { stage, play } = await stageOf(LINE, 'kind = "corrupt"\nnodes = [1]\nhow = ["black_hole"]')
    await play()
    assert.equal(stage.graph.hops(0, 3), undefined)
    assert.equal(await arrives(stage, 0, 3), false)
  })

  it('of the kind connect makes a way', async () => {
    const { stage, play } = await stageOf(
      'kind = "line"\nnodes = 2\ncopies = 2',
      'kind = "connect"\nbetween = [1, 2]',
    )
    assert.equal(stage.graph.hops(0, 3), undefined)
    await play()
    await stage.simulation.run(5000)
    assert.ok(await arrives(stage, 0, 3))
  })

  it('of the kind lose-key makes a node another one', async () => {
    const { stage, play } = await stageOf(LINE, 'kind = "lose-key"\nnodes = [2]')
    const address = () => stage.simulation.nodes[2]?.address.toString()
    const before = address()
    await play()
    assert.notEqual(address(), before)
  })

  it('of the kind move leaves as many links, and other ones', async () => {
    const topology = 'kind = "nearest"\nnodes = 30\nlinks = 90\nside_m = 1000'
    const { stage, play } = await stageOf(topology, 'kind = "move"\ndistance_m = 60\nlinks = 90')
    const before = stage.graph.links()
    await play()
    const after = stage.graph.links()
    assert.equal(after.length, 90)
    const kept = after.filter(({ a, b }) => before.some((link) => link.a === a && link.b === b))
    assert.ok(kept.length > 30 && kept.length < 90, String(kept.length))
  })

  it('that befalls a share draws from the usable nodes', async () => {
    const { stage, play } = await stageOf('kind = "line"\nnodes = 10', 'kind = "crash"\nshare = 0.4')
    await play()
    await play()
    const down = Array.from({ length: 10 }, (_, node) => node).filter((node) => !stage.graph.isUsable(node))
    assert.equal(down.length, 8)
  })
})

const PLAN: PingPlan = {
  firstS: 1,
  rounds: 2,
  everyS: 10,
  count: 4,
  overS: 2,
  withinS: 1,
  answered: false,
  bytes: 32,
  minHops: 1,
  pairs: 'any',
  sinceS: undefined,
}

describe('pings', () => {
  it('are spread over their round', () => {
    assert.deepEqual(pingTimes(PLAN), [1000, 1500, 2000, 2500, 11_000, 11_500, 12_000, 12_500])
  })

  it('go between pairs that are as far apart as is asked', () => {
    const topology = line(6)
    const graph = new Graph(6, topology.links)
    const random = seededRandom('pairs')
    const seen = new Set<string>()
    for (let i = 0; i < 200; i++) {
      const [from = 0, to = 0] = drawPair({ ...PLAN, minHops: 4 }, topology, graph, random) ?? []
      assert.ok(Math.abs(from - to) >= 4)
      seen.add(`${from}-${to}`)
    }
    assert.equal(seen.size, 6) // 0-4, 0-5, 1-5 and back
  })

  it('go from one mesh of the start to another where that is asked', () => {
    const topology = sideBySide([line(3), line(3)])
    const graph = new Graph(6, topology.links)
    const across: PingPlan = { ...PLAN, pairs: 'across' }
    assert.equal(drawPair(across, topology, graph, seededRandom(1)), undefined)
    graph.connect(2, 3)
    for (let i = 0; i < 50; i++) {
      const [from = 0, to = 0] = drawPair(across, topology, graph, seededRandom(i)) ?? []
      assert.notEqual(from < 3, to < 3)
    }
  })

  it('have one pair throughout where it is named, while there is a way', () => {
    const topology = line(3)
    const graph = new Graph(3, topology.links)
    assert.deepEqual(drawPair({ ...PLAN, pairs: [2, 0] }, topology, graph, seededRandom(1)), [2, 0])
    graph.setUsable(1, false)
    assert.equal(drawPair({ ...PLAN, pairs: [2, 0] }, topology, graph, seededRandom(1)), undefined)
  })
})
