/** A mesh on which a scenario is played: the simulation, and beside it what is true about its graph. */
import { type Random, seededRandom } from '../runtime/random.ts'
import type { Scenario } from './scenario.ts'
import type { ScenarioEvent, Selection } from './scenario-events.ts'
import { drawPair } from './scenario-pings.ts'
import { buildTopology, linkModel } from './scenario-topology.ts'
import { type Flow, Simulation } from './simulation.ts'
import { type Point, pairKey, perfectLink, type Topology, type TopologyLink } from './topology.ts'
import { Graph } from './topology-graph.ts'
import { moved, nearestLinks } from './topology-map.ts'

/** Undoes what an event did. */
type Undo = () => void | Promise<void>

export class Stage {
  readonly simulation: Simulation
  readonly topology: Topology
  readonly graph: Graph
  readonly #scenario: Scenario
  readonly #random: { readonly pings: Random; readonly events: Random }
  #positions: readonly Point[]

  /** @param given stands in for the scenario's own graph. */
  constructor(scenario: Scenario, seed: string, given?: Topology) {
    const random = seededRandom(seed)
    this.topology = buildTopology(scenario.topology, random.fork('topology'), given)
    this.graph = new Graph(this.topology.nodes, this.topology.links)
    this.simulation = new Simulation({ seed, signatures: scenario.signatures, config: scenario.config })
    this.#scenario = scenario
    this.#random = { pings: random.fork('pings'), events: random.fork('events') }
    this.#positions = this.topology.positions ?? []
  }

  async start(): Promise<void> {
    this.simulation.addNodes(this.topology.nodes)
    for (const link of this.topology.links) this.#plugIn(link)
    await this.simulation.start()
  }

  /** Sends one message between a fitting pair; undefined where there is none. */
  ping(): Flow | undefined {
    const { pings } = this.#scenario
    const pair = drawPair(pings, this.topology, this.graph, this.#random.pings)
    return pair === undefined ? undefined : this.simulation.send(...pair, pings.bytes)
  }

  /**
   * Of `count` pairs between which there is a way now, the share of those whose next hops lead from one to
   * the other; undefined where there is no such pair.
   */
  paths(count: number): number | undefined {
    const pairs = Array.from({ length: count }, () =>
      drawPair(this.#scenario.pings, this.topology, this.graph, this.#random.pings),
    ).filter((pair) => pair !== undefined)
    if (pairs.length === 0) return undefined
    return pairs.filter(([from, to]) => this.simulation.walk(from, to) !== undefined).length / pairs.length
  }

  /** Lets an event happen. @returns how it is undone, where that makes sense. */
  async play(event: ScenarioEvent): Promise<Undo | undefined> {
    const { simulation, graph } = this
    switch (event.kind) {
      case 'crash': {
        const nodes = this.#select(event.who)
        for (const node of nodes) {
          graph.setUsable(node, false)
          simulation.crash(node, { noticedAfterMs: event.noticedAfterMs })
        }
        return () => this.#restart(nodes)
      }
      case 'restart':
        await this.#restart(event.who.nodes)
        return undefined
      case 'pause': {
        const nodes = this.#select(event.who)
        for (const node of nodes) {
          graph.setUsable(node, false)
          simulation.pause(node, event.forS * 1000)
        }
        return () => {
          for (const node of nodes) graph.setUsable(node, true)
        }
      }
      case 'skew-clock':
        for (const node of this.#select(event.who)) simulation.skewClock(node, event.offsetMs, event.driftPpm)
        return undefined
      case 'lose-key':
        for (const node of this.#select(event.who)) {
          simulation.loseKey(node)
          await simulation.restart(node)
        }
        return undefined
      case 'corrupt':
        this.#select(event.who).forEach((node, index) => {
          graph.setUsable(node, false)
          const kind = event.how[index % event.how.length]
          if (kind !== undefined) simulation.corrupt(node, kind)
        })
        return undefined
      case 'partition':
        return this.#partition(new Set(this.#select(event.who)))
      case 'connect':
        this.#connect(perfectLink(...event.between))
        return undefined
      case 'disconnect': {
        const [a, b] = event.between
        this.#disconnect(a, b)
        return () => this.#connect(perfectLink(a, b))
      }
      case 'clog':
        simulation.clog(...event.between, event.forS * 1000)
        return undefined
      case 'move':
        this.#move(event.distanceM, event.links)
        return undefined
    }
  }

  async #restart(nodes: readonly number[]): Promise<void> {
    for (const node of nodes) {
      await this.simulation.restart(node)
      this.graph.setUsable(node, true)
    }
  }

  #partition(inside: ReadonlySet<number>): Undo {
    const cut = this.graph.links().filter(({ a, b }) => inside.has(a) !== inside.has(b))
    for (const { a, b } of cut) this.#disconnect(a, b)
    return () => {
      for (const { a, b } of cut) this.#connect(perfectLink(a, b))
    }
  }

  #move(metres: number, count: number): void {
    this.#positions = moved(this.#positions, metres, this.#random.events)
    const wanted = nearestLinks(this.#positions, count)
    const keys = new Set(wanted.map(({ a, b }) => pairKey(a, b)))
    for (const { a, b } of this.graph.links()) if (!keys.has(pairKey(a, b))) this.#disconnect(a, b)
    for (const link of wanted) if (!this.graph.has(link.a, link.b)) this.#connect(link)
  }

  #connect(link: TopologyLink): void {
    if (this.graph.has(link.a, link.b)) return
    this.graph.connect(link.a, link.b)
    this.#plugIn(link)
  }

  #disconnect(a: number, b: number): void {
    if (!this.graph.has(a, b)) return
    this.graph.disconnect(a, b)
    this.simulation.disconnect(a, b)
  }

  #plugIn(link: TopologyLink): void {
    const { topology, grade } = this.#scenario
    this.simulation.connect(link.a, link.b, linkModel(topology, grade.link, link))
  }

  /** Nodes that are named, or some of those that are up and honest. */
  #select(who: Selection): readonly number[] {
    if ('nodes' in who) return who.nodes
    const usable = Array.from({ length: this.graph.nodes }, (_, node) => node).filter((node) =>
      this.graph.isUsable(node),
    )
    const count = 'count' in who ? who.count : Math.round(who.share * this.graph.nodes)
    return shuffled(usable, this.#random.events).slice(0, count)
  }
}

/** In any order, all equally likely (Fisher and Yates). */
function shuffled(values: readonly number[], random: Random): number[] {
  const order = [...values]
  for (let last = order.length - 1; last > 0; last--) {
    const other = random.below(last + 1)
    const value = order[last] as number
    order[last] = order[other] as number
    order[other] = value
  }
  return order
}
